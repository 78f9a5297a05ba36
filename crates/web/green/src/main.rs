//! Downloads 3 web pages, all at once.
//!
//! Not in article 2, but as gevent would do it: a coroutine with its own stack for each page, all on one thread.
//! How it waits: instead of blocking in `recv`, may runs another coroutine, or sleeps in `epoll_wait` if none can run.
//! Expected wall time: 3 pages ÷ 3 at once × 2 s = 2 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin web-green -- "$(cat target/lab/http.url)/page/"{first,second,third}"?delay=2"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use may::{coroutine::Builder, sync::Semphore};
use ureq::Agent;
use ureq_extras::cause;
use web_pages::{Url, catch_panic};

/// A coroutine's stack in words, as may counts: 128 KiB, of which only touched pages are resident.
const STACK: usize = (128 << 10) / size_of::<usize>();

/// Downloads web pages, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: web_pages::Args,
    /// Pages downloaded at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let at_once = limits::coroutines(limits::allow_connections(concurrency, common.urls.len())?)?;
    let permits = Arc::new(Semphore::new(at_once));
    may::config().set_workers(1).set_stack_size(STACK).set_pool_capacity(at_once); // one thread, as gevent
    let patience = common.timeout * 2; // a coroutine whose stack overflows vanishes, with its permit
    let agent = ureq_extras::agent_over::<may_stream::Stream>(common.timeout);
    for url in common.urls {
        while !permits.wait_timeout(patience) {
            permits.post(); // instead of one that has vanished
        }
        let (agent, tally, permits) = (agent.clone(), tally.clone(), permits.clone());
        let coroutine = move || {
            tally.start(&url);
            let size = catch_panic(|| download(&agent, &url));
            tally.report(&url, size);
            permits.post();
        };
        // SAFETY: `download` fits the stack with room to spare. All coroutines share the thread-locals of their
        // one thread: what must not happen is a borrow of one across a wait, and `download` has none.
        #[expect(unsafe_code, reason = "may cannot check either")]
        unsafe { Builder::new().spawn(coroutine) }?;
    }
    while tally.is_waiting() && permits.wait_timeout(patience) {} // until all have reported or vanished
    tally.exit()
}

/// Downloads a page over a connection of its own, and returns its size in bytes.
fn download(agent: &Agent, url: &Url) -> Result<usize> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Ok(answer.body_mut().read_to_vec().map_err(cause)?.len())
}
