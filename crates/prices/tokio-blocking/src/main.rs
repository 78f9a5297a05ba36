//! Fetches the bus prices of 100 days, as many at once as the pool has threads.
//!
//! Not in article 4: it is the answer to "my client blocks; may I call it from async code?". Yes, in
//! `spawn_blocking`, which hands it to a pool of threads: at most 512 by default, and the rest of the calls queue up.
//! How it waits: each thread of the pool sleeps in `recv` until the server has answered; the kernel wakes it.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p prices-tokio-blocking -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url};
use tokio::{runtime::Builder, task::JoinSet};
use ureq::{Agent, unversioned::transport::DefaultConnector};
use ureq_extras::{Names, cause};

/// Fetches bus prices, as many at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Threads in the pool; the default is tokio's
    #[arg(long, value_name = "N", default_value = "512", value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let threads = limits::connections(args.concurrency, args.common.count())?;
    Builder::new_current_thread().max_blocking_threads(threads).build()?.block_on(run(args.common))
}

async fn run(common: prices_days::Args) -> Result<ExitCode> {
    let _memory = common.memory()?;
    let tally = common.tally()?;
    let agent = agent(common.timeout);
    let mut tasks = JoinSet::new();
    for (date, url) in common.days() {
        let (agent, tally) = (agent.clone(), tally.clone());
        tasks.spawn_blocking(move || {
            let day = fetch(&agent, &url);
            tally.report(date, day);
        });
    }
    while tasks.join_next().await.is_some() {} // one that panicked has reported nothing: it failed
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
