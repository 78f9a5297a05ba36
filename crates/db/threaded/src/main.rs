//! Asks 500 MySQL hosts, as many at once as the pool has threads.
//!
//! Mirrors article 1, "Multithreading": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts ÷ 6 threads (2 CPUs), rounded up, × 0.1 s = 8.4 s;
//! with `--concurrency 500` 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-threaded -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, time::Duration};

use anyhow::Result;
use clap::Parser;
use db_hosts::{Host, catch_panic};
use mysql_connect::mysql::{connect, first_row};
use threadpool::ThreadPool;

/// Asks MySQL hosts, as many at once as the pool has threads.
///
/// The driver owns its socket: --timeout covers look-up and connect, and then each read separately. A host that answers
/// in small pieces may take longer.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let threads = limits::allow_connections(concurrency, common.hosts.len())?;
    let pool = limits::start(|| ThreadPool::new(threads))?;
    for host in common.hosts {
        let (query, tally) = (common.query.clone(), tally.clone());
        pool.execute(move || {
            let row = catch_panic(|| ask(&host, &query, common.timeout));
            tally.report(&host, row);
        });
    }
    pool.join();
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
fn ask(host: &Host, query: &str, timeout: Duration) -> Result<String> {
    let mut connection = connect(host.address(), host.user(), host.password(), host.database(), timeout)?;
    let row = first_row(&mut connection, query)?;
    Ok(format!("{row:?}"))
}
