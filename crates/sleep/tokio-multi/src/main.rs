//! Fetches from databases that take 3 s, all at once.
//!
//! Mirrors article 3, "Asyncio example", on tokio's default runtime: a thread for each CPU, or TOKIO_WORKER_THREADS.
//! How it waits: one thread sleeps in `epoll_wait` until the first timer is over, the others until it has tasks for
//! them; all run tasks.
//! Expected wall time: 2 or 1000 tasks, all at once, × 3 s = 3 s.
//!
//!     cargo run --release --bin sleep-tokio-multi -- dog cat
//!     cargo run --release --bin sleep-tokio-multi -- --tasks 1000

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Parser;
use sleep_naps::{Tally, done, fetching, still_running};
use tokio::{spawn, sync::Semaphore, time};

/// Fetches from databases that take their time, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: sleep_naps::Args,
    /// Databases fetched from at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let names = common.names();
    let tally = common.tally(names.len())?;
    let permits = Arc::new(Semaphore::new(limits::at_once(concurrency, names.len())));
    let mut tasks = Vec::new();
    for name in names {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(spawn(async move {
            let _permit = permit;
            nap(&name, common.time, &tally).await;
        }));
    }
    tally.print(still_running());
    for task in tasks {
        let _ = task.await; // one that panicked is not done: it failed
    }
    Ok(tally.finish())
}

/// Stands for a query that takes so long.
async fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    time::sleep(time).await;
    tally.ok(done(name));
}
