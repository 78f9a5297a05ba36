//! Downloads 3 web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio"; it sleeps for 2 s, here the server takes 2 s to answer.
//! How it waits: the thread sleeps in `epoll_wait` until any page arrives, then runs that page's task. smol starts a
//! second thread, which does the same for a program whose threads all wait for something else.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-smol -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use smol::{LocalExecutor, Timer, future, lock::Semaphore, net::TcpStream};
use web_pages::{Url, catch_panic_async};

/// Downloads web pages, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Pages downloaded at once [default: all]
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
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.urls.len())?));
    let mut tasks = Vec::new();
    for url in common.urls {
        let permit = permits.acquire_arc().await; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(executor.spawn(async move {
            let _permit = permit;
            tally.start(&url);
            let late = async { Err(Timer::after(common.timeout).await) };
            match future::or(async { Ok(catch_panic_async(download(&url)).await) }, late).await {
                Ok(size) => tally.report(&url, size),
                Err(_) => tally.timed_out(&url),
            }
        }));
    }
    for task in tasks {
        task.await; // a dropped task would be cancelled
    }
    tally.exit()
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
async fn download(url: &Url) -> Result<usize> {
    let stream = mini_http::connect(url, TcpStream::connect).await?;
    let answer = mini_http::get(stream, url).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body().len())
}
