//! ureq over may's sockets: where a wait would block the thread, another coroutine runs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use may::net::TcpStream;
use may::sync::Semphore;
use ureq::Agent;
use ureq_extras::{Socket, look_up_aside};

/// An agent that makes its coroutine wait, for as long as `timeout` at the most: see [`ureq_extras::agent`].
pub fn agent(timeout: Duration) -> Agent {
    ureq_extras::agent_over::<MaySocket>(timeout)
}

/// may's TCP stream.
#[derive(Debug)]
struct MaySocket(TcpStream);

impl Socket for MaySocket {
    fn look_up(name: &str, port: u16, time: Duration) -> io::Result<Vec<SocketAddr>> {
        // Not a channel of may's, whose `recv_timeout` may take twice as long.
        let (sender, receiver) = mpsc::channel();
        let done = Arc::new(Semphore::new(0));
        let post = done.clone();
        look_up_aside(name, port, move |addresses| {
            _ = sender.send(addresses);
            post.post();
        })?;
        done.wait_timeout(time);
        receiver.try_recv().map_err(|_| ErrorKind::TimedOut)?
    }

    fn connect(address: &SocketAddr, time: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(address, time)?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    fn limit_reads(&self, time: Duration) -> io::Result<()> {
        self.0.set_read_timeout(Some(time))
    }

    fn limit_writes(&self, time: Duration) -> io::Result<()> {
        self.0.set_write_timeout(Some(time))
    }
}

impl Read for MaySocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for MaySocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
