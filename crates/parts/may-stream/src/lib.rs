//! A TCP stream that makes its coroutine wait, for no longer than one deadline in all: look-up, connect and each wait.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use connect::{Socket, look_up_aside, time_left};
use may::{net::TcpStream, sync::Semphore};

/// may's TCP stream, and its deadline.
#[derive(Debug)]
pub struct Stream {
    stream: TcpStream,
    deadline: Instant,
}

/// Opens a stream to the first of a host's addresses that answers.
///
/// # Errors
/// When the name is unknown, no address answers, or the time is over.
pub fn connect(host: (&str, u16), time: Duration) -> io::Result<Stream> {
    let deadline = Instant::now() + time;
    Stream::connect_to_any(&Stream::look_up(host, time)?, deadline)
}

impl Socket for Stream {
    /// On a thread, while other coroutines run: may would block all of them for it.
    fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>> {
        // Not a channel of may's, whose `recv_timeout` may take twice as long.
        let (sender, receiver) = mpsc::channel();
        let done = Arc::new(Semphore::new(0));
        let post = done.clone();
        look_up_aside(host, move |addresses| {
            drop(sender.send(addresses));
            post.post();
        })?;
        if !done.wait_timeout(time) {
            return Err(ErrorKind::TimedOut.into());
        }
        receiver.recv().map_err(io::Error::other)?
    }

    fn connect(address: &SocketAddr, time: Duration, deadline: Instant) -> io::Result<Self> {
        Ok(Self { stream: TcpStream::connect_timeout(address, time)?, deadline })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(time_left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(time_left(self.deadline)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
