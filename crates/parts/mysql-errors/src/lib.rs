//! A question to the blocking driver `mysql`, its whole answer, and what went wrong out of the wrapping in which the
//! driver hands it over.

use std::io::{self, ErrorKind};

use anyhow::{Context, Error, Result, anyhow};
use mysql::{Conn, DriverError, Error::*, Row, prelude::Queryable};

/// Asks, reads the answer to its end, for an error may follow the first row, and returns that row.
///
/// # Errors
/// When the driver fails, the server answers with an error, or there is no row.
pub fn first_row(connection: &mut Conn, query: &str) -> Result<Row> {
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
pub fn cause(error: mysql::Error) -> Error {
    match error {
        IoError(error) => error.into(),
        CodecError(error) => error.into(),
        // Before the login the driver takes the state for the beginning of the message.
        MySqlError(error) if error.message.starts_with('#') && error.message.is_char_boundary(6) => {
            let (state, message) = error.message.split_at(6);
            anyhow!("ERROR {} ({}): {message}", error.code, &state[1..])
        }
        MySqlError(error) => error.into(),
        DriverError(DriverError::ConnectTimeout) => io::Error::from(ErrorKind::TimedOut).into(),
        DriverError(DriverError::CouldNotConnect(Some((_, cause, kind)))) => {
            io::Error::new(kind, cause).into()
        }
        DriverError(error) => error.into(),
        error => error.into(),
    }
}
