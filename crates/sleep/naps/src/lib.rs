//! Shared by all sleep programs: arguments, and the lines that article 3 prints. Nothing here knows a concurrency
//! model.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use clap::value_parser;
pub use tally::Tally;

/// As many tasks as fit into 1 GiB on an event loop.
const MAX_TASKS: i64 = 1_000_000;

/// The arguments that all sleep programs have.
#[derive(clap::Args)]
#[group(skip)] // its name would be that of each program's own `Args`
pub struct Args {
    /// Names of the databases
    #[arg(value_name = "NAME", default_values = ["dog", "cat"])]
    names: Vec<String>,
    /// Take the names 0 to N-1
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=MAX_TASKS), conflicts_with = "names")]
    tasks: Option<u32>,
    /// How long one database takes
    #[arg(long = "seconds", value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    pub time: Duration,
}

impl Args {
    /// The databases to fetch from.
    pub fn names(&self) -> Vec<String> {
        self.tasks.map_or_else(|| self.names.clone(), |count| (0..count).map(|i| i.to_string()).collect())
    }

    /// Prints the first line; counts and prints the naps that follow.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn tally(&self, naps: usize) -> Result<Tally> {
        let tally = Tally::buffered(naps)?;
        tally.print(format_args!("This is executing on {}", thread_name()));
        Ok(tally)
    }
}

/// The line of a main task that has started all others.
pub fn still_running() -> String {
    format!("This is still running in {}", thread_name())
}

/// The line of a nap that begins.
pub fn fetching(name: &str) -> String {
    format!("Fetching database {name} {}", thread_name())
}

/// The line of a nap that is over.
pub fn done(name: &str) -> String {
    format!("Done fetching database {name} {}", thread_name())
}

/// The name of this thread. Those of a pool, which share a name or have none, are numbered as they come.
#[inline(never)] // a coroutine may wake on another thread, whose name and number must then be looked up
fn thread_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Relaxed));
    match thread::current().name() {
        Some("main") => "main".into(),
        pool => NUMBER.with(|number| format!("{}-{number}", pool.unwrap_or("thread"))),
    }
}

/// Parses a time in seconds, which may be 0.
fn seconds(text: &str) -> Result<Duration> {
    let time = Duration::try_from_secs_f64(text.parse()?)?;
    ensure!(time <= Duration::from_hours(24), "must be a day at most");
    Ok(time)
}
