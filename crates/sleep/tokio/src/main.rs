//! Fetches from databases that take 3 s, all at once.
//!
//! Mirrors article 3, "Asyncio example": one thread, one event loop, a task for each database.
//! How it waits: the thread sleeps in `epoll_wait` until the first timer is over, then runs that timer's task.
//! Expected wall time: 1000 tasks ÷ 1000 at once × 3 s = 3 s, and as long for 2 tasks.
//!
//!     cargo run --release --bin sleep-tokio -- dog cat
//!     cargo run --release --bin sleep-tokio -- --tasks 1000

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Parser;
use sleep_naps::{Tally, done, fetching, still_running};
use tokio::{sync::Semaphore, task::JoinSet, time};

/// Fetches from databases that take their time, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: sleep_naps::Args,
    /// Databases fetched from at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let names = common.names();
    let tally = common.tally(names.len())?;
    let permits = Arc::new(Semaphore::new(limits::at_once(concurrency, names.len())));
    let mut tasks = JoinSet::new();
    for name in names {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let tally = tally.clone();
        tasks.spawn(async move {
            let _permit = permit;
            nap(&name, common.time, &tally).await;
        });
    }
    tally.print(still_running());
    tasks.join_all().await;
    tally.exit()
}

/// Stands in for a slow query.
async fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    time::sleep(time).await;
    tally.ok(done(name));
}
