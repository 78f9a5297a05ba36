//! Asks 500 MySQL hosts, all at once.
//!
//! Not in article 1, but answers "may I call a blocking driver from async code?": in `spawn_blocking`.
//! How it waits: each thread of the pool, at most 512 by default, sleeps in `recv` until its host has answered.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-tokio-blocking -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::{Error, Result};
use clap::Parser;
use db_hosts::{Host, catch_panic};
use mysql_connect::mysql::{connect, first_row};
use tokio::{runtime::Builder, sync::Semaphore, task::JoinSet, task::spawn_blocking, time::timeout};

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Threads in the pool; the default is tokio's
    #[arg(long, value_name = "N", default_value = "512", value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let threads = limits::allow_connections(concurrency, common.hosts.len())?;
    let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(threads).build()?;
    runtime.block_on(run(common, threads))
}

async fn run(common: db_hosts::Args, threads: usize) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(threads));
    let mut tasks = JoinSet::new();
    for host in common.hosts {
        let permit = permits.clone().acquire_owned().await?; // waits here while all threads are taken
        let (query, tally, name) = (common.query.clone(), tally.clone(), host.to_string());
        tasks.spawn(async move {
            let _permit = permit;
            let asked = spawn_blocking(move || catch_panic(|| ask(&host, &query, common.timeout)));
            match timeout(common.timeout, asked).await {
                Ok(row) => tally.report(name, row.map_err(Error::from).flatten()),
                Err(_) => tally.timed_out(name), // the thread continues until the driver gives up
            }
        });
    }
    tasks.join_all().await;
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
fn ask(host: &Host, query: &str, timeout: Duration) -> Result<String> {
    let mut connection = connect(host.address(), host.user(), host.password(), host.database(), timeout)?;
    let row = first_row(&mut connection, query)?;
    Ok(format!("{row:?}"))
}
