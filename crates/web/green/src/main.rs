//! Downloads 3 web pages, all at once.
//!
//! Not in article 2, but as gevent would do it: a coroutine with its own stack for each page, all on one thread.
//! How it waits: instead of blocking in `recv`, may runs another coroutine, or sleeps in `epoll_wait` if none can run.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-green -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use may::{coroutine::Builder, sync::Semphore};
use may_ureq::{MayConnector, MayResolver};
use ureq::Agent;
use ureq_extras::cause;
use web_pages::Url;

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
    let at_once = limits::coroutines(limits::allow_connections(concurrency, common.urls.len())?)?;
    let permits = Arc::new(Semphore::new(at_once));
    may::config().set_workers(1).set_stack_size(16 << 10).set_pool_capacity(at_once); // one thread, as gevent
    let patience = common.timeout * 2; // over that, the coroutine has vanished
    let client = client(common.timeout);
    for url in common.urls {
        permits.wait_timeout(patience); // waits here while all are taken
        let (client, tally, permits) = (client.clone(), tally.clone(), permits.clone());
        let coroutine = move || {
            tally.start(&url);
            let size = download(&client, &url);
            tally.report(&url, size);
            permits.post();
        };
        // SAFETY: `download` fits a stack of 16 Ki words with room to spare. All coroutines share the thread-locals of their
        // one thread: what must not happen is a borrow of one across a wait, and `download` has none.
        #[expect(unsafe_code, reason = "may cannot check either")]
        unsafe { Builder::new().spawn(coroutine) }?;
    }
    let _all_back = (0..at_once).all(|_| permits.wait_timeout(patience));
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
    Agent::with_parts(config, MayConnector, MayResolver)
}
