//! ureq over may's sockets: where a read would block the thread, another coroutine runs.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use may::net::TcpStream;
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// Connects to the first address of a host.
#[derive(Debug)]
pub struct MayConnector;

impl Connector for MayConnector {
    type Out = MayTransport;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<MayTransport>, Error> {
        let address = details.addrs.first().ok_or(Error::HostNotFound)?;
        let stream = match limit(details.timeout)? {
            Some(time) => TcpStream::connect_timeout(address, time),
            None => TcpStream::connect(address),
        };
        let stream = stream.map_err(|error| late(error, details.timeout))?;
        stream.set_nodelay(details.config.no_delay())?;
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(MayTransport { stream, buffers }))
    }
}

/// A connection and its buffers.
#[derive(Debug)]
pub struct MayTransport {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for MayTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.set_write_timeout(limit(timeout)?)?;
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(|error| late(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.set_read_timeout(limit(timeout)?)?;
        let amount =
            self.stream.read(self.buffers.input_append_buf()).map_err(|error| late(error, timeout))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        false // each request has a connection of its own
    }
}

/// How long the next wait may last, `None` for ever.
fn limit(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    match timeout.not_zero() {
        Some(time) if time.is_zero() => Err(Error::Timeout(timeout.reason)),
        time => Ok(time.map(|time| *time)),
    }
}

/// ureq's word for a wait that was too long.
fn late(error: std::io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}
