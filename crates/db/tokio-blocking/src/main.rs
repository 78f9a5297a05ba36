//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors no program of article 1, but answers "may I call a blocking driver from async code?": in `spawn_blocking`.
//! How it waits: each thread of the pool, at most 512 by default, sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts ÷ 500 threads × 0.1 s = 0.1 s; 1000 hosts ÷ 512, twice that. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-tokio-blocking -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::Host;
use mysql::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};
use mysql_errors::cause;
use tokio::{runtime::Builder, task};

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Threads in the pool; the default is tokio's
    #[arg(long, value_name = "N", default_value = "512", value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let threads = limits::allow_connections(concurrency, common.hosts.len())?;
    Builder::new_current_thread().max_blocking_threads(threads).build()?.block_on(run(common))
}

async fn run(common: db_hosts::Args) -> Result<ExitCode> {
    let tally = common.tally()?;
    let mut tasks = Vec::new();
    for host in common.hosts {
        let (query, tally) = (common.query.clone(), tally.clone());
        tasks.push(task::spawn_blocking(move || {
            let row = ask(&host, &query, common.timeout);
            tally.report(&host, row);
        }));
    }
    for task in tasks {
        let _ = task.await; // one that panicked has reported nothing: it failed
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
