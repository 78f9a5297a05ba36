//! Asks MySQL hosts with `for_each_concurrent`: `buffer_unordered` without a stream of results.
//!
//! Order: as they answer.
//! A panic in one item: ends the program; all items are parts of one task.
//! Dropping the whole: drops the items in flight where they wait.
//! Allocated for each item: its future, in a node of a list: at most M at once.
//!
//!     cargo run --release --bin shapes-for-each-concurrent -- --urls target/lab/db.urls

use futures::{StreamExt, stream};
use shapes_hosts::Job;
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    stream::iter(&hosts)
        .for_each_concurrent(limit, async |host| {
            let row = timeout(deadline, host.ask()).await;
            tally.report(host, row);
        })
        .await;
    tally.exit()
}
