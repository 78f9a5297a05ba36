//! Asks 500 MySQL hosts, one after the other.
//!
//! Mirrors article 1, "Sequential Execution": one thread, which does nothing else while it waits.
//! How it waits: the thread sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts × 0.1 s = 50 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-sequential -- --urls target/lab/db.urls

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::Host;
use mysql::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};
use mysql_errors::cause;

/// Asks MySQL hosts, one after the other.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
}

fn main() -> Result<ExitCode> {
    let Args { common } = Args::parse();
    let tally = common.tally()?;
    for host in common.hosts {
        let row = ask(&host, &common.query, common.timeout);
        tally.report(&host, row);
    }
    Ok(tally.finish())
}

/// Opens a connection, asks, and closes the connection.
fn ask(host: &Host, query: &str, timeout: Duration) -> Result<String> {
    let mut connection = Conn::new(options(host, timeout)).map_err(cause)?;
    let row: Row = connection.query_first(query).map_err(cause)?.context("no row")?;
    Ok(format!("{row:?}"))
}

/// How to connect: each wait for the host may take the timeout.
fn options(host: &Host, timeout: Duration) -> Opts {
    let options = OptsBuilder::new().ip_or_hostname(Some(host.name())).tcp_port(host.port());
    let options = options.user(Some(host.user())).pass(Some(host.password())).db_name(Some(host.database()));
    let options = options.tcp_connect_timeout(Some(timeout)).read_timeout(Some(timeout)).tcp_nodelay(false);
    // Skip the settings query, which costs a round trip. One statement leaves nothing to cache.
    options.max_allowed_packet(Some(1 << 24)).prefer_socket(false).stmt_cache_size(0).into()
}
