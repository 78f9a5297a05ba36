//! Downloads 3 web pages, as many at once as there are worker processes.
//!
//! Mirrors article 2, "Multiprocessing": a worker process for each CPU, as Python's ProcessPoolExecutor.
//! How it waits: each worker sleeps in `recv` until its page arrives, and is then handed the next page over a pipe.
//! In the parent a thread per worker sleeps in `read` until that worker has answered.
//! Expected wall time: 3 pages ÷ 2 processes (2 CPUs), rounded up, × 2 s = 4 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-multiprocess -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use ureq::Agent;
use ureq_extras::cause;
use web_pages::Url;
use workers::Workers;

/// Downloads web pages, as many at once as there are worker processes.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = limits::default_processes())]
    concurrency: NonZeroUsize,
}

fn main() -> Result<()> {
    workers::serve_and_exit(|(url, timeout): (Url, Duration)| download(&ureq_extras::agent(timeout), &url));
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let workers = Workers::start(limits::allow_processes(concurrency, common.urls.len())?)?;
    let jobs = common.urls.into_iter().inspect(|url| tally.start(url)).map(|url| (url, common.timeout));
    workers.map(jobs, common.timeout, |(url, _), size| tally.report(url, size))?;
    tally.exit()
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
fn download(agent: &Agent, url: &Url) -> Result<usize> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body_mut().read_to_vec().map_err(cause)?.len())
}
