//! The few packets that are needed: of `mysql_common` where it has them.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use db_hosts::Host;
use mysql_common::constants::{CapabilityFlags, Command};
use mysql_common::packets::{AuthPlugin, Column, ErrPacket, HandshakePacket, HandshakeResponse};
use mysql_common::proto::{MySerialize, Text};
use mysql_common::{io::ParseBuf, row::RowDeserializer, scramble::scramble_native, value::ServerSide};

/// The packet that ends a connection.
pub const QUIT: &[u8] = &[1, 0, 0, 0, Command::COM_QUIT as u8];

/// The packet that asks.
pub fn query(sql: &str) -> Vec<u8> {
    framed(0, &[&[Command::COM_QUERY as u8], sql.as_bytes()].concat())
}

/// The answer to a server's greeting.
///
/// # Errors
/// When it is no greeting, or that of an old server.
pub fn login(host: &Host, greeting: &[u8]) -> Result<Vec<u8>> {
    let greeting: HandshakePacket = ParseBuf(greeting).parse(())?;
    let capabilities = CapabilityFlags::CLIENT_PROTOCOL_41
        | CapabilityFlags::CLIENT_SECURE_CONNECTION
        | CapabilityFlags::CLIENT_PLUGIN_AUTH
        | CapabilityFlags::CLIENT_CONNECT_WITH_DB
        | CapabilityFlags::CLIENT_DEPRECATE_EOF;
    ensure!(
        greeting.capabilities().contains(CapabilityFlags::CLIENT_DEPRECATE_EOF),
        "the server is older than MySQL 5.7 or MariaDB 10.2"
    );
    let scramble = scramble_native(&greeting.nonce(), host.password().as_bytes());
    let (user, database) = (host.user(), host.database());
    let response = HandshakeResponse::new(
        scramble.as_ref().map(<[u8; 20]>::as_slice),
        (0, 0, 0), // of the server: decides nothing here
        Some(user.as_bytes()),
        Some(database.as_bytes()).filter(|name| !name.is_empty()),
        Some(AuthPlugin::MysqlNativePassword),
        greeting.capabilities() & capabilities,
        None,
        1 << 24,
    );
    let mut payload = Vec::with_capacity(128);
    response.serialize(&mut payload);
    Ok(framed(1, &payload))
}

/// Whether these packets are a whole answer to a query: a number of columns, these, the rows, and an end; or an OK. A
/// row may begin with the same byte as the end, but only if it is very long.
pub fn are_rows(packets: &[&[u8]]) -> bool {
    let is_end = |last: &&[u8]| last.first() == Some(&0xfe) && last.len() < 1 << 16;
    packets.first().is_some_and(|first| first.first() == Some(&0)) || packets.last().is_some_and(is_end)
}

/// The first row of a whole answer, as it is printed.
///
/// # Errors
/// When there is no row, or a packet is not what its place asks for.
pub fn first_row(packets: &[&[u8]]) -> Result<String> {
    let count = usize::from(*packets[0].first().context("an empty packet")?); // more than 250 take more bytes
    let (columns, rows) = packets[1..].split_at_checked(count).context("too few columns")?;
    let columns: Result<Arc<[Column]>, _> = columns.iter().map(|packet| ParseBuf(packet).parse(())).collect();
    let [row, _end, ..] = rows else { bail!("no row") };
    let row: RowDeserializer<ServerSide, Text> = ParseBuf(row).parse(columns?)?;
    Ok(format!("{:?}", row.into_inner()))
}

/// # Errors
/// When the packet is the server's error: what it says.
pub fn no_error(packet: &[u8]) -> Result<()> {
    if packet.first() == Some(&0xff) {
        // An error in a greeting's place comes without the state that is marked by #.
        let protocol = if packet.get(3) == Some(&b'#') {
            CapabilityFlags::CLIENT_PROTOCOL_41
        } else {
            CapabilityFlags::empty()
        };
        let error: ErrPacket = ParseBuf(packet).parse(protocol)?;
        bail!("{error}");
    }
    Ok(())
}

/// # Errors
/// When the server is not content with the login.
pub fn ok(packet: &[u8]) -> Result<()> {
    ensure!(packet.first() == Some(&0), "the server wants another login than mysql_native_password");
    Ok(())
}

/// A payload with its header: three bytes of length, and its number in the exchange.
fn framed(number: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    [&length[..3], &[number], payload].concat()
}

/// The packets in what was received, when the last one is whole.
pub fn split(mut received: &[u8]) -> Option<Vec<&[u8]>> {
    let mut packets = Vec::with_capacity(4);
    while !received.is_empty() || packets.is_empty() {
        let (header, rest) = received.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let (payload, rest) = rest.split_at_checked(length as usize)?;
        packets.push(payload);
        received = rest;
    }
    Some(packets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_whole_or_not() {
        let two = [query("a"), QUIT.to_vec()].concat();
        assert_eq!(split(&two), Some(vec![&b"\x03a"[..], &b"\x01"[..]]));
        assert_eq!(split(&two[..6]), Some(vec![&b"\x03a"[..]]));
        for cut in [0, 3, 4, 5, 7, 10] {
            assert_eq!(split(&two[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn errors_and_ends_differ_from_rows() {
        let said = |packet: &[u8]| no_error(packet).unwrap_err().to_string();
        assert_eq!(said(b"\xff\x51\x04#HY000sick"), "ERROR 1105 (HY000): sick");
        assert!(said(b"\xff\x10\x04Too many").contains("Too many"));
        assert!(no_error(b"\x01").is_ok() && no_error(b"").is_ok());
        let end = [0xfe, 0, 0, 2, 0, 0, 0];
        assert!(
            are_rows(&[&end])
                && !are_rows(&[&end, &[0xfe; 1 << 16]])
                && !are_rows(&[b"\x010"])
                && !are_rows(&[])
        );
        assert!(ok(&[0]).is_ok() && ok(&[0xfe]).is_err());
    }

    #[test]
    fn a_row_that_is_none_is_an_error() {
        let end: &[u8] = &[0xfe, 0, 0, 2, 0, 0, 0];
        for packets in [vec![end], vec![b"", end], vec![b"\x01", end], vec![b"\x00", end]] {
            assert!(first_row(&packets).is_err(), "{packets:?}");
        }
    }
}
