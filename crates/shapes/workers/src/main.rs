//! Asks MySQL hosts by a fixed crew: M tasks take hosts from one channel until it is closed and empty.
//!
//! Order: as they answer.
//! A panic in one item: ends its worker, and the crew is one smaller.
//! Dropping the whole: cancels the workers where they wait.
//! Allocated for each item: nothing; a task for each worker, and room for M hosts in the channel.
//!
//!     cargo run --release --bin shapes-workers -- --urls target/lab/db.urls

use std::time::Duration;

use async_channel::Receiver;
use shapes_hosts::{Host, Job, Tally};
use tokio::{task::JoinSet, time::timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let (sender, receiver) = async_channel::bounded(limit);
    let mut crew: JoinSet<()> = (0..limit).map(|_| work(receiver.clone(), deadline, tally.clone())).collect();
    drop(receiver); // only the crew receives: once it is gone, `send` fails instead of waiting for ever
    for host in hosts {
        let Ok(()) = sender.send(host).await else { break };
    }
    sender.close();
    while crew.join_next().await.is_some() {}
    tally.exit()
}

async fn work(hosts: Receiver<Host>, deadline: Duration, tally: Tally) {
    while let Ok(host) = hosts.recv().await {
        tally.report(&host, timeout(deadline, host.ask()).await);
    }
}
