//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, asyncio: an event loop, and a task for each day.
//! How it waits: the thread sleeps in `io_uring_enter` until any day's prices arrive, then runs that day's task.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-glommio -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, rc::Rc};

use anyhow::{Result, ensure};
use clap::Parser;
use glommio::{LocalExecutorBuilder, Placement, net::TcpStream, sync::Semaphore, timer::timeout};
use glommio_executor::look_for_arrivals;
use prices_days::{Day, Url, catch_panic_async};

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
    let builder = LocalExecutorBuilder::new(Placement::Unbound).io_memory(64 << 10); // by default 10 MiB, all touched
    glommio_executor::make(builder)?.run(run(args))
}

async fn run(Args { common, concurrency }: Args) -> Result<()> {
    let tally = common.tally()?;
    let permits = Rc::new(Semaphore::new(limits::allow_connections(concurrency, common.count())? as u64));
    let mut tasks = Vec::new();
    for (date, url) in common.days() {
        let permit = permits.acquire_static_permit(1).await.expect("nobody closes it"); // waits here while all are taken
        let tally = tally.clone();
        tasks.push(glommio::spawn_local(async move {
            let _permit = permit;
            match timeout(common.timeout, async { Ok(catch_panic_async(fetch(&url)).await) }).await {
                Ok(day) => tally.report(date, day),
                Err(_) => tally.timed_out(date),
            }
        }));
        look_for_arrivals().await; // by itself glommio looks when no task can run
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
