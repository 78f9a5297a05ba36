//! Asks MySQL hosts with a `JoinSet` that is refilled: each item is a task, and the set owns it.
//!
//! Order: as they answer.
//! A panic in one item: fails that item.
//! Dropping the whole: cancels the tasks where they wait.
//! Allocated for each item: a task, until its result is taken: at most M at once.
//!
//!     cargo run --release --bin shapes-joinset -- --urls target/lab/db.urls

use shapes_hosts::Job;
use tokio::{task::JoinSet, time::timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let (mut waiting, mut tasks) = (hosts.into_iter(), JoinSet::new());
    loop {
        while tasks.len() < limit
            && let Some(host) = waiting.next()
        {
            tasks.spawn(async move { (timeout(deadline, host.ask()).await, host) });
        }
        match tasks.join_next().await {
            Some(Ok((row, host))) => tally.report(&host, row),
            Some(Err(_panic)) => {} // its host is named at the end
            None => tally.exit(),
        }
    }
}
