//! Downloads web pages, one after the other.
//!
//! Mirrors article 2, the synchronous program; where that sleeps for 2 s, here the server takes them to answer.
//! How it waits: the one thread blocks in `recv` until its page is there.
//! Expected wall time: 3 pages × 2 s = 6 s.
//! Each page has a connection of its own; no proxy, no redirects, no TLS.
//!
//!     cargo run --release -p web-sequential -- http://127.0.0.1:8000/page

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use ureq::Agent;
use url::Url;

/// Downloads web pages, one after the other.
#[derive(Parser)]
struct Args {
    /// Pages, as http://host:port/path
    #[arg(value_name = "URL", required = true, value_parser = page)]
    urls: Vec<String>,
    /// How long one page may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
}

/// Downloads a page and returns its size in bytes.
fn download(agent: &Agent, url: &str, timeout: Duration) -> Result<usize> {
    println!("Starting download: {url}");
    let start = Instant::now();
    let answer = agent.get(url).call().and_then(|mut answer| {
        Ok((answer.status(), answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?))
    });
    ensure!(answer.is_ok() || start.elapsed() < timeout, "no answer in {timeout:?}");
    let (status, page) = answer?;
    ensure!(status.is_success(), "{status}");
    Ok(page.len())
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();

    let agent = agent(args.timeout);
    let mut sizes = Vec::new();
    for url in args.urls {
        sizes.extend(report(&url, download(&agent, &url, args.timeout)));
    }

    let (ok, time) = (sizes.len(), start.elapsed().as_secs_f64());
    println!("Total run time: {time:.2} s");
    println!("Total size: {} bytes", sizes.iter().sum::<usize>());
    println!("{ok} ok, {} failed in {time:.3} s", total - ok);
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// The HTTP client.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder().max_idle_connections(0).max_redirects(0).proxy(None);
    let config = config.http_status_as_error(false).input_buffer_size(4 << 10).output_buffer_size(4 << 10);
    // A limit for all of them together would cost a thread a request, to look up the host's name.
    let config = config.timeout_connect(Some(timeout)).timeout_send_request(Some(timeout));
    config.timeout_recv_response(Some(timeout)).timeout_recv_body(Some(timeout)).build().into()
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
