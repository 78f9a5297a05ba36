//! Fetches the bus prices of 100 days, as many at once as the pool has threads.
//!
//! Not in article 4, but answers "may I call a blocking client from async code?": in `spawn_blocking`.
//! How it waits: each thread of the pool, at most 512 by default, sleeps in `recv` until its day's prices arrive.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-tokio-blocking -- "$(cat target/lab/http.url)"

use std::num::NonZeroUsize;

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url, catch_panic};
use tokio::{runtime::Builder, task::JoinSet};
use ureq::Agent;
use ureq_extras::cause;

/// Fetches bus prices, as many days at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Threads in the pool; the default is tokio's
    #[arg(long, value_name = "N", default_value = "512", value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let threads = limits::allow_connections(concurrency, common.count())?;
    Builder::new_current_thread().max_blocking_threads(threads).build()?.block_on(run(common))
}

async fn run(common: prices_days::Args) -> Result<()> {
    let tally = common.tally()?;
    let agent = ureq_extras::agent(common.timeout);
    let mut tasks = JoinSet::new();
    for (date, url) in common.days() {
        let (agent, tally) = (agent.clone(), tally.clone());
        tasks.spawn_blocking(move || {
            let day = catch_panic(|| fetch(&agent, &url));
            tally.report(date, day);
        });
    }
    tasks.join_all().await;
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
fn fetch(agent: &Agent, url: &Url) -> Result<Day> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().read_to_vec().map_err(cause)?)
}
