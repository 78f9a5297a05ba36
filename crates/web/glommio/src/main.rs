//! Downloads 3 web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio"; where that sleeps for 2 s, here the server takes them to answer.
//! How it waits: the thread sleeps in `io_uring_enter` until any page arrives, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-glommio -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use glommio::net::TcpStream;
use glommio_executor::{executor, spawn, timeout, yield_now};
use tokio::sync::Semaphore;
use web_pages::{Url, late};

/// Downloads web pages, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Pages downloaded at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    executor()?.run(run(common, concurrency))
}

async fn run(common: web_pages::Args, concurrency: Option<NonZeroUsize>) -> Result<ExitCode> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.urls.len())?));
    let mut tasks = Vec::new();
    for url in common.urls {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(spawn(async move {
            let _permit = permit;
            tally.start(&url);
            let size = timeout(common.timeout, download(&url)).await;
            tally.report(&url, size.unwrap_or_else(late));
        }));
        yield_now().await; // the first pages are asked for while the last are still being connected to
    }
    for task in tasks {
        let _ = task.await; // one that panicked has reported nothing: it failed
    }
    Ok(tally.finish())
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
async fn download(url: &Url) -> Result<usize> {
    let stream = mini_http::connect(url, TcpStream::connect).await?;
    let answer = mini_http::get(stream, url).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body().len())
}
