//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, asyncio: an event loop, and a task for each day.
//! How it waits: a thread per CPU; one sleeps in `epoll_wait` until any prices arrive, the others until it wakes them.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-tokio-multi -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url, catch_panic_async};
use reqwest::Client;
use reqwest_extras::{body, cause};
use tokio::{runtime::Builder, sync::Semaphore, task::JoinSet, task::yield_now, time::timeout};

/// Fetches bus prices, all days at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Threads of the runtime
    #[arg(long, value_name = "N", env = "TOKIO_WORKER_THREADS", value_parser = limits::threads)]
    #[arg(default_value_t = limits::default_processes())]
    threads: NonZeroUsize,
}

fn main() -> Result<()> {
    let Args { common, concurrency, threads } = Args::parse();
    let runtime = Builder::new_multi_thread().enable_all().worker_threads(threads.get()).build()?;
    runtime.block_on(run(common, concurrency))
}

async fn run(common: prices_days::Args, concurrency: Option<NonZeroUsize>) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.count())?));
    let client = reqwest_extras::client()?;
    let mut tasks = JoinSet::new();
    for (date, url) in common.days() {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (client, tally) = (client.clone(), tally.clone());
        tasks.spawn(async move {
            let _permit = permit;
            match timeout(common.timeout, catch_panic_async(fetch(&client, &url))).await {
                Ok(day) => tally.report(date, day),
                Err(_) => tally.timed_out(date),
            }
        });
        yield_now().await; // the first days are asked for while the last are still being connected to
    }
    tasks.join_all().await;
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
async fn fetch(client: &Client, url: &Url) -> Result<Day> {
    let answer = client.get(url.as_str()).send().await.map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(body(answer).await?)
}
