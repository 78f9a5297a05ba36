//! Fetches the bus prices of 100 days, as many at once as the pool has threads.
//!
//! Mirrors article 4, multithreading: a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `recv` until its day's prices arrive; the kernel wakes it.
//! Expected wall time: 100 days ÷ 6 threads (2 CPUs), rounded up, × 0.29 s = 4.9 s;
//! with `--concurrency 100` 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-threaded -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url};
use threadpool::ThreadPool;
use ureq::{Agent, unversioned::transport::DefaultConnector};
use ureq_extras::{Names, cause};

/// Fetches bus prices, as many days at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let _memory = common.memory()?;
    let tally = common.tally()?;
    let threads = limits::allow_connections(concurrency, common.count())?;
    let pool = limits::start(|| ThreadPool::new(threads))?;
    let client = client(common.timeout);
    for (date, url) in common.days() {
        let (client, tally) = (client.clone(), tally.clone());
        pool.execute(move || {
            let day = fetch(&client, &url);
            tally.report(date, day);
        });
    }
    pool.join();
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
