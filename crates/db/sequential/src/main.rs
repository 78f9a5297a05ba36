//! Asks 500 MySQL hosts, one after the other.
//!
//! Mirrors article 1, "Sequential Execution": one thread, which does nothing else while it waits.
//! How it waits: the thread sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts × 0.1 s = 50 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-sequential -- --urls target/lab/db.urls

use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use db_hosts::{Host, catch_panic};
use mysql_connect::mysql::{connect, first_row};

/// Asks MySQL hosts, one after the other.
///
/// The driver owns its socket: --timeout covers look-up and connect, and then each read separately. A host that answers
/// in small pieces may take longer.
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
    let mut connection = connect(host.address(), host.user(), host.password(), host.database(), timeout)?;
    let row = first_row(&mut connection, query)?;
    Ok(format!("{row:?}"))
}
