//! Fetches from databases that take 3 s, one after the other.
//!
//! Mirrors article 3's tasks without their concurrency: the other programs are compared with it.
//! How it waits: the one thread sleeps in `clock_nanosleep` until its time is over. Nothing else runs meanwhile, so
//! "still running" comes last.
//! Expected wall time: 2 tasks × 3 s = 6 s; 1000 tasks × 3 s = 3000 s.
//!
//!     cargo run --release --bin sleep-sequential -- dog cat
//!     cargo run --release --bin sleep-sequential -- --tasks 1000

use std::{thread, time::Duration};

use anyhow::Result;
use clap::Parser;
use sleep_naps::{Tally, done, fetching, still_running};

/// Fetches from databases that take their time, one after the other.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: sleep_naps::Args,
}

fn main() -> Result<()> {
    let Args { common } = Args::parse();
    let names = common.names();
    let tally = common.tally(names.len())?;
    for name in names {
        nap(&name, common.time, &tally);
    }
    tally.print(still_running());
    tally.exit()
}

/// Stands in for a slow query.
fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    thread::sleep(time);
    tally.ok(done(name));
}
