//! Fetches the bus prices of 100 days, as many at once as there are worker processes.
//!
//! Not in article 4, but as article 1 does it: a worker process for each CPU, as Python's ProcessPoolExecutor.
//! How it waits: each worker sleeps in `recv` until its day's prices arrive, and is then handed the next day
//! over a pipe. In the parent a thread per worker sleeps in `read` until that worker has answered.
//! Expected wall time: 100 days ÷ 2 processes (2 CPUs) × 0.29 s = 14.5 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-multiprocess -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Date, Day, Url};
use ureq::{Agent, unversioned::transport::DefaultConnector};
use ureq_extras::{Names, cause};
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

fn main() -> Result<ExitCode> {
    workers::serve(|(_, url, timeout): (Date, Url, Duration)| fetch(&client(timeout), &url));
    let Args { common, concurrency } = Args::parse();
    let _memory = common.memory()?;
    let tally = common.tally()?;
    let workers = Workers::start(limits::allow_processes(concurrency, common.count())?)?;
    let jobs = common.days().map(|(date, url)| (date, url, common.timeout));
    workers.map(jobs, |(date, ..), day| tally.report(*date, day))?;
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
