//! Downloads web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio"; where that sleeps for 2 s, here the server takes them to answer.
//! How it waits: the thread sleeps in `epoll_wait` until any page moves on, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s.
//! Each page has a connection of its own; no proxy, no redirects, no TLS.
//!
//!     cargo run --release -p web-tokio -- http://127.0.0.1:8000/page

use std::time::{Duration, Instant};
use std::{num::NonZeroUsize, process::ExitCode, sync::Arc};

use anyhow::{Result, anyhow, ensure};
use clap::{Parser, value_parser};
use reqwest::{Client, redirect::Policy};
use tokio::{runtime::Builder, sync::Semaphore, task::JoinSet, time};
use url::Url;

/// Downloads web pages, all at once.
#[derive(Parser)]
struct Args {
    /// Pages, as http://host:port/path
    #[arg(value_name = "URL", required = true, value_parser = page)]
    urls: Vec<String>,
    /// How long one page may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
    /// Pages downloaded at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Threads of the event loop
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u16).range(1..=1024))]
    threads: u16,
}

/// Downloads a page and returns its size in bytes.
async fn download(client: &Client, url: &str) -> Result<usize> {
    println!("Starting download: {url}");
    let answer = client.get(url).send().await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.bytes().await?.len())
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();

    let mut runtime =
        if args.threads > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let runtime = limits::start(|| runtime.worker_threads(args.threads.into()).enable_all().build())?;
    let client = Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).no_proxy().build()?;
    let sizes = runtime.block_on(async {
        let at_once = args.concurrency.map_or(total, NonZeroUsize::get).min(total);
        let slots = Arc::new(Semaphore::new(at_once));
        let mut tasks = JoinSet::new();
        for url in args.urls {
            let (client, slots) = (client.clone(), slots.clone());
            tasks.spawn(async move {
                let _slot = slots.acquire().await;
                let size = time::timeout(args.timeout, download(&client, &url)).await;
                report(&url, size.unwrap_or_else(|_| Err(anyhow!("no answer in {:?}", args.timeout))))
            });
        }
        Vec::from_iter(tasks.join_all().await.into_iter().flatten())
    });

    let (ok, time) = (sizes.len(), start.elapsed().as_secs_f64());
    println!("Total run time: {time:.2} s");
    println!("Total size: {} bytes", sizes.iter().sum::<usize>());
    println!("{ok} ok, {} failed in {time:.3} s", total - ok);
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Prints a page's size on stdout, or its error on stderr; returns the size.
fn report(url: &str, result: Result<usize>) -> Option<usize> {
    match &result {
        Ok(size) => println!("Finished download: {url}, size: {size} bytes"),
        Err(error) => eprintln!("{url}: {}", error.root_cause()),
    }
    result.ok()
}

/// Checks a page's URL, more strictly than the client does.
fn page(text: &str) -> Result<String> {
    let url: Url = text.parse()?;
    ensure!(url.scheme() == "http", "not an http:// URL; no TLS is built in");
    Ok(url.into())
}
