//! Fetches the bus prices of 100 days, one after the other.
//!
//! Mirrors article 4, "Synchronous processing": one thread, and nothing else goes on while it waits.
//! How it waits: the thread sleeps in `recv` until the server has answered; the kernel wakes it.
//! Expected wall time: 100 days × 0.29 s = 29 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p prices-sequential -- "$(cat target/lab/http.url)"

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url};
use ureq::{Agent, unversioned::transport::DefaultConnector};
use ureq_extras::{Names, cause};

/// Fetches bus prices, one after the other.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
}

fn main() -> Result<ExitCode> {
    let Args { common } = Args::parse();
    let _memory = common.memory()?;
    let tally = common.tally()?;
    let agent = agent(common.timeout);
    for (date, url) in common.days() {
        let day = fetch(&agent, &url);
        tally.report(date, day);
    }
    Ok(tally.finish())
}

/// Fetches the prices of a day.
fn fetch(agent: &Agent, url: &Url) -> Result<Day> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(cause)?)
}

/// The HTTP client: a connection for each day, no redirects, no proxy, no TLS; no TCP_NODELAY, for a request is one
/// packet. Its buffers are small: ureq's own take 256 KiB for each connection.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout)).max_idle_connections(0).proxy(None);
    let config = config.max_redirects(0).http_status_as_error(false).no_delay(false);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10).build();
    Agent::with_parts(config, DefaultConnector::default(), Names)
}
