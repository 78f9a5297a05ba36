//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, asyncio: the same shape on another event loop, here on io_uring by completion.
//! How it waits: the thread hands the kernel a whole receive, buffer included, and sleeps in `io_uring_enter` until
//! any is complete, then runs that day's task.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s.
//!
//!     cargo run --release -p prices-compio -- BASE_URL

use std::time::{Duration, Instant};
use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Result, anyhow};
use prices_days::Day;
use clap::{Parser, value_parser};
use compio::{runtime::Runtime, time};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use memory_sampler::MemorySampler;
use tokio::sync::Semaphore;

/// Fetches bus prices, all days at once.
#[derive(Parser)]
struct Args {
    /// Where the server is, as http://host:port
    #[arg(value_name = "BASE_URL", value_parser = prices_days::base_url)]
    base: String,
    /// How many days from 2026-01-01 on
    #[arg(long, value_name = "N", default_value = "100", value_parser = value_parser!(u16).range(1..=10_000))]
    days: u16,
    /// How long one day may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
    /// Where to write this program's memory over time
    #[arg(long, value_name = "FILE", value_parser = memory_sampler::writable)]
    memory: Option<PathBuf>,
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

/// Fetches the prices of a day, over a connection of its own.
async fn fetch(base: &str, date: Date) -> Result<Day> {
    prices_days::parse(compio_hyper::get(&format!("{base}/prices?date={date}")).await?)
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let runtime = Runtime::new().map_err(io_uring_check::explain)?;
    let _memory = args.memory.as_deref().map(MemorySampler::start).transpose()?;
    let dates = date(2026, 1, 1).series(1.day()).take(args.days.into());
    let total = args.days.into();
    let at_once = limits::connections(args.concurrency, total)?;

    let days = runtime.block_on(async {
        let slots = Arc::new(Semaphore::new(at_once));
        let mut tasks = Vec::new();
        for date in dates {
            let slot = slots.clone().acquire_owned().await; // waits here while all are taken
            let base = args.base.clone();
            tasks.push(compio::runtime::spawn(async move {
                let _slot = slot;
                let day = time::timeout(args.timeout, fetch(&base, date)).await;
                (date, day.unwrap_or_else(|_| Err(anyhow!("no answer in {:?}", args.timeout))))
            }));
        }
        let mut days = Vec::new();
        for task in tasks {
            days.extend(task.await); // one that panics is none
        }
        days
    });

    let ok = prices_days::report(days);
    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}
