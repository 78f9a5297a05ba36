//! Fetches from databases that take 3 s, as many at once as the pool has threads.
//!
//! Mirrors article 3, "Threadpool example": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool blocks in `clock_nanosleep` until its time is over.
//! Expected wall time: 2 tasks ÷ 2 at once × 3 s = 3 s; 1000 tasks ÷ 6 threads (2 CPUs) × 3 s ≈ 501 s;
//! with `--concurrency 1000` 3 s.
//!
//!     cargo run --release -p sleep-threaded -- dog cat

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{num::NonZeroUsize, process::ExitCode, sync::mpsc, thread};

use anyhow::{Result, ensure};
use clap::{Parser, value_parser};
use threadpool::Builder;

/// Tasks that fit into 1 GiB: a waiting one takes 0.6 KiB on an event loop.
const MAX_TASKS: i64 = 1_000_000;

/// Fetches from databases that take their time, as many at once as the pool has threads.
#[derive(Parser)]
struct Args {
    /// Names of the databases
    #[arg(value_name = "NAME", default_values = ["dog", "cat"])]
    names: Vec<String>,
    /// Take the names 0 to N-1
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=MAX_TASKS), conflicts_with = "names")]
    tasks: Option<u32>,
    /// How long one database takes
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    seconds: Duration,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

/// Stands for a query that takes so long.
fn fetch_database(name: &str, time: Duration) {
    println!("Fetching database {name} {}", thread_name());
    thread::sleep(time);
    println!("Done fetching database {name} {}", thread_name());
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let names = args.tasks.map_or(args.names, |n| (0..n).map(|i| i.to_string()).collect());
    let total = names.len();

    println!("This is executing on {}", thread_name());
    let threads = args.concurrency.get().min(total);
    let pool = Builder::new().num_threads(threads).thread_name("ThreadPool".into());
    let pool = limits::start(|| pool.build());
    let (sender, receiver) = mpsc::channel();
    for name in names {
        let sender = sender.clone();
        pool.execute(move || {
            fetch_database(&name, args.seconds);
            let _ = sender.send(());
        });
    }
    drop(sender);
    println!("This is still running in {}", thread_name());
    let ok = receiver.iter().count();

    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// The name of this thread; those of a pool, which share one, are numbered as they come.
fn thread_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Relaxed));
    match thread::current().name() {
        Some(pool) if pool != "main" => NUMBER.with(|number| format!("{pool}-{number}")),
        _ => "main".into(),
    }
}

/// Parses a time in seconds.
fn seconds(text: &str) -> Result<Duration> {
    let time = Duration::try_from_secs_f64(text.parse()?)?;
    ensure!(time <= Duration::from_hours(24), "must be a day at most");
    Ok(time)
}
