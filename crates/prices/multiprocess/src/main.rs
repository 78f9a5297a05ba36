//! Fetches the bus prices of 100 days, as many at once as there are worker processes.
//!
//! Not in article 4, but as article 1 does it: a worker process for each CPU, as Python's ProcessPoolExecutor.
//! How it waits: each worker sleeps in `recv` until its day's prices arrive, and is then handed the next day
//! over a pipe. In the parent a thread per worker sleeps in `read` until that worker has answered.
//! Expected wall time: 100 days ÷ 2 processes (2 CPUs) × 0.29 s = 14.5 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-multiprocess -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Date, Day, Url};
use ureq::Agent;
use ureq_extras::cause;
use workers::Workers;

/// Fetches bus prices, as many days at once as there are worker processes.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = limits::default_processes())]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    workers::serve_and_exit(|(_, url, timeout): (Date, Url, Duration)| {
        fetch(&ureq_extras::agent(timeout), &url)
    });
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let workers = Workers::start(limits::allow_processes(concurrency, common.count())?)?;
    let jobs = common.days().map(|(date, url)| (date, url, common.timeout));
    workers.map(jobs, common.timeout, |(date, ..), day| tally.report(*date, day))?;
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
fn fetch(agent: &Agent, url: &Url) -> Result<Day> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().read_to_vec().map_err(cause)?)
}
