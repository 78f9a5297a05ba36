//! Asks MySQL hosts in chunks: `join_all` for each chunk. Each chunk waits for its slowest host.
//!
//! Order: kept.
//! A panic in one item: ends the program; all items are parts of one task.
//! Dropping the whole: drops the items of the chunk where they wait.
//! Allocated for each item: its future, in a list of the chunk: at most M at once.
//!
//!     cargo run --release --bin shapes-chunks -- --urls target/lab/db.urls

use futures::future::join_all;
use shapes_hosts::Job;
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    for chunk in hosts.chunks(limit) {
        let rows = join_all(chunk.iter().map(|host| timeout(deadline, host.ask()))).await;
        for (host, row) in chunk.iter().zip(rows) {
            tally.report(host, row);
        }
    }
    tally.exit()
}
