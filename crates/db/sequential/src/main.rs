//! Asks 500 MySQL hosts, one after the other.
//!
//! Mirrors article 1, "Sequential Execution": one thread, and nothing else goes on while it waits.
//! How it waits: the thread sleeps in `recv` until its host has answered; the kernel wakes it.
//! Expected wall time: 500 hosts × 0.1 s = 50 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p db-sequential -- --urls target/lab/db.urls

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

/// How to connect. The time-out is that of each wait: the driver has none for all of them together.
fn options(host: &Host, timeout: Duration) -> Opts {
    OptsBuilder::new()
        .ip_or_hostname(Some(host.name()))
        .tcp_port(host.port())
        .user(Some(host.user()))
        .pass(Some(host.password()))
        .db_name(Some(host.database()))
        // Skip the settings query: it would cost a round trip.
        .max_allowed_packet(Some(1 << 24))
        .prefer_socket(false)
        .tcp_nodelay(false) // each packet is answered before the next: nothing is delayed
        .stmt_cache_size(0) // one statement per connection: nothing to cache
        .tcp_connect_timeout(Some(timeout))
        .read_timeout(Some(timeout))
        .write_timeout(Some(timeout))
        .into()
}
