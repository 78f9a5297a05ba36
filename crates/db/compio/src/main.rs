//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio with uvloop": the same shape on another event loop, here on io_uring by completion.
//! How it waits: the thread hands the kernel whole receives, buffers included, and sleeps in `io_uring_enter` until
//! any is complete, then runs that host's task.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-compio -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use compio::io::compat::AsyncStream;
use compio::runtime::{ResumeUnwind, spawn};
use compio::{net::TcpStream, time::timeout};
use compio_executor::executor;
use db_hosts::{Host, catch_panic_async};
use futures_lite::future::yield_now;
use mini_mysql::{Conn, Row};
use tokio::sync::Semaphore;

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    executor()?.block_on(run(common, concurrency))
}

async fn run(common: db_hosts::Args, concurrency: Option<NonZeroUsize>) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.hosts.len())?));
    let mut tasks = Vec::new();
    for host in common.hosts {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (query, tally) = (common.query.clone(), tally.clone());
        tasks.push(spawn(async move {
            let _permit = permit;
            match timeout(common.timeout, catch_panic_async(ask(&host, &query))).await {
                Ok(row) => tally.report(&host, row),
                Err(_) => tally.timed_out(&host),
            }
        }));
        yield_now().await; // the first hosts are asked while the last are still being connected to
    }
    for task in tasks {
        task.await.resume_unwind(); // a task of compio's that is dropped is cancelled
    }
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
async fn ask(host: &Host, query: &str) -> Result<String> {
    let stream = TcpStream::connect((host.name(), host.port())).await?;
    // A packet has some hundred bytes here; the default is a buffer of 8 KiB each way.
    let stream = Box::pin(AsyncStream::with_capacity(512, stream));
    let mut connection = Conn::login(stream, host.user(), host.password(), host.database()).await?;
    let row: Row = connection.query_first(query).await?.context("no row")?;
    connection.disconnect().await;
    Ok(format!("{row:?}"))
}
