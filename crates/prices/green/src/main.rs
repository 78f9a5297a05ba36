//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, gevent: the blocking code of `prices-threaded`, on a coroutine with its own stack for each day.
//! How it waits: where the code would block in `recv`, may runs another coroutine, and sleeps in `epoll_wait`
//! when there is none.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s.
//!
//!     cargo run --release -p prices-green -- BASE_URL

mod transport;

use std::time::{Duration, Instant};
use std::{iter, num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc, sync::mpsc};

use anyhow::{Result, ensure};
use prices_days::Day;
use clap::{Parser, value_parser};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use may::{coroutine::Builder, sync::Semphore};
use memory_sampler::MemorySampler;
use ureq::{Agent, unversioned::resolver::DefaultResolver};

/// Stack of a coroutine in words of 8 bytes: 128 KiB, of which only what is used is resident.
const STACK: usize = 16 << 10;

/// Fetches bus prices, all days at once.
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
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
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
    let at_once = limits::connections(args.concurrency, total)?;
    limits::coroutines(total)?;

    // One thread, as gevent has. With two, one connection of some thousands failed with the error of another call: most
    // likely a coroutine that goes on in another thread reads that one's `errno`.
    may::config().set_workers(1);
    let slots = Arc::new(Semphore::new(at_once));
    let agent = agent(args.timeout);
    let (sender, receiver) = mpsc::channel();
    for date in dates {
        let (agent, base, sender, slots) = (agent.clone(), args.base.clone(), sender.clone(), slots.clone());
        let coroutine = move || {
            slots.wait();
            let _ = sender.send((date, fetch(&agent, &base, date, args.timeout)));
            slots.post();
        };
        // SAFETY: `fetch` fits the stack with room to spare. With one thread, what it keeps in thread-local storage is
        // its own when it goes on.
        #[expect(unsafe_code, reason = "may cannot check either")]
        limits::start(|| unsafe { Builder::new().stack_size(STACK).spawn(coroutine) })?;
    }
    drop(sender);
    // A coroutine that overflows its stack vanishes and keeps its sender. A day may take the timeout four times:
    // connect, send, answer, body. Nothing for longer means no more to come.
    let patience = args.timeout * 4 + Duration::from_secs(1);
    let days = iter::from_fn(|| receiver.recv_timeout(patience).ok()).collect();

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
    let config = config.timeout_recv_response(Some(timeout)).timeout_recv_body(Some(timeout)).build();
    Agent::with_parts(config, transport::MayConnector, DefaultResolver::default())
}
