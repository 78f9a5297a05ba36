//! Downloads 3 web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio"; it sleeps for 2 s, here the server takes 2 s to answer.
//! How it waits: the thread sleeps in `epoll_wait` until any page arrives, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-tokio -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use reqwest::Client;
use reqwest_extras::{body, cause};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let permits = Arc::new(Semaphore::new(limits::allow_connections(concurrency, common.urls.len())?));
    let client = reqwest_extras::client()?;
    let mut tasks = JoinSet::new();
    for url in common.urls {
        let permit = permits.clone().acquire_owned().await?; // waits here while all are taken
        let (client, tally) = (client.clone(), tally.clone());
        tasks.spawn(async move {
            let _permit = permit;
            tally.start(&url);
            match timeout(common.timeout, catch_panic_async(download(&client, &url))).await {
                Ok(size) => tally.report(&url, size),
                Err(_) => tally.timed_out(&url),
            }
        });
    }
    tasks.join_all().await;
    tally.exit()
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
async fn download(client: &Client, url: &Url) -> Result<usize> {
    let answer = client.get(url.as_str()).send().await.map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(body(answer).await?.len())
}
