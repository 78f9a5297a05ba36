//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio", on tokio's default runtime: a thread for each CPU, or TOKIO_WORKER_THREADS of them.
//! How it waits: one thread sleeps in `epoll_wait`, the others until it has tasks for them; all run tasks.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-tokio-multi -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::{Host, late};
use mysql_async::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};
use tokio::{spawn, sync::Semaphore, task::yield_now, time::timeout};

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.hosts.len())?));
    let mut tasks = Vec::new();
    for host in common.hosts {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (query, tally) = (common.query.clone(), tally.clone());
        tasks.push(spawn(async move {
            let _permit = permit;
            let row = timeout(common.timeout, ask(&host, &query)).await;
            tally.report(&host, row.unwrap_or_else(late));
        }));
        yield_now().await; // the first hosts are asked while the last are still being connected to
    }
    for task in tasks {
        let _ = task.await; // one that panicked has reported nothing: it failed
    }
    Ok(tally.finish())
}

/// Opens a connection, asks, and closes the connection.
async fn ask(host: &Host, query: &str) -> Result<String> {
    let mut connection = Conn::new(options(host)).await?;
    let row: Row = connection.query_first(query).await?.context("no row")?;
    connection.disconnect().await?;
    Ok(format!("{row:?}"))
}

/// How to connect.
fn options(host: &Host) -> Opts {
    let options = OptsBuilder::default().ip_or_hostname(host.name()).tcp_port(host.port());
    let options = options.user(Some(host.user())).pass(Some(host.password())).db_name(Some(host.database()));
    // Skip the settings query, which costs a round trip. One statement leaves nothing to cache.
    let options = options.max_allowed_packet(Some(1 << 24)).wait_timeout(Some(28_800)).prefer_socket(false);
    options.stmt_cache_size(0).tcp_nodelay(false).into()
}
