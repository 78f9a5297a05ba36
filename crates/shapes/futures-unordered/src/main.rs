//! Asks MySQL hosts with a `FuturesUnordered` that is refilled: what `buffer_unordered` is made of.
//!
//! Order: as they answer.
//! A panic in one item: ends the program; all items are parts of one task.
//! Dropping the whole: drops the items in flight where they wait.
//! Allocated for each item: its future, in a node of the list: at most M at once.
//!
//!     cargo run --release --bin shapes-futures-unordered -- --urls target/lab/db.urls

use futures::{StreamExt, stream::FuturesUnordered};
use shapes_hosts::Job;
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let mut asks = hosts.iter().map(async |host| (host, timeout(deadline, host.ask()).await));
    let mut asked: FuturesUnordered<_> = asks.by_ref().take(limit).collect();
    while let Some((host, row)) = asked.next().await {
        asked.extend(asks.next());
        tally.report(host, row);
    }
    tally.exit()
}
