//! The bytes under ureq: its own transport takes a reset for the end of an answer, and has buffers of one size.

use std::fmt::Debug;
use std::io::{self, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use http_answers::MAX_HEAD;
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// A TCP stream, and how a program waits for it: by blocking its thread, or by running another coroutine.
pub trait Socket: Read + Write + Debug + Send + Sync + Sized + 'static {
    /// Finds a host's addresses, in this time.
    ///
    /// # Errors
    /// When the name is unknown, or the time is over.
    fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>>;

    /// Connects to an address, in this time. What is written is sent at once.
    ///
    /// # Errors
    /// When nobody listens there, or the time is over.
    fn connect(address: &SocketAddr, time: Duration) -> io::Result<Self>;

    /// Ends each read that takes longer.
    ///
    /// # Errors
    /// When the system refuses.
    fn limit_reads(&self, time: Duration) -> io::Result<()>;

    /// Ends each write that takes longer.
    ///
    /// # Errors
    /// When the system refuses.
    fn limit_writes(&self, time: Duration) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>> {
        connect::look_up(host, time)
    }

    fn connect(address: &SocketAddr, time: Duration) -> io::Result<Self> {
        let stream = Self::connect_timeout(address, time)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn limit_reads(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))
    }

    fn limit_writes(&self, time: Duration) -> io::Result<()> {
        self.set_write_timeout(Some(time))
    }
}

/// Connects to the first of a host's addresses that takes the connection, each in its share of the time.
#[derive(Debug)]
pub struct Connections<S>(PhantomData<S>);

impl<S> Default for Connections<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S: Socket> Connector for Connections<S> {
    type Out = Connection<S>;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Connection<S>>, Error> {
        let mut result = Err(ErrorKind::NotFound.into());
        let share = time_left(details.timeout)? / details.addrs.len().max(1) as u32;
        for address in &details.addrs {
            result = S::connect(address, share);
            if result.is_ok() {
                break;
            }
        }
        let stream = result.map_err(|error| late(error, details.timeout))?;
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
        self.stream.limit_writes(time_left(timeout)?)?;
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(|error| late(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.limit_reads(time_left(timeout)?)?;
        if self.buffers.input_append_buf().is_empty() {
            self.enlarge()?;
        }
        let read = loop {
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {} // a stopped process goes on
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
        false // only asked of a connection that would be used again; each request has one of its own
    }
}

impl<S> Connection<S> {
    /// Makes room for a long head, once: for one that is too long there is enough room to see that.
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

/// How long the next wait may last.
///
/// # Errors
/// When no time is left.
pub(crate) fn time_left(timeout: NextTimeout) -> Result<Duration, Error> {
    if timeout.after.is_zero() { Err(Error::Timeout(timeout.reason)) } else { Ok(*timeout.after) }
}

/// ureq's error for a wait that was too long; others as they are.
pub(crate) fn late(error: io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}
