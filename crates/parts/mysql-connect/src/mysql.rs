//! With the driver that blocks its thread.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use ::mysql::{Conn, DriverError, Error::*, OptsBuilder, Row, prelude::Queryable};
use anyhow::{Context, Error, Result};

use crate::{MAX_PACKET, packet_error, said};

/// Logs in at the first of a host's addresses that answers. An empty password or database stands for none.
///
/// Looking the name up and connecting take at most `time`. Then each read may take it again: the driver owns its socket.
///
/// # Errors
/// When the name is unknown, no address answers, or the server refuses the login.
pub fn connect(
    address: (&str, u16),
    user: Cow<str>,
    password: Cow<str>,
    database: Cow<str>,
    time: Duration,
) -> Result<Conn> {
    let deadline = Instant::now() + time;
    let options = OptsBuilder::new()
        .tcp_port(address.1)
        .user(Some(user))
        .pass(Some(password))
        .db_name(Some(database))
        .read_timeout(Some(time))
        .tcp_nodelay(false)
        .max_allowed_packet(Some(MAX_PACKET))
        .prefer_socket(false)
        .stmt_cache_size(0); // one statement leaves nothing to cache
    let mut result = Err(io::Error::from(ErrorKind::NotFound).into());
    for socket in connect::look_up(address, time)? {
        let left = connect::time_left(deadline)?;
        let options = options.clone().ip_or_hostname(Some(socket.ip().to_string()));
        let connection = Conn::new(options.tcp_connect_timeout(Some(left)));
        result = connection.map_err(|error| cause(error, false));
        if !result.as_ref().is_err_and(|error| error.is::<io::Error>()) {
            break; // connected, or refused by the server itself
        }
    }
    result
}

/// Asks, reads the answer to its end, for an error may follow the first row, and returns that row.
///
/// # Errors
/// When the driver fails, the server answers with an error, or there is no row.
pub fn first_row(connection: &mut Conn, query: &str) -> Result<Row> {
    let cause = |error| cause(error, true);
    let mut answer = connection.query_iter(query).map_err(cause)?;
    let mut first = None;
    while let Some(rows) = answer.iter() {
        for row in rows {
            let row = row.map_err(cause)?;
            first.get_or_insert(row);
        }
    }
    first.context("no row")
}

/// The cause of a driver's error: the server's words, or an [`io::Error`], by whose kind a time-out is recognised.
fn cause(error: ::mysql::Error, greeted: bool) -> Error {
    match error {
        IoError(error) => error.into(),
        CodecError(error) => packet_error(error, greeted),
        MySqlError(error) => said(error.code, &error.state, &error.message),
        DriverError(DriverError::ConnectTimeout) => io::Error::from(ErrorKind::TimedOut).into(),
        DriverError(DriverError::CouldNotConnect(Some((_, cause, kind)))) => {
            io::Error::new(kind, cause).into()
        }
        DriverError(error) => error.into(),
        error => error.into(),
    }
}
