//! Asks 500 MySQL hosts, as many at once as there are worker processes.
//!
//! Mirrors article 1, "Multiprocessing": a worker process for each CPU, as Python's ProcessPoolExecutor.
//! How it waits: each worker sleeps in `recv` until its host has answered, and is then handed the next host over a
//! pipe. In the parent, a thread per worker sleeps in `read` until that worker has answered.
//! Expected wall time: 500 hosts ÷ 2 processes (2 CPUs) × 0.1 s = 25 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-multiprocess -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, time::Duration};

use anyhow::Result;
use clap::Parser;
use db_hosts::Host;
use mysql_connect::mysql::{connect, first_row};
use workers::Workers;

/// Asks MySQL hosts, as many at once as there are worker processes.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = limits::default_processes())]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    workers::serve_and_exit(|(host, query, timeout): (Host, String, Duration)| ask(&host, &query, timeout));
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let workers = Workers::start(limits::allow_processes(concurrency, common.hosts.len())?)?;
    let jobs = common.hosts.into_iter().map(|host| (host, &common.query, common.timeout));
    workers.map(jobs, common.timeout, |(host, ..), row: Result<String>| tally.report(host, row))?;
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
fn ask(host: &Host, query: &str, timeout: Duration) -> Result<String> {
    let mut connection = connect(host.address(), host.user(), host.password(), host.database(), timeout)?;
    let row = first_row(&mut connection, query)?;
    Ok(format!("{row:?}"))
}
