//! Fetches from databases that take 3 s, all at once.
//!
//! Mirrors article 3, "Asyncio example": the same shape on another event loop, here on epoll and from small parts.
//! How it waits: the thread sleeps in `epoll_wait` until the first timer is over, then runs that timer's task. smol
//! starts a second thread, which does the same for a program whose threads all wait for something else.
//! Expected wall time: 1000 tasks ÷ 1000 at once × 3 s = 3 s, and as long for 2 tasks.
//!
//!     cargo run --release --bin sleep-smol -- dog cat
//!     cargo run --release --bin sleep-smol -- --tasks 1000

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Parser;
use sleep_naps::{Tally, done, fetching, still_running};
use smol::{LocalExecutor, Timer, lock::Semaphore};

/// Fetches from databases that take their time, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: sleep_naps::Args,
    /// Databases fetched from at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let executor = LocalExecutor::new(); // `smol::spawn` would add a thread that runs the tasks
    smol::block_on(executor.run(run(&executor, args)))
}

async fn run(executor: &LocalExecutor<'_>, Args { common, concurrency }: Args) -> Result<()> {
    let names = common.names();
    let tally = common.tally(names.len())?;
    let permits = Arc::new(Semaphore::new(limits::at_once(concurrency, names.len())));
    let mut tasks = Vec::new();
    for name in names {
        let permit = permits.acquire_arc().await; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(executor.spawn(async move {
            let _permit = permit;
            nap(&name, common.time, &tally).await;
        }));
    }
    tally.print(still_running());
    for task in tasks {
        task.await; // a dropped task would be cancelled
    }
    tally.exit()
}

/// Stands in for a slow query.
async fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    Timer::after(time).await;
    tally.ok(done(name));
}
