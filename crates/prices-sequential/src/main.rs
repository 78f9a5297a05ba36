//! Fetches the bus prices of 100 days, one day after the other.
//!
//! Mirrors article 4, "Synchronous processing".
//! How it waits: the one thread blocks in `recv` until the server has answered.
//! Expected wall time: 100 days × 0.29 s = 29 s.
//!
//!     cargo run --release -p prices-sequential -- BASE_URL

use std::time::{Duration, Instant};
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, ensure};
use clap::{Parser, value_parser};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use memory_sampler::MemorySampler;
use serde::Deserialize;
use ureq::Agent;
use url::Url;

/// Fetches bus prices, one day after the other.
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

    let agent = agent(args.timeout);
    let mut days = Vec::new();
    for date in dates {
        days.push((date, fetch(&agent, &args.base, date, args.timeout)));
    }

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
