//! Downloads 3 web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio"; where that sleeps for 2 s, here the server takes them to answer.
//! How it waits: the thread sleeps in `epoll_wait` until any page arrives, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-tokio -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use reqwest::{Client, redirect::Policy};
use tokio::{spawn, sync::Semaphore, task::yield_now, time::timeout};
use web_pages::{Url, late};

/// Downloads web pages, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Pages downloaded at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.urls.len())?));
    let client = Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).no_proxy().build()?;
    let mut tasks = Vec::new();
    for url in common.urls {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (client, tally) = (client.clone(), tally.clone());
        tasks.push(spawn(async move {
            let _permit = permit;
            tally.start(&url);
            let size = timeout(common.timeout, download(&client, &url)).await;
            tally.report(&url, size.unwrap_or_else(late));
        }));
        yield_now().await; // the first pages are asked for while the last are still being connected to
    }
    for task in tasks {
        let _ = task.await; // one that panicked has reported nothing: it failed
    }
    Ok(tally.finish())
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
async fn download(client: &Client, url: &Url) -> Result<usize> {
    let answer = client.get(url.as_str()).send().await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.bytes().await?.len())
}
