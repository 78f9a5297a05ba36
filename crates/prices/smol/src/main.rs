//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, asyncio: an event loop, and a task for each day.
//! How it waits: the thread sleeps in `epoll_wait` until any day's prices arrive, then runs that day's task. smol starts
//! a second thread, which does the same for a program whose threads all wait for something else.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-smol -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use prices_days::{Day, Url, catch_panic_async};
use smol::{LocalExecutor, Timer, future, lock::Semaphore, net::TcpStream};

/// Fetches bus prices, all days at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let executor = LocalExecutor::new(); // `smol::spawn` would add a thread that runs the tasks
    smol::block_on(executor.run(run(&executor, args)))
}

async fn run(executor: &LocalExecutor<'_>, Args { common, concurrency }: Args) -> Result<()> {
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.count())?));
    let mut tasks = Vec::new();
    for (date, url) in common.days() {
        let permit = permits.acquire_arc().await; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(executor.spawn(async move {
            let _permit = permit;
            let late = async { Err(Timer::after(common.timeout).await) };
            match future::or(async { Ok(catch_panic_async(fetch(&url)).await) }, late).await {
                Ok(day) => tally.report(date, day),
                Err(_) => tally.timed_out(date),
            }
        }));
        future::yield_now().await; // the first days are asked for while the last are still being connected to
    }
    for task in tasks {
        task.await; // a dropped task would be cancelled
    }
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
async fn fetch(url: &Url) -> Result<Day> {
    let stream = mini_http::connect(url, TcpStream::connect).await?;
    let answer = mini_http::get(stream, url).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body())
}
