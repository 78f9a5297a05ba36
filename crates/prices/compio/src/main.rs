//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, asyncio: an event loop, and a task for each day.
//! How it waits: the thread hands the kernel whole receives, buffers included, and sleeps in `io_uring_enter` until
//! any is complete, then runs that day's task.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-compio -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use compio::runtime::{self, ResumeUnwind};
use compio::{io::compat::AsyncStream, net::TcpStream, time::timeout};
use futures_lite::future::yield_now;
use prices_days::{Day, Url, catch_panic_async};
use tokio::sync::Semaphore;

/// Fetches bus prices, all days at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    compio_executor::executor()?.block_on(run(args))
}

async fn run(Args { common, concurrency }: Args) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.count())?));
    let mut tasks = Vec::new();
    for (date, url) in common.days() {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(runtime::spawn(async move {
            let _permit = permit;
            match timeout(common.timeout, catch_panic_async(fetch(&url))).await {
                Ok(day) => tally.report(date, day),
                Err(_) => tally.timed_out(date),
            }
        }));
        yield_now().await; // the first days are asked for while the last are still being connected to
    }
    for task in tasks {
        task.await.resume_unwind(); // a dropped task would be cancelled
    }
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
async fn fetch(url: &Url) -> Result<Day> {
    let stream = mini_http::connect(url, TcpStream::connect).await?;
    let stream = AsyncStream::with_capacity(512, stream); // by default 8 KiB each way
    let answer = mini_http::get(stream, url).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body())
}
