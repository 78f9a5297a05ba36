//! Fetches from databases that take 3 s, all at once.
//!
//! Mirrors article 3, "Asyncio example": the same shape on another event loop, here on io_uring.
//! How it waits: the thread sleeps in `io_uring_enter` until the first timer is over, then runs that timer's task.
//! glommio starts a task when it is spawned, so the first lines come in another order.
//! Expected wall time: 2 or 1000 tasks, all at once, × 3 s = 3 s.
//!
//!     cargo run --release -p sleep-glommio -- dog cat

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{num::NonZeroUsize, process::ExitCode, rc::Rc, thread};

use anyhow::{Result, ensure};
use clap::{Parser, value_parser};
use glommio::{sync::Semaphore, timer};

/// Tasks that fit into 1 GiB: a waiting one takes 0.6 KiB on an event loop.
const MAX_TASKS: i64 = 1_000_000;

/// Fetches from databases that take their time, all at once.
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
    /// Databases fetched from at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

/// Stands for a query that takes so long.
async fn fetch_database(name: &str, time: Duration) {
    println!("Fetching database {name} {}", thread_name());
    timer::sleep(time).await;
    println!("Done fetching database {name} {}", thread_name());
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let names = args.tasks.map_or(args.names, |n| (0..n).map(|i| i.to_string()).collect());
    let total = names.len();
    let executor = glommio_executor::executor()?;

    println!("This is executing on {}", thread_name());
    let ok = executor.run(async {
        let at_once = args.concurrency.map_or(total, NonZeroUsize::get).min(total);
        let slots = Rc::new(Semaphore::new(at_once as u64));
        let mut tasks = Vec::new();
        for name in names {
            let slots = slots.clone();
            tasks.push(glommio::spawn_local(async move {
                let _slot = slots.acquire_permit(1).await;
                fetch_database(&name, args.seconds).await;
            }));
        }
        println!("This is still running in {}", thread_name());
        let mut ok = 0;
        for task in tasks {
            task.await;
            ok += 1;
        }
        ok
    });

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
