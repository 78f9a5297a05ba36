//! Fetches the bus prices of 100 days, one after the other.
//!
//! Mirrors article 4, "Synchronous processing": one thread, which does nothing else while it waits.
//! The article compares the others with it.
//! How it waits: the thread sleeps in `recv` until its day's prices arrive; the kernel wakes it.
//! Expected wall time: 100 days × 0.29 s = 29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-sequential -- "$(cat target/lab/http.url)"

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url, catch_panic};
use ureq::Agent;
use ureq_extras::cause;

/// Fetches bus prices, one day after the other.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
}

fn main() -> Result<()> {
    let Args { common } = Args::parse();
    let tally = common.tally()?;
    let agent = ureq_extras::agent(common.timeout);
    for (date, url) in common.days() {
        let day = catch_panic(|| fetch(&agent, &url));
        tally.report(date, day);
    }
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
fn fetch(agent: &Agent, url: &Url) -> Result<Day> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().read_to_vec().map_err(cause)?)
}
