//! Asks MySQL hosts in tasks that each take a permit inside: the semaphore limits the work, and all tasks exist at once.
//!
//! Order: as they answer.
//! A panic in one item: fails that item; its permit is given back.
//! Dropping the whole: cancels the tasks where they wait.
//! Allocated for each item: a task, until its result is taken: all at once.
//!
//!     cargo run --release --bin shapes-semaphore-inside -- --urls target/lab/db.urls

use std::sync::Arc;

use shapes_hosts::Job;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let (permits, mut tasks) = (Arc::new(Semaphore::new(limit)), JoinSet::new());
    for host in hosts {
        let permits = permits.clone();
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            (timeout(deadline, host.ask()).await, host)
        });
    }
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok((row, host)) => tally.report(&host, row),
            Err(_panic) => {} // its host is named at the end
        }
    }
    tally.exit()
}
