//! Downloads 3 web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio": one thread, one event loop, a task for each page. Where that
//! program sleeps for 2 s itself, here the server takes them to answer.
//! How it waits: the thread sleeps in `epoll_wait` until any page moves on, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p web-tokio -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use reqwest::{Client, redirect::Policy};
use tokio::{sync::Semaphore, task, time};
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
    let permits = Arc::new(Semaphore::new(limits::connections(concurrency, common.urls.len())?));
    let client = client()?;
    let mut tasks = task::JoinSet::new();
    for url in common.urls {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (client, tally) = (client.clone(), tally.clone());
        tasks.spawn(async move {
            let _permit = permit;
            tally.start(&url);
            let size = time::timeout(common.timeout, download(&client, &url)).await;
            tally.report(&url, size.unwrap_or_else(late));
        });
        task::yield_now().await; // the first are asked for while the last are still being connected to
    }
    while tasks.join_next().await.is_some() {} // one that panicked has reported nothing: it failed
    Ok(tally.finish())
}

/// Downloads a page and returns its size in bytes.
async fn download(client: &Client, url: &Url) -> Result<usize> {
    let answer = client.get(url.as_str()).send().await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.bytes().await?.len())
}

/// The HTTP client: a connection for each page, no redirects, no proxy, no TLS; no TCP_NODELAY, for a request is one
/// packet.
fn client() -> Result<Client> {
    let client = Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).no_proxy();
    Ok(client.tcp_nodelay(false).build()?)
}
