//! A TCP stream that makes its coroutine wait, for no longer than one deadline in all: look-up, connect and each wait.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use connect::look_up_aside;
use may::{net::TcpStream, sync::Semphore};

/// may's TCP stream, and when it gives up.
pub struct Stream {
    stream: TcpStream,
    deadline: Instant,
}

/// Opens a stream to the first of a host's addresses that answers.
///
/// # Errors
/// When the name is unknown, the last address does not answer, or the time is over.
pub fn connect(host: (&str, u16), time: Duration) -> io::Result<Stream> {
    let deadline = Instant::now() + time;
    let mut result = Err(ErrorKind::NotFound.into());
    for address in look_up(host, time)? {
        result = TcpStream::connect_timeout(&address, left(deadline)?);
        if result.is_ok() {
            break;
        }
    }
    Ok(Stream { stream: result?, deadline })
}

/// Looks up a host's addresses on a thread, while other coroutines run: may would block all of them for it.
///
/// # Errors
/// When the name is unknown, or the time is over.
pub fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>> {
    // Not a channel of may's, whose `recv_timeout` may take twice as long.
    let (sender, receiver) = mpsc::channel();
    let done = Arc::new(Semphore::new(0));
    let post = done.clone();
    look_up_aside(host, move |addresses| {
        drop(sender.send(addresses));
        post.post();
    })?;
    if done.wait_timeout(time) {
        receiver.recv().map_err(io::Error::other)?
    } else {
        Err(ErrorKind::TimedOut.into())
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
