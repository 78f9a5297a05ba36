//! Downloads 3 web pages, all at once.
//!
//! Mirrors article 2, "Practical Example with asyncio": one thread, one event loop, a task for each page. Where that
//! program sleeps for 2 s itself, here the server takes them to answer.
//! How it waits: the thread sleeps in `io_uring_enter` until any page moves on, then runs that page's task.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p web-glommio -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{io, num::NonZeroUsize, process::ExitCode, rc::Rc};

use anyhow::{Result, ensure};
use clap::Parser;
use glommio::{net::TcpStream, sync::Semaphore};
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

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    glommio_executor::executor()?.run(run(args))
}

async fn run(Args { common, concurrency }: Args) -> Result<ExitCode> {
    let tally = common.tally()?;
    let permits = Rc::new(Semaphore::new(limits::connections(concurrency, common.urls.len())? as u64));
    let mut tasks = Vec::new();
    for url in common.urls {
        let permit = permits.acquire_static_permit(1).await.map_err(io::Error::from)?; // waits here while all are taken
        let tally = tally.clone();
        tasks.push(glommio::spawn_local(async move {
            let _permit = permit;
            tally.start(&url);
            let size = glommio_executor::timeout(common.timeout, download(&url)).await;
            tally.report(&url, size.unwrap_or_else(late));
        }));
        glommio::executor().yield_now().await; // the first are asked for while the last are still being connected to
    }
    for task in tasks {
        task.await;
    }
    Ok(tally.finish())
}

/// Downloads a page and returns its size in bytes.
async fn download(url: &Url) -> Result<usize> {
    let stream = mini_http::connect(url, TcpStream::connect).await?;
    let answer = mini_http::get(stream, url).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body().len())
}
