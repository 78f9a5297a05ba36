//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, asyncio: one thread, one event loop, a task for each day.
//! How it waits: the thread sleeps in `epoll_wait` until the server has answered any day, then runs that day's task.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s.
//!
//!     cargo run --release -p prices-tokio -- BASE_URL

use std::time::{Duration, Instant};
use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Parser, value_parser};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use memory_sampler::MemorySampler;
use reqwest::{Client, redirect::Policy};
use serde::Deserialize;
use tokio::{runtime::Builder, sync::Semaphore, task::JoinSet, time};
use url::Url;

/// Fetches bus prices, all days at once.
#[derive(Parser)]
struct Args {
    /// Where the server is, as http://host:port
    #[arg(value_name = "BASE_URL", value_parser = base_url)]
    base: String,
    /// How many days from 2026-01-01 on
    #[arg(long, value_name = "N", default_value = "100", value_parser = value_parser!(u16).range(1..=10_000))]
    days: u16,
    /// How long one day may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// Where to write this program's memory over time
    #[arg(long, value_name = "FILE")]
    memory: Option<PathBuf>,
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Threads of the event loop
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u16).range(1..=1024))]
    threads: u16,
}

/// What the server tells of a day, as far as it is needed.
#[derive(Deserialize)]
struct Departures {
    departures: Vec<Departure>,
}

#[derive(Deserialize)]
struct Departure {
    price: u32,
}

/// Cheapest and mean price.
type Day = (f64, f64);

/// Fetches the prices of a day, over a connection of its own.
async fn fetch(client: &Client, base: &str, date: Date) -> Result<Day> {
    let response = client.get(format!("{base}/prices?date={date}")).send().await?;
    let text = response.error_for_status()?.text().await?;
    parse(&text)
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let _memory = args.memory.as_deref().map(MemorySampler::start).transpose()?;
    let dates = date(2026, 1, 1).series(1.day()).take(args.days.into());
    let total = args.days.into();

    let mut runtime =
        if args.threads > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let runtime = runtime.worker_threads(args.threads.into()).enable_all().build()?;
    let client = client()?;
    let days = runtime.block_on(async {
        let slots = Arc::new(Semaphore::new(args.concurrency.map_or(total, NonZeroUsize::get).min(total)));
        let mut tasks = JoinSet::new();
        for date in dates {
            let (client, base, slots) = (client.clone(), args.base.clone(), slots.clone());
            tasks.spawn(async move {
                let _slot = slots.acquire().await;
                let day = time::timeout(args.timeout, fetch(&client, &base, date)).await;
                (date, day.unwrap_or_else(|_| Err(anyhow!("no answer in {:?}", args.timeout))))
            });
        }
        tasks.join_all().await
    });

    let ok = report(days);
    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Finds the cheapest and the mean price; the server tells them in cents.
fn parse(text: &str) -> Result<Day> {
    let Departures { departures } = serde_json::from_str(text)?;
    let prices = departures.iter().map(|departure| f64::from(departure.price) / 100.0);
    let cheapest = prices.clone().reduce(f64::min).context("no departures")?;
    Ok((cheapest, prices.sum::<f64>() / departures.len() as f64))
}

/// Prints the days in order, on stderr those that failed; returns the number of the others.
fn report(mut days: Vec<(Date, Result<Day>)>) -> usize {
    days.sort_by_key(|(date, _)| *date);
    for (date, day) in &days {
        match day {
            Ok((cheapest, mean)) => println!("{date} cheapest {cheapest:.2} mean {mean:.2}"),
            Err(error) => eprintln!("{date}: {error:#}"),
        }
    }
    let ok = days.iter().filter_map(|(date, day)| Some((day.as_ref().ok()?.0, date)));
    if let Some((cheapest, date)) = ok.clone().min_by(|a, b| a.0.total_cmp(&b.0)) {
        println!("Cheapest day: {date} at {cheapest:.2}");
    }
    ok.count()
}

/// The HTTP client: a connection a request, as every model has it.
fn client() -> Result<Client> {
    Ok(Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).no_proxy().build()?)
}

/// Checks the server's address, more strictly than the client does.
fn base_url(text: &str) -> Result<String> {
    let url: Url = text.parse()?;
    ensure!(url.scheme() == "http", "not an http:// URL; no TLS is built in");
    Ok(text.trim_end_matches('/').to_owned())
}

/// Parses a time in seconds; zero would mean never, and too much overflows a clock.
fn seconds(text: &str) -> Result<Duration> {
    let time = Duration::try_from_secs_f64(text.parse()?)?;
    ensure!(!time.is_zero() && time <= Duration::from_hours(24), "must be more than 0, and a day at most");
    Ok(time)
}
