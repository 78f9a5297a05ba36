//! Downloads 3 web pages, as many at once as the pool has threads.
//!
//! Mirrors article 2, "Multithreading": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool sleeps in `recv` until its page arrives; the kernel wakes it.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-threaded -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::num::NonZeroUsize;

use anyhow::{Result, ensure};
use clap::Parser;
use threadpool::ThreadPool;
use ureq::Agent;
use ureq_extras::cause;
use web_pages::{Url, catch_panic};

/// Downloads web pages, as many at once as the pool has threads.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let threads = limits::allow_connections(concurrency, common.urls.len())?;
    let pool = limits::start(|| ThreadPool::new(threads))?;
    let agent = ureq_extras::agent(common.timeout);
    for url in common.urls {
        let (agent, tally) = (agent.clone(), tally.clone());
        pool.execute(move || {
            tally.start(&url);
            let size = catch_panic(|| download(&agent, &url));
            tally.report(&url, size);
        });
    }
    pool.join();
    tally.exit()
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
fn download(agent: &Agent, url: &Url) -> Result<usize> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body_mut().read_to_vec().map_err(cause)?.len())
}
