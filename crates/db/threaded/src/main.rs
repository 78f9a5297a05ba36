//! Asks 500 MySQL hosts, as many at once as the pool has threads.
//!
//! Mirrors article 1, "Multithreading": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts ÷ 6 threads (2 CPUs) × 0.1 s ≈ 8.4 s; with `--concurrency 500` 0.1 s.
//! In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-threaded -- --urls target/lab/db.urls

use std::{net::SocketAddr, num::NonZeroUsize, time::Duration};

use anyhow::Result;
use clap::Parser;
use connect::connect_blocking;
use db_hosts::{Host, catch_panic};
use mysql::{Conn, OptsBuilder};
use mysql_errors::{cause, first_row};
use threadpool::ThreadPool;

/// Asks MySQL hosts, as many at once as the pool has threads.
///
/// The driver owns its socket: --timeout holds for look-up and connect, and then anew for each time that it reads. A
/// host that sends a little now and then takes longer.
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
