//! ureq over may's sockets: where a wait would block the thread, another coroutine runs.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, mpsc};
use std::{thread, time::Duration};

use may::net::TcpStream;
use may::sync::Semphore;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// Finds a host's addresses. A name is looked up on an OS thread of its own: in a coroutine it would block them all.
#[derive(Debug)]
pub struct MayResolver;

impl Resolver for MayResolver {
    fn resolve(&self, uri: &Uri, config: &Config, limit: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let (name, settings) = (uri.clone(), config.clone());
        let look_up = move || DefaultResolver::default().resolve(&name, &settings, NextTimeout::default());
        if ureq_extras::is_address(uri) {
            return look_up();
        }
        // Not a channel of may's, whose `recv_timeout` may take twice as long.
        let (sender, receiver) = mpsc::channel();
        let done = Arc::new(Semphore::new(0));
        let post = done.clone();
        thread::Builder::new().spawn(move || {
            let _ = sender.send(look_up()); // refused when it comes too late
            post.post();
        })?;
        match time_left(limit)? {
            Some(time) => _ = done.wait_timeout(time),
            None => done.wait(),
        }
        receiver.try_recv().unwrap_or(Err(Error::Timeout(limit.reason)))
    }
}

/// Connects to the first of a host's addresses that takes the connection.
#[derive(Debug)]
pub struct MayConnector;

impl Connector for MayConnector {
    type Out = MayTransport;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<MayTransport>, Error> {
        let mut result = Err(Error::HostNotFound);
        for address in &details.addrs {
            result = match time_left(details.timeout)? {
                Some(time) => TcpStream::connect_timeout(address, time),
                None => TcpStream::connect(address),
            }
            .map_err(|error| late(error, details.timeout));
            if !matches!(result, Err(Error::Io(_))) {
                break; // connected, or no time is left for the others
            }
        }
        let stream = result?;
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
        self.stream.set_write_timeout(time_left(timeout)?)?;
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(|error| late(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.set_read_timeout(time_left(timeout)?)?;
        let amount =
            self.stream.read(self.buffers.input_append_buf()).map_err(|error| late(error, timeout))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        false // only asked of a connection that would be used again; each request has one of its own
    }
}

/// How long the next wait may last; `None` without a limit.
///
/// # Errors
/// When no time is left.
fn time_left(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(timeout.not_zero().map(|time| *time))
}

/// ureq's error for a wait that was too long.
fn late(error: io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}
