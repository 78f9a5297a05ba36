//! Downloads 3 web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio"; it sleeps for 2 s, here the server takes 2 s to answer.
//! How it waits: the thread hands the kernel whole receives, buffers included, and sleeps in `io_uring_enter` until
//! any is complete, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-compio -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use compio::runtime::{self, ResumeUnwind};
use compio::{io::compat::AsyncStream, net::TcpStream, time::timeout};
use tokio::sync::Semaphore;
use web_pages::{Url, catch_panic_async};

/// Downloads web pages, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Pages downloaded at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    compio_executor::executor()?.block_on(run(args))
}

async fn run(Args { common, concurrency }: Args) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.urls.len())?));
    let mut tasks = Vec::new();
    for url in common.urls {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(runtime::spawn(async move {
            let _permit = permit;
            tally.start(&url);
            match timeout(common.timeout, catch_panic_async(download(&url))).await {
                Ok(size) => tally.report(&url, size),
                Err(_) => tally.timed_out(&url),
            }
        }));
    }
    for task in tasks {
        task.await.resume_unwind(); // a dropped task would be cancelled
    }
    tally.exit()
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
async fn download(url: &Url) -> Result<usize> {
    let stream = mini_http::connect(url, TcpStream::connect).await?;
    let stream = AsyncStream::with_capacity(512, stream); // by default 8 KiB each way
    let answer = mini_http::get(stream, url).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body().len())
}
