//! A TCP stream that makes its coroutine wait, for no longer than one deadline in all: look-up, connect and each wait.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use connect::look_up_aside;
use may::{net::TcpStream, sync::Semphore};

/// may's TCP stream, and when it gives up.
pub struct Stream {
    stream: TcpStream,
    deadline: Instant,
}

/// Opens a stream to the first of a host's addresses that answers. The name is looked up on a thread: may would block
/// all coroutines for it.
///
/// # Errors
/// When the name is unknown, the last address does not answer, or the time is over.
pub fn connect(name: &str, port: u16, time: Duration) -> io::Result<Stream> {
    let deadline = Instant::now() + time;
    // Not a channel of may's, whose `recv_timeout` may take twice as long.
    let (sender, addresses) = mpsc::channel();
    let done = Arc::new(Semphore::new(0));
    let post = done.clone();
    look_up_aside(name, port, move |found| {
        drop(sender.send(found));
        post.post();
    })?;
    if !done.wait_timeout(time) {
        return Err(ErrorKind::TimedOut.into());
    }
    let mut result = Err(ErrorKind::NotFound.into());
    for address in addresses.try_recv().map_err(io::Error::other)?? {
        result = TcpStream::connect_timeout(&address, left(deadline)?);
        if result.is_ok() {
            break;
        }
    }
    Ok(Stream { stream: result?, deadline })
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
