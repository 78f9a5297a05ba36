//! Connects to a host by its name: for event loops that cannot look one up, and for drivers that block and have no
//! time-out for it. It knows none of them.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Opens a stream to a host: `open` is called with its addresses in turn, until one answers. A name is looked up on a
/// thread of its own, so that the event loop goes on; an IP address needs none.
///
/// # Errors
/// When the name is unknown, or the last address does not answer.
pub async fn connect<S, E: Into<io::Error>>(
    name: &str,
    port: u16,
    open: impl AsyncFn(SocketAddr) -> Result<S, E>,
) -> io::Result<S> {
    let addresses = if let Ok(ip) = name.parse::<IpAddr>() {
        vec![(ip, port).into()]
    } else {
        let name = name.to_owned();
        blocking::unblock(move || Ok::<_, io::Error>((name, port).to_socket_addrs()?.collect())).await?
    };
    let mut result = Err(ErrorKind::NotFound.into());
    for address in addresses {
        result = open(address).await.map_err(E::into);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Looks up a host's addresses on a thread of its own, and hands them to `found`. An IP address needs no thread.
///
/// # Errors
/// When the system starts no thread.
pub fn look_up_aside(
    name: &str,
    port: u16,
    found: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static,
) -> io::Result<()> {
    if let Ok(ip) = name.parse::<IpAddr>() {
        found(Ok(vec![(ip, port).into()]));
    } else {
        let name = name.to_owned();
        let look_up = move || found((name, port).to_socket_addrs().map(Iterator::collect));
        thread::Builder::new().spawn(look_up)?; // nobody waits for it: the system's own limit may be minutes
    }
    Ok(())
}

/// Calls `open` with a host's addresses in turn, and the time that is left, until one answers: for a driver that blocks.
///
/// # Errors
/// When the name is unknown, when the time is over, and when the last address does not answer. An error that is no
/// [`io::Error`] is the server's own: no other address is tried.
pub fn connect_blocking<T>(
    name: &str,
    port: u16,
    time: Duration,
    open: impl Fn(SocketAddr, Duration) -> Result<T, anyhow::Error>,
) -> Result<T, anyhow::Error> {
    let start = Instant::now();
    let (sender, addresses) = mpsc::channel();
    look_up_aside(name, port, move |found| drop(sender.send(found)))?;
    let mut result = Err(io::Error::from(ErrorKind::NotFound).into());
    for address in
        addresses.recv_timeout(time).map_err(|_| ErrorKind::TimedOut).map_err(io::Error::from)??
    {
        let left = time.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(io::Error::from(ErrorKind::TimedOut).into());
        }
        result = open(address, left);
        if !result.as_ref().is_err_and(|error| error.is::<io::Error>()) {
            break;
        }
    }
    result
}
