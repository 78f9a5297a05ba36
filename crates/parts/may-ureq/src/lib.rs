//! ureq over may's sockets: where a wait would block the thread, another coroutine runs.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use may::net::TcpStream;
use ureq::Agent;
use ureq_extras::Socket;

/// An agent that makes its coroutine wait, for as long as `timeout` at the most: see [`ureq_extras::agent`].
pub fn agent(timeout: Duration) -> Agent {
    ureq_extras::agent_over::<MaySocket>(timeout)
}

/// may's TCP stream.
#[derive(Debug)]
struct MaySocket(TcpStream);

impl Socket for MaySocket {
    fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>> {
        may_stream::look_up(host, time)
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
