//! Asks MySQL hosts with `buffer_unordered` over spawned tasks: they run while the body of the loop waits.
//!
//! Order: as they answer.
//! A panic in one item: fails that item.
//! Dropping the whole: leaves the tasks running.
//! Allocated for each item: a task, and a node of the stream's list: at most M at once.
//!
//!     cargo run --release --bin shapes-slow-body-spawned -- --urls target/lab/db.urls

use futures::{StreamExt, stream};
use shapes_hosts::Job;
use tokio::time::{sleep, timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (Job { hosts, limit, deadline, tally }, write) = Job::with_slow_writer()?;
    let mut tasks = stream::iter(hosts)
        .map(|host| tokio::spawn(async move { (timeout(deadline, host.ask()).await, host) }))
        .buffer_unordered(limit);
    while let Some(task) = tasks.next().await {
        sleep(write).await;
        match task {
            Ok((row, host)) => tally.report(&host, row),
            Err(_panic) => {} // its host is named at the end
        }
    }
    tally.exit()
}
