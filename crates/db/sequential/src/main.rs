//! Asks 500 MySQL hosts, one after the other.
//!
//! Mirrors article 1, "Sequential Execution": one thread, which does nothing else while it waits.
//! How it waits: the thread sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts × 0.1 s = 50 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-sequential -- --urls target/lab/db.urls

use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use clap::Parser;
use connect::connect_blocking;
use db_hosts::{Host, catch_panic};
use mysql::{Conn, OptsBuilder};
use mysql_errors::{cause, first_row};

/// Asks MySQL hosts, one after the other.
///
/// The driver owns its socket: --timeout holds for look-up and connect, and then anew for each time that it reads. A
/// host that sends a little now and then takes longer.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
}

fn main() -> Result<()> {
    let Args { common } = Args::parse();
    let tally = common.tally()?;
    for host in common.hosts {
        let row = catch_panic(|| ask(&host, &common.query, common.timeout));
        tally.report(&host, row);
    }
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
fn ask(host: &Host, query: &str, timeout: Duration) -> Result<String> {
    let mut connection = connect_blocking(host.name(), host.port(), timeout, |address, left| {
        Conn::new(options(host, address).tcp_connect_timeout(Some(left)).read_timeout(Some(timeout)))
            .map_err(cause)
    })?;
    let row = first_row(&mut connection, query)?;
    Ok(format!("{row:?}"))
}

/// How to connect.
fn options(host: &Host, address: SocketAddr) -> OptsBuilder {
    OptsBuilder::new()
        .ip_or_hostname(Some(address.ip().to_string()))
        .tcp_port(address.port())
        .user(Some(host.user()))
        .pass(Some(host.password()))
        .db_name(Some(host.database()))
        .tcp_nodelay(false)
        // Skip the settings query, which costs a round trip. One statement leaves nothing to cache.
        .max_allowed_packet(Some(1 << 24))
        .prefer_socket(false)
        .stmt_cache_size(0)
}
