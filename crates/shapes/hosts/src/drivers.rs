//! One host with each of two drivers, as in `db-tokio` and `db-threaded`: a connection is opened, asked and closed.

use std::time::Duration;

use anyhow::{Context, Result};
use db_hosts::Host;
use mysql_errors::cause;

pub async fn ask(host: &Host, query: &str) -> Result<String> {
    use mysql_async::{Conn, OptsBuilder, Row, prelude::Queryable};
    let options = OptsBuilder::default().ip_or_hostname(host.name()).tcp_port(host.port());
    let options = options.user(Some(host.user())).pass(Some(host.password())).db_name(Some(host.database()));
    // Skip the settings query, which costs a round trip. One statement leaves nothing to cache.
    let options = options.max_allowed_packet(Some(1 << 24)).wait_timeout(Some(28_800)).prefer_socket(false);
    let mut connection = Conn::new(options.stmt_cache_size(0).tcp_nodelay(false)).await?;
    let row: Row = connection.query_first(query).await?.context("no row")?;
    connection.disconnect().await?;
    Ok(format!("{host} {row:?}"))
}

pub fn ask_blocking(host: &Host, query: &str, deadline: Duration) -> Result<String> {
    use mysql::{Conn, OptsBuilder, prelude::Queryable};
    let options = OptsBuilder::new().ip_or_hostname(Some(host.name())).tcp_port(host.port());
    let options = options.user(Some(host.user())).pass(Some(host.password())).db_name(Some(host.database()));
    let options = options.tcp_connect_timeout(Some(deadline)).read_timeout(Some(deadline)).tcp_nodelay(false);
    // Skip the settings query, which costs a round trip. One statement leaves nothing to cache.
    let options = options.max_allowed_packet(Some(1 << 24)).prefer_socket(false).stmt_cache_size(0);
    let mut connection = Conn::new(options).map_err(cause)?;
    let (mut result, mut rows) = (connection.query_iter(query).map_err(cause)?, Vec::new());
    while let Some(set) = result.iter() {
        for row in set {
            rows.push(row.map_err(cause)?); // to the end: an error after the first row is an error
        }
    }
    Ok(format!("{host} {:?}", rows.first().context("no row")?))
}
