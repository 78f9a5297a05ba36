//! Asks MySQL hosts with `buffer_unordered`: a limit without tasks, `Arc` or `'static`.
//!
//! Order: as they answer.
//! A panic in one item: ends the program; all items are parts of one task.
//! Dropping the whole: drops the items in flight where they wait.
//! Allocated for each item: its future, in a node of the stream's list: at most M at once.
//!
//!     cargo run --release --bin shapes-buffer-unordered -- --urls target/lab/db.urls

use futures::{StreamExt, stream};
use shapes_hosts::Job;
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let mut rows = stream::iter(&hosts)
        .map(async |host| (host, timeout(deadline, host.ask()).await))
        .buffer_unordered(limit);
    while let Some((host, row)) = rows.next().await {
        tally.report(host, row);
    }
    tally.exit()
}
