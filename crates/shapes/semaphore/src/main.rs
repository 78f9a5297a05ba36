//! Asks MySQL hosts in tasks, with a permit taken before the spawn: the semaphore also limits the tasks.
//!
//! Order: as they answer.
//! A panic in one item: fails that item; its permit is given back.
//! Dropping the whole: leaves the tasks running.
//! Allocated for each item: a task, from its permit until its end: at most M at once.
//!
//!     cargo run --release --bin shapes-semaphore -- --urls target/lab/db.urls

use std::sync::Arc;

use shapes_hosts::Job;
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::task::TaskTracker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let (permits, tasks) = (Arc::new(Semaphore::new(limit)), TaskTracker::new());
    for host in hosts {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let tally = tally.clone();
        tasks.spawn(async move {
            let row = timeout(deadline, host.ask()).await;
            tally.report(&host, row);
            drop(permit);
        });
    }
    tasks.close();
    tasks.wait().await;
    tally.exit()
}
