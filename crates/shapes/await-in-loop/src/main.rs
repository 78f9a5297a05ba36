//! Asks MySQL hosts one after another: an `await` in a loop. Async code alone is not concurrent.
//!
//! Order: kept.
//! A panic in one item: ends the program.
//! Dropping the whole: drops the item that waits.
//! Allocated for each item: nothing: its future is a part of this function's.
//!
//!     cargo run --release --bin shapes-await-in-loop -- --urls target/lab/db.urls

use shapes_hosts::Job;
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, deadline, tally, .. } = Job::from_args()?;
    for host in &hosts {
        let row = timeout(deadline, host.ask()).await;
        tally.report(host, row);
    }
    tally.exit()
}
