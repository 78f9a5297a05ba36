//! The few packets that are needed, from `mysql_common` where it has them.

use anyhow::{Result, bail, ensure};
use db_hosts::Host;
use mysql_common::constants::{CapabilityFlags, Command, StatusFlags};
use mysql_common::misc::raw::{RawInt, int::LenEnc};
use mysql_common::packets::{
    AuthPlugin, AuthSwitchRequest, Column, ErrPacket, HandshakePacket, HandshakeResponse,
    OkPacketDeserializer, OkPacketKind,
};
use mysql_common::proto::{MySerialize, Text};
use mysql_common::{io::ParseBuf, row::RowDeserializer, scramble::scramble_native, value::ServerSide};

/// The packet that ends a connection.
pub const QUIT: &[u8] = &[1, 0, 0, 0, Command::COM_QUIT as u8];

/// The capabilities that this client asks for. CLIENT_MULTI_RESULTS is for `CALL`.
const CAPABILITIES: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_CONNECT_WITH_DB)
    .union(CapabilityFlags::CLIENT_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF);

/// The packet of a query.
pub fn query(sql: &str) -> Vec<u8> {
    framed(0, &[&[Command::COM_QUERY as u8], sql.as_bytes()].concat())
}

/// Checks that the first bytes may be a greeting: its number is 0, and it begins with the protocol's version or an error.
pub fn ensure_greeting(received: &[u8]) -> Result<()> {
    let begins = received.get(3).is_none_or(|number| *number == 0);
    ensure!(
        begins && received.get(4).is_none_or(|first| [10, 0xff].contains(first)),
        "no MySQL server there, what answers says {:?}",
        String::from_utf8_lossy(received.get(..40).unwrap_or(received))
    );
    Ok(())
}

/// The answer to a server's greeting. The account may want another way to log in than the server's default; then the
/// server says so.
pub fn login(host: &Host, greeting: &[u8]) -> Result<Vec<u8>> {
    let greeting: HandshakePacket = ParseBuf(greeting).parse(())?;
    ensure!(
        greeting.capabilities().contains(CapabilityFlags::CLIENT_DEPRECATE_EOF),
        "the server is older than MySQL 5.7 or MariaDB 10.2"
    );
    let scramble = scramble_native(&greeting.nonce(), host.password().as_bytes());
    let (user, database) = (host.user(), host.database());
    let response = HandshakeResponse::new(
        scramble.as_ref().map(<[u8; 20]>::as_slice),
        (0, 0, 0), // the server's version, which decides nothing here
        Some(user.as_bytes()),
        Some(database.as_bytes()).filter(|name| !name.is_empty()),
        Some(AuthPlugin::MysqlNativePassword),
        greeting.capabilities() & CAPABILITIES,
        None,
        1 << 24,
    );
    let mut payload = Vec::with_capacity(128);
    response.serialize(&mut payload);
    Ok(framed(1, &payload))
}

/// The answer to a server that wants the account's own way to log in.
pub fn switched_login(host: &Host, number: u8, packet: &[u8]) -> Result<Vec<u8>> {
    ensure!(packet.len() > 1 && packet[0] == 0xfe, "an unexpected answer to the login");
    let switch: AuthSwitchRequest = ParseBuf(packet).parse(())?;
    if switch.auth_plugin() != AuthPlugin::MysqlNativePassword {
        let name = String::from_utf8_lossy(switch.auth_plugin().as_bytes()).into_owned();
        bail!(
            "the account wants {name}; db-baseline has only mysql_native_password: take another program or account"
        );
    }
    let scramble = scramble_native(switch.plugin_data(), host.password().as_bytes());
    Ok(framed(number.wrapping_add(1), scramble.as_ref().map_or(&[], <[u8; 20]>::as_slice)))
}

/// The server's error message. Instead of a greeting it comes without the SQL state, which # marks.
pub fn error(packet: &[u8]) -> Result<String> {
    let stated = packet.get(3) == Some(&b'#');
    let protocol = if stated { CapabilityFlags::CLIENT_PROTOCOL_41 } else { CapabilityFlags::empty() };
    Ok(ParseBuf(packet).parse::<ErrPacket>(protocol)?.to_string())
}

/// How many columns follow.
pub fn columns(packet: &[u8]) -> Result<u64> {
    let count: RawInt<LenEnc> = ParseBuf(packet).parse(())?;
    ensure!((1..1 << 16).contains(&*count), "the server announced {} columns", *count);
    Ok(*count)
}

pub fn column(packet: &[u8]) -> Result<Column> {
    Ok(ParseBuf(packet).parse(())?)
}

/// A row as it is printed. It consumes the columns.
pub fn row(packet: &[u8], columns: &mut Vec<Column>) -> Result<String> {
    let row: RowDeserializer<ServerSide, Text> = ParseBuf(packet).parse(columns.drain(..).collect())?;
    Ok(format!("{:?}", row.into_inner()))
}

/// Whether another result follows the one that this packet ends.
pub fn more_results<T: OkPacketKind>(packet: &[u8]) -> Result<bool> {
    let end: OkPacketDeserializer<T> = ParseBuf(packet).parse(CAPABILITIES)?;
    Ok(end.into_inner().status_flags().contains(StatusFlags::SERVER_MORE_RESULTS_EXISTS))
}

/// A payload with its header: three bytes of length, and its number in the exchange.
fn framed(number: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    [&length[..3], &[number], payload].concat()
}

/// Takes the next packet, if it is whole: its number and its payload.
pub fn next<'a>(received: &mut &'a [u8]) -> Result<Option<(u8, &'a [u8])>> {
    let Some((&[low, middle, high, number], rest)) = received.split_first_chunk() else { return Ok(None) };
    let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
    ensure!(length < (1 << 24) - 1, "the server sent a packet of 16 MiB, which db-baseline does not read");
    let Some((packet, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    *received = rest;
    Ok(Some((number, packet)))
}
