//! Fetches the bus prices of 100 days, as many at once as the pool has threads.
//!
//! Mirrors article 4, multithreading: a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `recv` until its day's prices arrive; the kernel wakes it.
//! Expected wall time: 100 days ÷ 6 threads (2 CPUs), rounded up, × 0.29 s = 4.9 s;
//! with `--concurrency 100` 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-threaded -- "$(cat target/lab/http.url)"

use std::num::NonZeroUsize;

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url, catch_panic};
use threadpool::ThreadPool;
use ureq::Agent;
use ureq_extras::cause;

/// Fetches bus prices, as many days at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let threads = limits::allow_connections(concurrency, common.count())?;
    let pool = limits::start(|| ThreadPool::new(threads))?;
    let agent = ureq_extras::agent(common.timeout);
    for (date, url) in common.days() {
        let (agent, tally) = (agent.clone(), tally.clone());
        pool.execute(move || {
            let day = catch_panic(|| fetch(&agent, &url));
            tally.report(date, day);
        });
    }
    pool.join();
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
fn fetch(agent: &Agent, url: &Url) -> Result<Day> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().read_to_vec().map_err(cause)?)
}
