//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio with uvloop": the same shape on another event loop.
//! How it waits: the thread hands the kernel receives with their buffers, and sleeps in `io_uring_enter` until any ends.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-compio -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use compio::runtime::{self, ResumeUnwind};
use compio::{io::compat::AsyncStream, net::TcpStream, time::timeout};
use db_hosts::{Host, catch_panic_async};
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
    let args = Args::parse();
    compio_executor::executor()?.block_on(run(args))
}

async fn run(Args { common, concurrency }: Args) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.hosts.len())?));
    let mut tasks = Vec::new();
    for host in common.hosts {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (query, tally) = (common.query.clone(), tally.clone());
        tasks.push(runtime::spawn(async move {
            let _permit = permit;
            match timeout(common.timeout, catch_panic_async(ask(&host, &query))).await {
                Ok(row) => tally.report(&host, row),
                Err(_) => tally.timed_out(&host),
            }
        }));
        futures_lite::future::yield_now().await; // the first hosts are asked while the last are still being connected to
    }
    for task in tasks {
        task.await.resume_unwind(); // a dropped task would be cancelled
    }
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
async fn ask(host: &Host, query: &str) -> Result<String> {
    let stream = TcpStream::connect(host.address()).await?;
    let stream = Box::pin(AsyncStream::with_capacity(512, stream)); // packets are short; by default 8 KiB each way
    let mut connection = Conn::login(stream, host.user(), host.password(), host.database()).await?;
    let row: Row = connection.query_first(query).await?.context("no row")?;
    connection.disconnect().await;
    Ok(format!("{row:?}"))
}
