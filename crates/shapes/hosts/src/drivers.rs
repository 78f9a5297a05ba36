//! How `db-tokio` and `db-threaded` ask a host: they open a connection, ask, and close the connection.

use std::time::Duration;

use anyhow::{Context, Result};
use db_hosts::Host;
use mysql_async::{Row, prelude::Queryable};
use mysql_connect::{mysql as blocking, mysql_async as asynchronous};

pub async fn ask(host: &Host, query: &str) -> Result<String> {
    let mut connection =
        asynchronous::connect(host.address(), host.user(), host.password(), host.database()).await?;
    let row: Row = connection.query_first(query).await.map_err(asynchronous::cause)?.context("no row")?;
    let _ = connection.disconnect().await; // the answer is in: a failed goodbye is no failure
    Ok(format!("{host} {row:?}"))
}

pub fn ask_blocking(host: &Host, query: &str, deadline: Duration) -> Result<String> {
    let mut connection =
        blocking::connect(host.address(), host.user(), host.password(), host.database(), deadline)?;
    Ok(format!("{host} {:?}", blocking::first_row(&mut connection, query)?))
}
