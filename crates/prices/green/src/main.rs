//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, gevent: a coroutine with its own stack for each day, all on one thread.
//! How it waits: instead of blocking in `recv`, may runs another coroutine, or sleeps in `epoll_wait` if none can run.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin prices-green -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, sync::Arc};

use anyhow::{Result, ensure};
use clap::Parser;
use may::{coroutine::Builder, sync::Semphore};
use prices_days::{Day, Url, catch_panic};
use ureq::Agent;
use ureq_extras::cause;

/// A coroutine's stack in words, as may counts: 128 KiB, of which only touched pages are resident.
const STACK: usize = (128 << 10) / size_of::<usize>();

/// Fetches bus prices, all days at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let at_once = limits::coroutines(limits::allow_connections(concurrency, common.count())?)?;
    let permits = Arc::new(Semphore::new(at_once));
    may::config().set_workers(1).set_stack_size(STACK).set_pool_capacity(at_once); // one thread, as gevent
    let patience = common.timeout * 2; // a coroutine whose stack overflows vanishes, with its permit
    let agent = ureq_extras::agent_over::<may_stream::Stream>(common.timeout);
    for (date, url) in common.days() {
        while !permits.wait_timeout(patience) {
            permits.post(); // instead of one that has vanished
        }
        let (agent, tally, permits) = (agent.clone(), tally.clone(), permits.clone());
        let coroutine = move || {
            let day = catch_panic(|| fetch(&agent, &url));
            tally.report(date, day);
            permits.post();
        };
        // SAFETY: `fetch` fits the stack with room to spare. All coroutines share the thread-locals of their
        // one thread: what must not happen is a borrow of one across a wait, and `fetch` has none.
        #[expect(unsafe_code, reason = "may cannot check either")]
        unsafe { Builder::new().spawn(coroutine) }?;
    }
    while tally.is_waiting() && permits.wait_timeout(patience) {} // until all have reported or vanished
    tally.exit()
}

/// Fetches the prices of a day over a connection of its own.
fn fetch(agent: &Agent, url: &Url) -> Result<Day> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().read_to_vec().map_err(cause)?)
}
