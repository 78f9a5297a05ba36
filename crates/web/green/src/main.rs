//! Downloads 3 web pages, all at once.
//!
//! Not in article 2; article 4 has the model, gevent: the blocking code of `web-threaded`, on a coroutine with a stack
//! of its own for each page.
//! How it waits: where the code would block in `recv`, may runs another coroutine, and when there is none the thread
//! sleeps in `epoll_wait` until any page moves on.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p web-green -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use web_pages::Url;
use may::{coroutine::Builder, sync::Semphore};
use may_ureq::{MayConnector, MayResolver};
use ureq::Agent;
use ureq_extras::cause;

/// Stack of a coroutine in words of 8 bytes: 128 KiB, of which only what is used is resident.
const STACK: usize = 16 << 10;

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
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let permits = limits::connections(concurrency, common.urls.len())?;
    limits::coroutines(permits)?;
    let permits = Arc::new(Semphore::new(permits));
    may::config().set_workers(1); // one thread, as gevent has
    let agent = agent(common.timeout);
    let mut coroutines = Vec::new();
    for url in common.urls {
        permits.wait(); // waits here while all are taken
        let (agent, permits, tally) = (agent.clone(), permits.clone(), tally.clone());
        let coroutine = move || {
            tally.start(&url);
            let size = download(&agent, &url);
            tally.report(&url, size);
            permits.post();
        };
        // SAFETY: `download` fits the stack with room to spare. All coroutines share the thread-local storage of their one
        // thread, so none may keep a borrow of it while it waits: nothing here does.
        #[expect(unsafe_code, reason = "may cannot check either")]
        coroutines.push(unsafe { Builder::new().stack_size(STACK).spawn(coroutine) }?);
    }
    for coroutine in coroutines {
        let _ = coroutine.join(); // one that panicked has reported nothing: it failed
    }
    Ok(tally.finish())
}

/// Downloads a page and returns its size in bytes.
fn download(agent: &Agent, url: &Url) -> Result<usize> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(cause)?.len())
}

/// The HTTP client: no redirects, no proxy, no TLS.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .max_idle_connections(0) // a connection for each page
        .max_redirects(0)
        .http_status_as_error(false) // a redirect's is none for ureq: `download` checks them all
        .proxy(None)
        .no_delay(false) // a request is one packet: nothing is delayed
        .input_buffer_size(4 << 10) // ureq's own take 256 KiB for each connection
        .output_buffer_size(4 << 10)
        .timeout_global(Some(timeout))
        .build();
    Agent::with_parts(config, MayConnector, MayResolver)
}
