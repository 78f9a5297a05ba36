//! Asks MySQL hosts with a driver that blocks, inside `tokio::spawn`: a blocked thread runs no other task.
//!
//! Order: as they answer.
//! A panic in one item: fails that item; its permit is given back.
//! Dropping the whole: leaves the tasks running.
//! Allocated for each item: a task, from its permit until its end: at most M at once.
//!
//!     cargo run --release --bin shapes-blocking-in-task -- --urls target/lab/db.urls

use std::sync::Arc;

use shapes_hosts::Job;
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::task::TaskTracker;

fn main() -> anyhow::Result<()> {
    let (Job { hosts, limit, deadline, tally }, runtime, every) = Job::with_runtime()?;
    runtime.block_on(async {
        let (permits, tasks) = (Arc::new(Semaphore::new(limit)), TaskTracker::new());
        for (number, host) in (1..).zip(hosts) {
            let (permit, tally) = (permits.clone().acquire_owned().await?, tally.clone());
            tasks.spawn(async move {
                let row = match number % every {
                    0 => Ok(host.ask_blocking(deadline)), // keeps this thread from all other tasks
                    _ => timeout(deadline, host.ask()).await,
                };
                tally.report(&host, row);
                drop(permit);
            });
        }
        tasks.close();
        tasks.wait().await;
        tally.exit()
    })
}
