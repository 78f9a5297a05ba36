//! Looks up host names and connects: for event loops that cannot look up, for drivers that have no time-out for it, and for
//! streams that block. Nothing here knows a loop or a driver.

use std::fmt::Debug;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Opens a stream to a host: `open` is called with its addresses in turn, until one answers. A name is looked up on a
/// separate thread, so that the event loop keeps running; an IP address needs no thread.
///
/// # Errors
/// When the name is unknown, or the last address does not answer.
pub async fn connect<S, E: Into<io::Error>>(
    (name, port): (&str, u16),
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

/// Looks up a host's addresses, for a program that blocks. An IP address needs no thread.
///
/// # Errors
/// When the name is unknown, or the time is over.
pub fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::channel();
    look_up_aside(host, move |addresses| drop(sender.send(addresses)))?;
    receiver.recv_timeout(time).map_err(|_| ErrorKind::TimedOut)?
}

/// Looks up a host's addresses on a separate thread, and hands them to `found`. The program never joins that thread, for
/// the system's own limit may be minutes.
///
/// # Errors
/// When the system starts no thread.
pub fn look_up_aside(
    (name, port): (&str, u16),
    found: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static,
) -> io::Result<()> {
    if let Ok(ip) = name.parse::<IpAddr>() {
        found(Ok(vec![(ip, port).into()]));
        return Ok(());
    }
    let name = name.to_owned();
    let look_up = move || found((name, port).to_socket_addrs().map(Iterator::collect));
    match thread::Builder::new().spawn(look_up) {
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::other(format!("no thread to look the name up: {error}"))), // its kind is a time-out's
    }
}

/// A stream that blocks its thread, or its coroutine, until its deadline at the latest.
pub trait Socket: Read + Write + Debug + Send + Sync + Sized + 'static {
    /// Looks up a host's addresses: see [`look_up`].
    ///
    /// # Errors
    /// When the name is unknown, or the time is over.
    fn look_up(host: (&str, u16), time: Duration) -> io::Result<Vec<SocketAddr>>;

    /// Connects to an address, in this time.
    ///
    /// # Errors
    /// When no server listens there, or the time is over.
    fn connect(address: &SocketAddr, time: Duration, deadline: Instant) -> io::Result<Self>;

    /// Connects to the first of these addresses that answers, each in its share of the time.
    ///
    /// # Errors
    /// When none answers.
    fn connect_to_any(addresses: &[SocketAddr], deadline: Instant) -> io::Result<Self> {
        let mut result = Err(ErrorKind::NotFound.into());
        for (tried, address) in addresses.iter().enumerate() {
            let share = time_left(deadline)? / (addresses.len() - tried) as u32;
            result = Self::connect(address, share, deadline);
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

/// The time left until a deadline: longest next wait.
///
/// # Errors
/// When no time is left.
pub fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}
