//! Asks 500 MySQL hosts, as many at once as the pool has threads.
//!
//! Mirrors article 1, "Multithreading": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts ÷ 6 threads (2 CPUs) × 0.1 s ≈ 8.4 s; with `--concurrency 500` 0.1 s.
//! In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-threaded -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::Host;
use mysql::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};
use mysql_errors::cause;
use threadpool::ThreadPool;

/// Asks MySQL hosts, as many at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let threads = limits::allow_connections(concurrency, common.hosts.len())?;
    let pool = limits::start(|| ThreadPool::new(threads))?;
    for host in common.hosts {
        let (query, tally) = (common.query.clone(), tally.clone());
        pool.execute(move || {
            let row = ask(&host, &query, common.timeout);
            tally.report(&host, row);
        });
    }
    pool.join();
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
