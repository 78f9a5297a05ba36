//! Downloads web pages, all at once.
//!
//! The same shape as web-tokio on another event loop, here on io_uring.
//! Mirrors article 2, "Practical Example with asyncio"; where that sleeps for 2 s, here the server takes them to answer.
//! How it waits: the thread sleeps in `io_uring_enter` until any page moves on, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s.
//! Each page has a connection of its own; no proxy, no redirects, no TLS.
//!
//!     cargo run --release -p web-glommio -- http://127.0.0.1:8000/page

use std::time::{Duration, Instant};
use std::{num::NonZeroUsize, process::ExitCode, rc::Rc};

use anyhow::{Result, bail, ensure};
use clap::Parser;
use futures_lite::future;
use glommio::{sync::Semaphore, timer};
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
}

/// Downloads a page and returns its size in bytes.
async fn download(url: &str) -> Result<usize> {
    println!("Starting download: {url}");
    Ok(glommio_hyper::get(url).await?.len())
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();

    let sizes = glommio_executor::executor()?.run(async {
        let at_once = args.concurrency.map_or(total, NonZeroUsize::get).min(total);
        let slots = Rc::new(Semaphore::new(at_once as u64));
        let mut tasks = Vec::new();
        for url in args.urls {
            let slots = slots.clone();
            tasks.push(glommio::spawn_local(async move {
                let _slot = slots.acquire_permit(1).await;
                report(&url, future::or(download(&url), late(args.timeout)).await)
            }));
        }
        let mut sizes = Vec::new();
        for task in tasks {
            sizes.extend(task.await);
        }
        sizes
    });

    let (ok, time) = (sizes.len(), start.elapsed().as_secs_f64());
    println!("Total run time: {time:.2} s");
    println!("Total size: {} bytes", sizes.iter().sum::<usize>());
    println!("{ok} ok, {} failed in {time:.3} s", total - ok);
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Fails when the time is over.
async fn late(timeout: Duration) -> Result<usize> {
    timer::sleep(timeout).await;
    bail!("no answer in {timeout:?}")
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
