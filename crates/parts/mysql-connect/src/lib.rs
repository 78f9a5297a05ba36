//! Connects with the drivers `mysql`, `mysql_async` and `sqlx`, and extracts the cause from their error types.

#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "mysql_async")]
pub mod mysql_async;
#[cfg(feature = "sqlx")]
pub mod sqlx;

use anyhow::{Error, anyhow};
use mysql_common::proto::codec::error::PacketCodecError;

/// The largest packet that a driver takes. Given, it does not ask the server for it, which would cost a round trip.
const MAX_PACKET: usize = 1 << 24;

/// The server's own words. Before the login both drivers take the state, marked by #, for the beginning of the message.
fn said(code: u16, state: &str, message: &str) -> Error {
    let stated = message.strip_prefix('#').and_then(|rest| rest.split_at_checked(5));
    let (state, message) = stated.unwrap_or((state, message));
    anyhow!("ERROR {code} ({state}): {message}")
}

/// The error of a bad packet, before or after the server's greeting.
fn packet_error(error: PacketCodecError, greeted: bool) -> Error {
    match error {
        PacketCodecError::Io(error) => error.into(),
        _ if !greeted => anyhow!("no MySQL server there: {error}"),
        PacketCodecError::PacketsOutOfSync => {
            anyhow!("the server sent a packet out of turn, as when it ends a connection")
        }
        error => anyhow!("{error}"),
    }
}
