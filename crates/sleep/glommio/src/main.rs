//! Fetches from databases that take 3 s, all at once.
//!
//! Mirrors article 3, "Asyncio example": the same shape on another event loop, here on io_uring.
//! How it waits: the thread sleeps in `io_uring_enter` until the first timer is over, then runs that timer's task.
//! glommio starts a task when it is spawned, so the first lines come in another order.
//! Expected wall time: 1000 tasks ÷ 1000 at once × 3 s = 3 s, and as long for 2 tasks.
//!
//!     cargo run --release --bin sleep-glommio -- dog cat
//!     cargo run --release --bin sleep-glommio -- --tasks 1000

use std::{num::NonZeroUsize, rc::Rc, time::Duration};

use anyhow::Result;
use clap::Parser;
use glommio::{LocalExecutorBuilder, Placement, sync::Semaphore, timer};
use sleep_naps::{Tally, done, fetching, still_running};

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
    let builder = LocalExecutorBuilder::new(Placement::Unbound).io_memory(64 << 10); // by default 10 MiB, all touched
    glommio_executor::make(builder)?.run(run(args))
}

async fn run(Args { common, concurrency }: Args) -> Result<()> {
    let names = common.names();
    let tally = common.tally(names.len())?;
    let permits = Rc::new(Semaphore::new(limits::at_once(concurrency, names.len()) as u64));
    let mut tasks = Vec::new();
    for name in names {
        let permit = permits.acquire_static_permit(1).await.expect("nobody closes it"); // waits here while all are taken
        let tally = tally.clone();
        tasks.push(glommio::spawn_local(async move {
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
    timer::sleep(time).await;
    tally.ok(done(name));
}
