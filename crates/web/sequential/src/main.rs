//! Downloads 3 web pages, one after the other.
//!
//! Mirrors article 2, the synchronous program; where that sleeps for 2 s, here the server takes them to answer.
//! How it waits: the thread sleeps in `recv` until the page arrives; the kernel wakes it.
//! Expected wall time: 3 pages × 2 s = 6 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-sequential -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

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
    let client = client(common.timeout);
    for url in common.urls {
        tally.start(&url);
        let size = download(&client, &url);
        tally.report(&url, size);
    }
    Ok(tally.finish())
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
fn download(client: &Agent, url: &Url) -> Result<usize> {
    let mut answer = client.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let page = answer.body_mut().with_config().limit(u64::MAX).read_to_vec(); // 10 MiB by default
    Ok(page.map_err(cause)?.len())
}

/// The HTTP client: a connection for each page, no redirects, no proxy, no TLS.
fn client(timeout: Duration) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout)).max_idle_connections(0).proxy(None);
    let config = config.max_redirects(0).http_status_as_error(false);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10).build(); // 128 KiB each by default
    Agent::with_parts(config, DefaultConnector::default(), Names)
}
