//! Sockets that only this machine reaches, and the hosts' addresses.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// Connects that may wait to be accepted. std and tokio ask for 128 or 1024; when the queue is
/// full the client's SYN is dropped and sent again a second later. The kernel caps it at
/// net.core.somaxconn.
pub const BACKLOG: usize = 4096;

/// The pause after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// The address of a host, counted from 0: 127.0.1.1 … 127.0.1.250, 127.0.2.1 … All of
/// 127.0.0.0/8 is local on Linux, nothing has to be configured.
pub fn host_address(host: usize) -> Ipv4Addr {
    let (subnet, host) = (host / 250, host % 250);
    Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 0, 1, 1)) + (subnet * 256 + host) as u32)
}

/// Binds a port (0: any free one) on every address of the loopback interface, and on no other.
/// Connects are refused until it listens.
pub fn bind(port: u16) -> Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None)?;
    if let Err(error) = socket.bind_device(Some(b"lo")) {
        bail!(
            "the kernel does not bind sockets to the loopback interface ({error}), and the lab must \
             not listen elsewhere: Linux 5.7 or newer lets everybody, older ones only root"
        );
    }
    socket.set_reuse_address(true)?;
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    socket.bind(&address.into()).with_context(|| format!("cannot listen on port {port}"))?;
    Ok(socket)
}

/// Listens on a port of the loopback interface. Accepted sockets send without delay.
pub fn listen(port: u16) -> Result<TcpListener> {
    let socket = bind(port)?;
    // Accepted sockets inherit it: a system call less for each.
    socket.set_tcp_nodelay(true)?;
    socket.listen(BACKLOG as i32)?;
    Ok(TcpListener::from_std(socket.into())?)
}

/// The port that a socket is bound to.
pub fn port(socket: &Socket) -> Result<u16> {
    Ok(socket.local_addr()?.as_socket().context("not an IP socket")?.port())
}

/// The next connection from this machine. What the kernel refuses for the moment is tried again.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    let mut failed = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) if peer.ip().is_loopback() => return stream,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !failed {
                    eprintln!("bench-lab: cannot accept a connection for now: {error}");
                }
                failed = true;
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;

    use super::*;

    #[tokio::test]
    async fn listens_on_loopback_only() {
        let listener = listen(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(SockRef::from(&listener).device().unwrap(), Some(b"lo".to_vec()));
        let client = TcpStream::connect((host_address(499), port)).await.unwrap();
        let accepted = accept(&listener).await;
        assert!(accepted.nodelay().unwrap());
        assert_eq!(accepted.local_addr().unwrap(), client.peer_addr().unwrap());
    }

    #[test]
    fn hosts_have_addresses_of_their_own() {
        assert_eq!(host_address(0), Ipv4Addr::new(127, 0, 1, 1));
        assert_eq!(host_address(250), Ipv4Addr::new(127, 0, 2, 1));
        assert_eq!(host_address(usize::from(u16::MAX) - 1), Ipv4Addr::new(127, 1, 7, 35));
    }
}
