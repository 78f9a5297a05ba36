//! Downloads 3 web pages, one after the other.
//!
//! Mirrors article 2, the synchronous program; it sleeps for 2 s, here the server takes 2 s to answer.
//! How it waits: the thread sleeps in `recv` until the page arrives; the kernel wakes it.
//! Expected wall time: 3 pages × 2 s = 6 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-sequential -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use anyhow::{Result, ensure};
use clap::Parser;
use ureq::Agent;
use ureq_extras::cause;
use web_pages::{Url, catch_panic};

/// Downloads web pages, one after the other.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
}

fn main() -> Result<()> {
    let Args { common } = Args::parse();
    let tally = common.tally()?;
    let agent = ureq_extras::agent(common.timeout);
    for url in common.urls {
        tally.start(&url);
        let size = catch_panic(|| download(&agent, &url));
        tally.report(&url, size);
    }
    tally.exit()
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
fn download(agent: &Agent, url: &Url) -> Result<usize> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body_mut().read_to_vec().map_err(cause)?.len())
}
