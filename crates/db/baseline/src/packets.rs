//! The few packets that are needed: of `mysql_common` where it has them.

use anyhow::{Result, bail, ensure};
use mini_mysql::Address;
use mysql_common::constants::{CapabilityFlags, Command};
use mysql_common::packets::{AuthPlugin, HandshakePacket, HandshakeResponse};
use mysql_common::{io::ParseBuf, proto::MySerialize, scramble::scramble_native};

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
pub fn login(login: &Address, greeting: &[u8]) -> Result<Vec<u8>> {
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
    let scramble = scramble_native(&greeting.nonce(), login.password.as_bytes());
    let response = HandshakeResponse::new(
        scramble.as_ref().map(<[u8; 20]>::as_slice),
        (0, 0, 0), // of the server: decides nothing here
        Some(login.user.as_bytes()),
        Some(login.database.as_bytes()).filter(|name| !name.is_empty()),
        Some(AuthPlugin::MysqlNativePassword),
        greeting.capabilities() & capabilities,
        None,
        1 << 24,
    );
    let mut payload = Vec::with_capacity(128);
    response.serialize(&mut payload);
    Ok(framed(1, &payload))
}

/// Whether a packet ends the rows. A row may begin with the same byte, but only if it is very long.
pub fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 1 << 16
}

/// # Errors
/// When the packet is the server's error: what it says.
pub fn no_error(packet: &[u8]) -> Result<()> {
    match packet {
        // A number of two bytes, then, but in a greeting's place, # and a state of five.
        [0xff, _, _, b'#', _, _, _, _, _, message @ ..] | [0xff, _, _, message @ ..] => {
            bail!("the server says {}", String::from_utf8_lossy(message))
        }
        _ => Ok(()),
    }
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

/// The first and the last packet, when the last one is whole.
pub fn first_and_last(mut received: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut first = None;
    loop {
        let (header, rest) = received.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let (payload, rest) = rest.split_at_checked(length as usize)?;
        let first = *first.get_or_insert(payload);
        if rest.is_empty() {
            return Some((first, payload));
        }
        received = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_whole_or_not() {
        let two = [query("a"), QUIT.to_vec()].concat();
        assert_eq!(first_and_last(&two), Some((&b"\x03a"[..], &b"\x01"[..])));
        assert_eq!(first_and_last(&two[..6]), Some((&b"\x03a"[..], &b"\x03a"[..])));
        for cut in [0, 3, 4, 5, 7, 10] {
            assert_eq!(first_and_last(&two[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn errors_and_ends_are_told_from_rows() {
        let said = |packet: &[u8]| no_error(packet).unwrap_err().to_string();
        assert_eq!(said(b"\xff\x51\x04#HY000sick"), "the server says sick");
        assert_eq!(said(b"\xff\x10\x04Too many"), "the server says Too many");
        assert!(no_error(b"\x01").is_ok() && no_error(b"").is_ok());
        assert!(is_end(&[0xfe, 0, 0, 2, 0, 0, 0]) && !is_end(&[0xfe; 1 << 16]) && !is_end(b"\x010"));
        assert!(ok(&[0]).is_ok() && ok(&[0xfe]).is_err());
    }
}
