//! Sockets that only this machine reaches, and the hosts' addresses.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// Connects that may wait to be accepted. std and tokio ask for 128 or 1024; when the queue is
/// full the client's SYN is dropped and sent again a second later. The kernel caps it at
/// net.core.somaxconn.
pub const BACKLOG: usize = 4096;

/// The pause after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// 127.0.1.1, the address of the first host. All of 127.0.0.0/8 is local on Linux, nothing has to be configured.
const FIRST: u32 = u32::from_be_bytes([127, 0, 1, 1]);

/// Addresses used in each subnet of 256.
const IN_SUBNET: usize = 250;

/// The address of a host, counted from 0: 127.0.1.1 … 127.0.1.250, 127.0.2.1 …
pub fn host_address(host: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(FIRST + (host / IN_SUBNET * 256 + host % IN_SUBNET) as u32)
}

/// The host at an address.
pub fn host_number(address: IpAddr) -> Option<usize> {
    let IpAddr::V4(address) = address else { return None };
    let offset = address.to_bits().checked_sub(FIRST)? as usize;
    Some(offset / 256 * IN_SUBNET + offset % 256)
}

/// Binds a free port on every address of the loopback interface, and on no other. Connects are refused until it listens.
pub fn bind() -> Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None)?;
    if let Err(error) = socket.bind_device(Some(b"lo")) {
        bail!(
            "the kernel does not bind sockets to the loopback interface ({error}), and the lab must \
             not listen elsewhere: Linux 5.7 or newer lets everybody, older ones only root"
        );
    }
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    socket.bind(&address.into()).context(
        "no port is free to listen on: wait a minute for closed connections, or widen the range in \
         /proc/sys/net/ipv4/ip_local_port_range",
    )?;
    Ok(socket)
}

/// Listens on a port of the loopback interface. Accepted sockets send without delay.
pub fn listen() -> Result<TcpListener> {
    let socket = bind()?;
    // Accepted sockets inherit it: a system call less for each.
    socket.set_tcp_nodelay(true)?;
    socket.listen(BACKLOG as i32)?;
    Ok(TcpListener::from_std(socket.into())?)
}

/// The next connection from this machine. An accept that the kernel refuses for the moment is repeated.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) if peer.ip().is_loopback() => return stream,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                eprintln!("bench-lab: cannot accept a connection for now: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn listens_on_loopback_only() {
        let listener = listen().unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(socket2::SockRef::from(&listener).device().unwrap(), Some(b"lo".to_vec()));
        let client = TcpStream::connect((host_address(499), port)).await.unwrap();
        let accepted = accept(&listener).await;
        assert!(accepted.nodelay().unwrap());
        assert_eq!(accepted.local_addr().unwrap(), client.peer_addr().unwrap());
    }

    #[test]
    fn hosts_have_addresses_of_their_own() {
        for (host, address) in [(0, "127.0.1.1"), (250, "127.0.2.1"), (65_534, "127.1.7.35")] {
            assert_eq!(host_address(host).to_string(), address);
            assert_eq!(host_number(host_address(host).into()), Some(host));
        }
    }
}
