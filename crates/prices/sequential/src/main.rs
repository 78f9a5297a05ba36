//! Fetches the bus prices of 100 days, one after the other.
//!
//! Mirrors article 4, "Synchronous processing": one thread, and nothing else goes on while it waits.
//! How it waits: the thread sleeps in `recv` until its day's prices arrive; the kernel wakes it.
//! Expected wall time: 100 days × 0.29 s = 29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-sequential -- "$(cat target/lab/http.url)"

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url};
use ureq::{Agent, unversioned::transport::DefaultConnector};
use ureq_extras::{Names, cause};

/// Fetches bus prices, one day after the other.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
}

fn main() -> Result<ExitCode> {
    let Args { common } = Args::parse();
    let _memory = common.memory()?;
    let tally = common.tally()?;
    let client = client(common.timeout);
    for (date, url) in common.days() {
        let day = fetch(&client, &url);
        tally.report(date, day);
    }
    Ok(tally.finish())
}

/// Fetches the prices of a day over a connection of its own.
fn fetch(client: &Agent, url: &Url) -> Result<Day> {
    let mut answer = client.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().read_to_vec().map_err(cause)?)
}

/// The HTTP client: a connection for each day, no redirects, no proxy, no TLS.
fn client(timeout: Duration) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout)).max_idle_connections(0).proxy(None);
    let config = config.max_redirects(0).http_status_as_error(false);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10).build(); // 128 KiB each by default
    Agent::with_parts(config, DefaultConnector::default(), Names)
}
