//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, asyncio: one thread, one event loop, a task for each day.
//! How it waits: the thread sleeps in `epoll_wait` until the server has answered any day, then runs that day's task.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s.
//!
//!     cargo run --release -p prices-tokio -- BASE_URL

use std::time::{Duration, Instant};
use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Result, anyhow};
use prices_days::Day;
use clap::{Parser, value_parser};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use memory_sampler::MemorySampler;
use reqwest::{Client, redirect::Policy};
use tokio::{runtime::Builder, sync::Semaphore, task::JoinSet, time};

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
    /// Threads of the event loop
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u16).range(1..=1024))]
    threads: u16,
}

/// Fetches the prices of a day, over a connection of its own.
async fn fetch(client: &Client, base: &str, date: Date) -> Result<Day> {
    let response = client.get(format!("{base}/prices?date={date}")).send().await?;
    let text = response.error_for_status()?.text().await?;
    prices_days::parse(text)
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let _memory = args.memory.as_deref().map(MemorySampler::start).transpose()?;
    let dates = date(2026, 1, 1).series(1.day()).take(args.days.into());
    let total = args.days.into();
    let at_once = limits::connections(args.concurrency, total)?;

    let mut runtime =
        if args.threads > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let runtime = limits::start(|| runtime.worker_threads(args.threads.into()).enable_all().build())?;
    let client = client()?;
    let days = runtime.block_on(async {
        let slots = Arc::new(Semaphore::new(at_once));
        let mut tasks = JoinSet::new();
        for date in dates {
            let slot = slots.clone().acquire_owned().await; // waits here while all are taken
            let (client, base) = (client.clone(), args.base.clone());
            tasks.spawn(async move {
                let _slot = slot;
                let day = time::timeout(args.timeout, fetch(&client, &base, date)).await;
                (date, day.unwrap_or_else(|_| Err(anyhow!("no answer in {:?}", args.timeout))))
            });
        }
        tasks.join_all().await
    });

    let ok = prices_days::report(days);
    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// The HTTP client: a connection a request, as every model has it.
fn client() -> Result<Client> {
    Ok(Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).no_proxy().build()?)
}
