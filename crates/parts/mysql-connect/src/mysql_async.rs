//! With the driver on tokio.

use std::borrow::Cow;

use ::mysql_async::{Conn, Error::*, IoError, OptsBuilder};
use anyhow::{Error, Result};

use crate::{MAX_PACKET, packet_error, said};

/// Logs in at the first of a host's addresses that answers. An empty password or database stands for none.
///
/// # Errors
/// When the name is unknown, no address answers, or the server refuses the login.
pub async fn connect(
    (name, port): (&str, u16),
    user: Cow<'_, str>,
    password: Cow<'_, str>,
    database: Cow<'_, str>,
) -> Result<Conn> {
    let options = OptsBuilder::default()
        .ip_or_hostname(name)
        .tcp_port(port)
        .user(Some(user))
        .pass(Some(password))
        .db_name(Some(database))
        .tcp_nodelay(false)
        .max_allowed_packet(Some(MAX_PACKET))
        .wait_timeout(Some(28_800)) // MySQL's default: not asked for, either
        .prefer_socket(false)
        .stmt_cache_size(0); // one statement leaves nothing to cache
    Conn::new(options).await.map_err(|error| worded(error, false))
}

/// The cause of an error after the login: the server's words, or an [`std::io::Error`].
pub fn cause(error: ::mysql_async::Error) -> Error {
    worded(error, true)
}

fn worded(error: ::mysql_async::Error, greeted: bool) -> Error {
    match error {
        Server(error) => said(error.code, &error.state, &error.message),
        Io(IoError::Io(error)) => match error.downcast() {
            Ok(error) => packet_error(error, greeted),
            Err(error) => error.into(),
        },
        Driver(error) => error.into(),
        error => error.into(),
    }
}
