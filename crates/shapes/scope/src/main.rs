//! Asks MySQL hosts on scoped threads of std: M of them share one iterator, and the driver blocks.
//!
//! Order: as they answer.
//! A panic in one item: ends its thread; when the others are done, `scope` panics and ends the program.
//! Dropping the whole: is not possible: `scope` returns when all threads have ended.
//! Allocated for each item: nothing; a stack for each thread.
//!
//!     cargo run --release --bin shapes-scope -- --urls target/lab/db.urls

use std::{sync::Mutex, thread};

use shapes_hosts::Job;

fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let hosts = Mutex::new(hosts.iter());
    let next = || hosts.lock().expect("next() does not panic").next();
    let work = || {
        while let Some(host) = next() {
            tally.report(host, Ok(host.ask_blocking(deadline)));
        }
    };
    thread::scope(|scope| {
        // `scope.spawn` would panic where the system starts no more threads.
        (0..limit).try_for_each(|_| thread::Builder::new().spawn_scoped(scope, work).map(drop))
    })?;
    tally.exit()
}
