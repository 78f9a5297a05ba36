//! The bytes under ureq: its own transport takes a reset for the end of an answer, and has buffers of one size.

use std::io::{self, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use connect::Socket;
use http_answers::MAX_HEAD;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// std's TCP stream, and its deadline.
#[derive(Debug)]
pub struct Stream {
    stream: TcpStream,
    deadline: Instant,
}

impl Socket for Stream {
    fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>> {
        connect::look_up(host, time)
    }

    fn connect(address: &SocketAddr, time: Duration, deadline: Instant) -> io::Result<Self> {
        Ok(Self { stream: TcpStream::connect_timeout(address, time)?, deadline })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(connect::time_left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(connect::time_left(self.deadline)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Looks hosts up and connects to them for ureq, over sockets of this kind.
#[derive(Debug)]
pub struct Over<S>(pub PhantomData<S>);

/// ureq itself starts a thread for each look-up, even of an IP address, which needs none, and panics where the system starts
/// no more of them.
impl<S: Socket> Resolver for Over<S> {
    fn resolve(&self, uri: &Uri, _: &Config, limit: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let name = uri.host().ok_or(Error::HostNotFound)?.trim_matches(['[', ']']); // an IPv6 address has them in a URL
        let host = (name, uri.port_u16().unwrap_or(80));
        let addresses = S::look_up(host, time_left(limit)?).map_err(|error| late(error, limit))?;
        let mut found = self.empty();
        addresses.into_iter().take(16).for_each(|address| found.push(address)); // it has room for 16
        Ok(found)
    }
}

impl<S: Socket> Connector for Over<S> {
    type Out = Connection<S>;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Connection<S>>, Error> {
        let deadline = Instant::now() + time_left(details.timeout)?;
        let stream =
            S::connect_to_any(&details.addrs, deadline).map_err(|error| late(error, details.timeout))?;
        let (input, output) = (details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Connection { stream, buffers: LazyBuffers::new(input, output) }))
    }
}

/// A connection and its buffers.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    buffers: LazyBuffers,
}

impl<S: Socket> Transport for Connection<S> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(|error| late(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.buffers.input_append_buf().is_empty() {
            self.enlarge()?;
        }
        let read = loop {
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {} // a stopped process continues
                read => break read,
            }
        };
        let amount = read.map_err(|error| match error.kind() {
            // ureq ends the answer at these as if the server had closed the connection in good order.
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::UnexpectedEof => {
                io::Error::other(error).into()
            }
            _ => late(error, timeout),
        })?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        false // asked before a connection is reused, which no request does
    }
}

impl<S> Connection<S> {
    /// Makes room for a long head, once, and enough of it to see that a head is too long.
    fn enlarge(&mut self) -> Result<(), Error> {
        let received = self.buffers.input().to_vec();
        if received.len() > MAX_HEAD {
            return Err(Error::Other("a line of the answer is longer than 16 KiB".into()));
        }
        self.buffers = LazyBuffers::new(MAX_HEAD + 1, self.buffers.output().len());
        self.buffers.input_append_buf()[..received.len()].copy_from_slice(&received);
        self.buffers.input_appended(received.len());
        Ok(())
    }
}

/// The time that is left; an error when it is none.
fn time_left(timeout: NextTimeout) -> Result<Duration, Error> {
    if timeout.after.is_zero() { Err(Error::Timeout(timeout.reason)) } else { Ok(*timeout.after) }
}

/// ureq's error for a wait that was too long; others as they are.
fn late(error: io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}
