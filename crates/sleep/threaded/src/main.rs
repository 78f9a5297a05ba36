//! Fetches from databases that take 3 s, as many at once as the pool has threads.
//!
//! Mirrors article 3, "Threadpool example": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `clock_nanosleep` until its time is over.
//! Expected wall time: 2 tasks ÷ 2 at once × 3 s = 3 s; 1000 tasks ÷ 6 threads (2 CPUs), rounded up, × 3 s = 501 s;
//! with `--concurrency 1000` 3 s.
//!
//!     cargo run --release --bin sleep-threaded -- dog cat
//!     cargo run --release --bin sleep-threaded -- --tasks 1000

use std::{num::NonZeroUsize, thread, time::Duration};

use anyhow::Result;
use clap::Parser;
use sleep_naps::{Tally, done, fetching, still_running};
use threadpool::Builder;

/// Fetches from databases that take their time, as many at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: sleep_naps::Args,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let names = common.names();
    let tally = common.tally(names.len())?;
    let threads = limits::at_once(concurrency, names.len());
    let pool = Builder::new().num_threads(threads).thread_name("ThreadPool".into());
    let pool = limits::start(|| pool.build())?;
    for name in names {
        let tally = tally.clone();
        pool.execute(move || nap(&name, common.time, &tally));
    }
    tally.print(still_running());
    pool.join();
    tally.exit()
}

/// Stands in for a slow query.
fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    thread::sleep(time);
    tally.ok(done(name));
}
