//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio", on tokio's default runtime: a thread for each CPU, or TOKIO_WORKER_THREADS of them.
//! How it waits: one thread sleeps in `epoll_wait`, the others until it has tasks for them; all run tasks.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-tokio-multi -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::{Host, catch_panic_async};
use mysql_async::{Row, prelude::Queryable};
use mysql_connect::mysql_async::{cause, connect};
use tokio::{runtime::Builder, sync::Semaphore, task::JoinSet, task::yield_now, time::timeout};

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Threads of the runtime
    #[arg(long, value_name = "N", env = "TOKIO_WORKER_THREADS", value_parser = limits::threads)]
    #[arg(default_value_t = limits::default_processes())]
    threads: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency, threads } = Args::parse();
    let runtime = Builder::new_multi_thread().enable_all().worker_threads(threads.get()).build()?;
    runtime.block_on(run(common, concurrency))
}

async fn run(common: db_hosts::Args, concurrency: Option<NonZeroUsize>) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.hosts.len())?));
    let mut tasks = JoinSet::new();
    for host in common.hosts {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (query, tally) = (common.query.clone(), tally.clone());
        tasks.spawn(async move {
            let _permit = permit;
            match timeout(common.timeout, catch_panic_async(ask(&host, &query))).await {
                Ok(row) => tally.report(&host, row),
                Err(_) => tally.timed_out(&host),
            }
        });
        yield_now().await; // the first hosts are asked while the last are still being connected to
    }
    tasks.join_all().await;
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
async fn ask(host: &Host, query: &str) -> Result<String> {
    let mut connection = connect(host.address(), host.user(), host.password(), host.database()).await?;
    let row: Row = connection.query_first(query).await.map_err(cause)?.context("no row")?;
    let _ = connection.disconnect().await; // the answer is in: a failed goodbye is no failure
    Ok(format!("{row:?}"))
}
