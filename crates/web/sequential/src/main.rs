//! Downloads 3 web pages, one after the other.
//!
//! Mirrors article 2, the synchronous program: one thread, and nothing else goes on while it waits. Where that
//! program sleeps for 2 s itself, here the server takes them to answer.
//! How it waits: the thread sleeps in `recv` until the page is there; the kernel wakes it.
//! Expected wall time: 3 pages × 2 s = 6 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p web-sequential -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use ureq::{Agent, unversioned::transport::DefaultConnector};
use ureq_extras::{Names, cause};
use web_pages::Url;

/// Downloads web pages, one after the other.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
}

fn main() -> Result<ExitCode> {
    let Args { common } = Args::parse();
    let tally = common.tally()?;
    let agent = agent(common.timeout);
    for url in common.urls {
        tally.start(&url);
        let size = download(&agent, &url);
        tally.report(&url, size);
    }
    Ok(tally.finish())
}

/// Downloads a page and returns its size in bytes.
fn download(agent: &Agent, url: &Url) -> Result<usize> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(cause)?.len())
}

/// The HTTP client: a connection for each page, no redirects, no proxy, no TLS; no TCP_NODELAY, for a request is one
/// packet. Its buffers are small: ureq's own take 256 KiB for each connection.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout)).max_idle_connections(0).proxy(None);
    let config = config.max_redirects(0).http_status_as_error(false).no_delay(false);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10).build();
    Agent::with_parts(config, DefaultConnector::default(), Names)
}
