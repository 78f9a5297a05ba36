//! Downloads 3 web pages, as many at once as the pool has threads.
//!
//! Mirrors article 2, "Multithreading": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `recv` until its page arrives; the kernel wakes it.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-threaded -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use threadpool::ThreadPool;
use ureq::{Agent, unversioned::transport::DefaultConnector};
use ureq_extras::{Names, cause};
use web_pages::Url;

/// Downloads web pages, as many at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let threads = limits::allow_connections(concurrency, common.urls.len())?;
    let pool = limits::start(|| ThreadPool::new(threads))?;
    let client = client(common.timeout);
    for url in common.urls {
        let (client, tally) = (client.clone(), tally.clone());
        pool.execute(move || {
            tally.start(&url);
            let size = download(&client, &url);
            tally.report(&url, size);
        });
    }
    pool.join();
    Ok(tally.finish())
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
fn download(client: &Agent, url: &Url) -> Result<usize> {
    let mut answer = client.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let page = answer.body_mut().with_config().limit(u64::MAX).read_to_vec(); // 10 MiB by default
    Ok(page.map_err(cause)?.len())
}

/// The HTTP client: a connection for each page, no redirects, no proxy, no TLS.
fn client(timeout: Duration) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout)).max_idle_connections(0).proxy(None);
    let config = config.max_redirects(0).http_status_as_error(false);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10).build(); // 128 KiB each by default
    Agent::with_parts(config, DefaultConnector::default(), Names)
}
