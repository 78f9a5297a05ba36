//! Connects to a host by its name, for event loops that cannot look one up, or only by blocking. It knows none of them.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

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
