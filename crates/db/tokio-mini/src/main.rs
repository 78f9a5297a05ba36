//! Asks 500 MySQL hosts, all at once. A control, not for copying: no TLS, no pool, no prepared statements.
//!
//! Mirrors article 1, "Asyncio", with the driver of db-glommio, from which only the event loop differs.
//! How it waits: the thread sleeps in `epoll_wait` until any host has answered, then runs that host's task.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-tokio-mini -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::{Host, catch_panic_async};
use mini_mysql::{Conn, Row};
use tokio::{net::TcpStream, sync::Semaphore, task::JoinSet, task::yield_now, time::timeout};
use tokio_util::compat::TokioAsyncReadCompatExt;

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
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
    let stream = TcpStream::connect(host.address()).await?.compat();
    let mut connection = Conn::login(stream, host.user(), host.password(), host.database()).await?;
    let row: Row = connection.query_first(query).await?.context("no row")?;
    connection.disconnect().await;
    Ok(format!("{row:?}"))
}
