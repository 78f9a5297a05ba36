//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio", with the driver that most programs on tokio use: only the driver differs from db-tokio.
//! How it waits: the thread sleeps in `epoll_wait` until any host has answered, then runs that host's task.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-tokio-sqlx -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::{Host, catch_panic_async};
use mysql_connect::sqlx::{Printed, cause, connect};
use sqlx::{AssertSqlSafe, Connection, raw_sql};
use tokio::{sync::Semaphore, task::JoinSet, task::yield_now, time::timeout};

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
    let mut connection = connect(host.address(), host.user(), host.password(), host.database()).await?;
    let rows = raw_sql(AssertSqlSafe(query)).fetch_all(&mut connection).await.map_err(cause)?;
    let row = Printed(rows.first().context("no row")?);
    let _ = connection.close().await; // the answer is in: a failed goodbye is no failure
    Ok(format!("{row:?}"))
}
