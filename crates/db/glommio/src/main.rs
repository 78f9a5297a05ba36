//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio with uvloop": the same shape on another event loop.
//! How it waits: the thread sleeps in `io_uring_enter` until any host has answered, then runs that host's task.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-glommio -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, rc::Rc};

use anyhow::{Context, Result};
use clap::Parser;
use connect::connect;
use db_hosts::{Host, catch_panic_async};
use glommio::{LocalExecutorBuilder, Placement, net::TcpStream, sync::Semaphore, timer::timeout};
use glommio_executor::look_for_arrivals;
use mini_mysql::{Conn, Row};

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
    let builder = LocalExecutorBuilder::new(Placement::Unbound).io_memory(64 << 10); // by default 10 MiB, all touched
    glommio_executor::make(builder)?.run(run(args))
}

async fn run(Args { common, concurrency }: Args) -> Result<()> {
    let tally = common.tally()?;
    let permits = Rc::new(Semaphore::new(limits::allow_connections(concurrency, common.hosts.len())? as u64));
    let mut tasks = Vec::new();
    for host in common.hosts {
        let permit = permits.acquire_static_permit(1).await.expect("nobody closes it"); // waits here while all are taken
        let (query, tally) = (common.query.clone(), tally.clone());
        tasks.push(glommio::spawn_local(async move {
            let _permit = permit;
            match timeout(common.timeout, async { Ok(catch_panic_async(ask(&host, &query)).await) }).await {
                Ok(row) => tally.report(&host, row),
                Err(_) => tally.timed_out(&host),
            }
        }));
        look_for_arrivals().await; // by itself glommio looks when no task can run
    }
    for task in tasks {
        task.await; // a dropped task would be cancelled
    }
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
async fn ask(host: &Host, query: &str) -> Result<String> {
    let stream = connect(host.address(), TcpStream::connect).await?;
    let mut connection = Conn::login(stream, host.user(), host.password(), host.database()).await?;
    let row: Row = connection.query_first(query).await?.context("no row")?;
    connection.disconnect().await;
    Ok(format!("{row:?}"))
}
