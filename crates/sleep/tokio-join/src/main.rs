//! Fetches from databases that take 3 s, all at once.
//!
//! Not in article 3: a future for each database instead of a task, and a single task that polls them all.
//! How it waits: the thread sleeps in `epoll_wait` until the first timer is over, then polls that timer's future.
//! Expected wall time: 1000 tasks ÷ 1000 at once × 3 s = 3 s, and as long for 2 tasks.
//!
//!     cargo run --release --bin sleep-tokio-join -- dog cat
//!     cargo run --release --bin sleep-tokio-join -- --tasks 1000

use std::{num::NonZeroUsize, time::Duration};

use anyhow::Result;
use clap::Parser;
use futures::future::join_all;
use sleep_naps::{Tally, done, fetching, still_running};
use tokio::{sync::Semaphore, task::unconstrained, time};

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
    let permits = Semaphore::new(limits::at_once(concurrency, names.len()));
    let naps = names.iter().map(async |name| {
        let _permit = permits.acquire().await.expect("nobody closes it"); // waits here while all are taken
        nap(name, common.time, &tally).await;
    });
    tally.print(still_running());
    unconstrained(join_all(naps)).await; // else tokio interrupts it every 128 steps, and all are polled in vain
    tally.exit()
}

/// Stands in for a slow query.
async fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    time::sleep(time).await;
    tally.ok(done(name));
}
