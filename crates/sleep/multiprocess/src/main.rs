//! Fetches from databases that take 3 s, as many at once as there are worker processes.
//!
//! Mirrors article 3's tasks in worker processes, one for each CPU, as Python's ProcessPoolExecutor.
//! How it waits: each worker sleeps in `clock_nanosleep` until its time is over, and is then handed the next task over
//! a pipe. In the parent, a thread per worker prints for it, and sleeps in `read` until that worker has answered.
//! Expected wall time: 2 tasks ÷ 2 processes (2 CPUs) × 3 s = 3 s; 1000 tasks ÷ 2 processes × 3 s = 1500 s.
//!
//!     cargo run --release --bin sleep-multiprocess -- dog cat
//!     cargo run --release --bin sleep-multiprocess -- --tasks 1000

use std::{num::NonZeroUsize, process::ExitCode, thread, time::Duration};

use anyhow::Result;
use clap::Parser;
use sleep_naps::{done, fetching, still_running};
use workers::Workers;

/// Fetches from databases that take their time, as many at once as there are worker processes.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: sleep_naps::Args,
    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = limits::default_processes())]
    concurrency: NonZeroUsize,
}

fn main() -> Result<ExitCode> {
    workers::serve(nap);
    let Args { common, concurrency } = Args::parse();
    let names = common.names();
    let tally = common.tally(names.len())?;
    let workers = Workers::start(limits::allow_processes(concurrency, names.len())?)?;
    let jobs = names.into_iter().map(|name| {
        tally.print(fetching(&name)); // as the job is handed over
        (name, common.time)
    });
    workers.map(jobs, |(name, _), napped| tally.report(name, napped.map(|()| done(name))))?;
    tally.print(still_running());
    Ok(tally.finish())
}

/// Stands for a query that takes so long.
fn nap((_name, time): (String, Duration)) -> Result<()> {
    thread::sleep(time);
    Ok(())
}
