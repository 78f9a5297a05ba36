//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio with uvloop": the same shape on another event loop.
//! How it waits: the thread sleeps in `epoll_wait` until any host has answered, then runs that host's task.
//! smol starts a second thread, which does the same for a program whose threads all wait for something else.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-smol -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::{Host, catch_panic_async};
use mini_mysql::{Conn, Row};
use smol::{LocalExecutor, Timer, future, lock::Semaphore, net::TcpStream};

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
    let executor = LocalExecutor::new(); // `smol::spawn` would add a thread that runs the tasks
    smol::block_on(executor.run(run(&executor, args)))
}

async fn run(executor: &LocalExecutor<'_>, Args { common, concurrency }: Args) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.hosts.len())?));
    let mut tasks = Vec::new();
    for host in common.hosts {
        let permit = permits.acquire_arc().await; // waits here while all are taken
        let (query, tally) = (common.query.clone(), tally.clone());
        tasks.push(executor.spawn(async move {
            let _permit = permit;
            let late = async { Err(Timer::after(common.timeout).await) };
            match future::or(async { Ok(catch_panic_async(ask(&host, &query)).await) }, late).await {
                Ok(row) => tally.report(&host, row),
                Err(_) => tally.timed_out(&host),
            }
        }));
        future::yield_now().await; // the first hosts are asked while the last are still being connected to
    }
    for task in tasks {
        task.await; // a dropped task would be cancelled
    }
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
async fn ask(host: &Host, query: &str) -> Result<String> {
    let stream = TcpStream::connect(host.address()).await?;
    let mut connection = Conn::login(stream, host.user(), host.password(), host.database()).await?;
    let row: Row = connection.query_first(query).await?.context("no row")?;
    connection.disconnect().await;
    Ok(format!("{row:?}"))
}
