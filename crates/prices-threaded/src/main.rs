//! Fetches the bus prices of 100 days, as many days at once as the pool has threads.
//!
//! Mirrors article 4, multithreading: a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool blocks in `recv` until the server has answered.
//! Expected wall time: 100 days ÷ 6 threads (2 CPUs) × 0.29 s ≈ 4.9 s; with `--concurrency 100` 0.29 s.
//!
//!     cargo run --release -p prices-threaded -- BASE_URL

use std::time::{Duration, Instant};
use std::{fs, num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::mpsc, thread};

use anyhow::{Context, Error, Result, ensure};
use clap::{Parser, value_parser};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use memory_sampler::MemorySampler;
use serde::Deserialize;
use threadpool::ThreadPool;
use ureq::Agent;
use url::Url;

/// Fetches bus prices, as many days at once as the pool has threads.
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
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = threads)]
    concurrency: NonZeroUsize,
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
fn fetch(agent: &Agent, base: &str, date: Date, timeout: Duration) -> Result<Day> {
    let start = Instant::now();
    let answer = agent.get(format!("{base}/prices?date={date}")).call();
    let text = answer.and_then(|mut answer| answer.body_mut().read_to_string());
    ensure!(text.is_ok() || start.elapsed() < timeout, "no answer in {timeout:?}");
    parse(&text?)
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let _memory = args.memory.as_deref().map(MemorySampler::start).transpose()?;
    let dates = date(2026, 1, 1).series(1.day()).take(args.days.into());
    let total = args.days.into();

    let pool = ThreadPool::new(args.concurrency.get().min(total));
    let agent = agent(args.timeout);
    let (sender, receiver) = mpsc::channel();
    for date in dates {
        let (agent, base, sender) = (agent.clone(), args.base.clone(), sender.clone());
        pool.execute(move || {
            let _ = sender.send((date, fetch(&agent, &base, date, args.timeout)));
        });
    }
    drop(sender);
    let days = receiver.iter().collect();

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

/// The HTTP client: a connection a request, as every model has it, and small buffers: ureq's take 256 KiB.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder().max_idle_connections(0).max_redirects(0).proxy(None);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10);
    // A limit for all of them together would cost a thread a request, to look up the host's name.
    let config = config.timeout_connect(Some(timeout)).timeout_send_request(Some(timeout));
    config.timeout_recv_response(Some(timeout)).timeout_recv_body(Some(timeout)).build().into()
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

/// Parses a number of threads. Each takes 4 memory maps, and std aborts when there are none left.
fn threads(text: &str) -> Result<NonZeroUsize> {
    let limit = |name| Ok::<usize, Error>(fs::read_to_string(format!("/proc/sys/{name}"))?.trim().parse()?);
    // A user may have half of threads-max; the program itself needs some, too.
    let most = (limit("vm/max_map_count")? / 4).min(limit("kernel/threads-max")? / 2).saturating_sub(300);
    let threads: NonZeroUsize = text.parse()?;
    ensure!(threads.get() <= most, "at most {most}; raise sysctl vm.max_map_count, kernel.threads-max");
    Ok(threads)
}

/// As many as Python's ThreadPoolExecutor starts.
fn default_threads() -> NonZeroUsize {
    let cpus = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(32.min(cpus + 4)).expect("more than 0")
}
