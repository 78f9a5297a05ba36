//! With sqlx on tokio.

use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};

use ::sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow};
use ::sqlx::{Column, ConnectOptions, Row};
use anyhow::{Error, Result};
use mysql_common::Value;

use crate::said;

/// Logs in at the first of a host's addresses that answers. An empty password or database stands for none.
///
/// # Errors
/// When the name is unknown, no address answers, or the server refuses the login.
pub async fn connect(
    (name, port): (&str, u16),
    user: Cow<'_, str>,
    password: Cow<'_, str>,
    database: Cow<'_, str>,
) -> Result<MySqlConnection> {
    let mut options = MySqlConnectOptions::new().host(name).port(port).username(&user);
    if !password.is_empty() {
        options = options.password(&password);
    }
    if !database.is_empty() {
        options = options.database(&database);
    }
    options.connect().await.map_err(cause)
}

/// The cause of an error: the server's words, or an [`std::io::Error`].
pub fn cause(error: ::sqlx::Error) -> Error {
    match error {
        ::sqlx::Error::Database(error) => match error.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => said(error.number(), error.code().unwrap_or("HY000"), error.message()),
            None => error.into(),
        },
        ::sqlx::Error::Io(error) => error.into(),
        error => error.into(),
    }
}

/// A row that prints as those of the other drivers.
pub struct Printed<'a>(pub &'a MySqlRow);

impl Debug for Printed<'_> {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        let mut row = formatter.debug_struct("Row");
        for column in self.0.columns() {
            let value: Option<&[u8]> = self.0.try_get_unchecked(column.ordinal()).map_err(|_| fmt::Error)?;
            row.field(column.name(), &value.map_or(Value::NULL, |bytes| Value::Bytes(bytes.to_vec())));
        }
        row.finish()
    }
}
