//! Fetches the bus prices of 100 days, one day after the other.
//!
//! Mirrors article 4, "Synchronous processing".
//! How it waits: the one thread blocks in `recv` until the server has answered.
//! Expected wall time: 100 days × 0.29 s = 29 s.
//!
//!     cargo run --release -p prices-sequential -- BASE_URL

use std::time::{Duration, Instant};
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, ensure};
use prices_days::Day;
use clap::{Parser, value_parser};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use memory_sampler::MemorySampler;
use ureq::Agent;

/// Fetches bus prices, one day after the other.
#[derive(Parser)]
struct Args {
    /// Where the server is, as http://host:port
    #[arg(value_name = "BASE_URL", value_parser = prices_days::base_url)]
    base: String,
    /// How many days from 2026-01-01 on
    #[arg(long, value_name = "N", default_value = "100", value_parser = value_parser!(u16).range(1..=10_000))]
    days: u16,
    /// How long each step of a day may take: connect, send, answer, body
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
    /// Where to write this program's memory over time
    #[arg(long, value_name = "FILE", value_parser = memory_sampler::writable)]
    memory: Option<PathBuf>,
}

/// Fetches the prices of a day, over a connection of its own.
fn fetch(agent: &Agent, base: &str, date: Date, timeout: Duration) -> Result<Day> {
    let start = Instant::now();
    let answer = agent.get(format!("{base}/prices?date={date}")).call();
    let text = answer.and_then(|mut answer| answer.body_mut().read_to_string());
    ensure!(text.is_ok() || start.elapsed() < timeout, "no answer in {timeout:?}");
    prices_days::parse(text?)
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

    let ok = prices_days::report(days);
    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// The HTTP client: a connection a request, as every model has it, and small buffers: ureq's take 256 KiB.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder().max_idle_connections(0).max_redirects(0).proxy(None);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10);
    // A limit for all of them together would cost a thread a request, to look up the host's name.
    let config = config.timeout_connect(Some(timeout)).timeout_send_request(Some(timeout));
    config.timeout_recv_response(Some(timeout)).timeout_recv_body(Some(timeout)).build().into()
}
