//! What went wrong, out of the wrapping in which the blocking driver `mysql` hands it over.

use std::io::{self, ErrorKind};

use anyhow::Error;
use mysql::{DriverError, Error::*};

/// The cause of a driver's error: the server's words, or an [`io::Error`], by whose kind a time-out is recognised.
pub fn cause(error: mysql::Error) -> Error {
    match error {
        IoError(error) => error.into(),
        CodecError(error) => error.into(),
        MySqlError(error) => error.into(),
        DriverError(DriverError::ConnectTimeout) => io::Error::from(ErrorKind::TimedOut).into(),
        DriverError(DriverError::CouldNotConnect(Some((_, cause, kind)))) => {
            io::Error::new(kind, cause).into()
        }
        DriverError(error) => error.into(),
        error => error.into(),
    }
}
