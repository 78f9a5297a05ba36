//! Fetches from databases that take 3 s, all at once, in one task.
//!
//! Not in article 3, but as asyncio.gather would do it: one future for each database, and none of them spawned. Widely
//! read comparisons of "tasks" measured this: a future in `join_all` is smaller than a task, and can use one thread only.
//! How it waits: the thread sleeps in `epoll_wait` until the first timer is over, then polls that timer's future.
//! Expected wall time: 2 or 1000 futures, all at once, × 3 s = 3 s.
//!
//!     cargo run --release --bin sleep-tokio-join -- dog cat
//!     cargo run --release --bin sleep-tokio-join -- --tasks 1000

use std::{num::NonZeroUsize, time::Duration};

use anyhow::Result;
use clap::Parser;
use futures::future::join_all;
use sleep_naps::{Tally, done, fetching, still_running};
use tokio::{sync::Semaphore, time};

/// Fetches from databases that take their time, all at once, in one task.
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
    let permits = Semaphore::new(limits::at_once(concurrency, names.len()));
    let naps = names.iter().map(async |name| {
        let _permit = permits.acquire().await?; // waits here while all are taken
        nap(name, common.time, &tally).await;
        anyhow::Ok(())
    });
    tally.print(still_running());
    join_all(naps).await.into_iter().collect::<Result<()>>()?;
    tally.exit()
}

/// Stands for a query that takes so long.
async fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    time::sleep(time).await;
    tally.ok(done(name));
}
