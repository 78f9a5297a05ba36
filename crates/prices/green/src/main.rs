//! Fetches the bus prices of 100 days, all at once.
//!
//! Mirrors article 4, gevent: the blocking code of `prices-threaded`, in a coroutine with its own stack for each day,
//! all on one thread.
//! How it waits: where the code would block in `recv`, may runs another coroutine. When none can go on, the thread
//! sleeps in `epoll_wait` until the server has answered any day.
//! Expected wall time: 100 days ÷ 100 at once × 0.29 s = 0.29 s. In two terminals:
//!
//!     cargo run --release -p bench-lab -- --dir target/lab
//!     cargo run --release -p prices-green -- "$(cat target/lab/http.url)"

use std::{num::NonZeroUsize, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use may::{coroutine::Builder, sync::Semphore};
use may_ureq::{MayConnector, MayResolver};
use prices_days::{Day, Url};
use ureq::Agent;
use ureq_extras::cause;

/// Stack of a coroutine in words of 8 bytes: 128 KiB, of which only what is used is resident.
const STACK: usize = 16 << 10;

/// Fetches bus prices, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: prices_days::Args,
    /// Days fetched at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let _memory = common.memory()?;
    let tally = common.tally()?;
    let at_once = limits::connections(concurrency, common.count())?;
    limits::coroutines(at_once)?;
    // One thread, as gevent has, and no more stacks than are needed: may makes 1000 at its start, unless told.
    may::config().set_workers(1).set_stack_size(STACK).set_pool_capacity(at_once);
    // A coroutine that overflows its stack vanishes, and its permit with it: one that is away for longer than a day
    // may take does not come back.
    let patience = common.timeout + Duration::from_secs(1);
    let permits = Arc::new(Semphore::new(at_once));
    let agent = agent(common.timeout);
    for (date, url) in common.days() {
        ensure!(permits.wait_timeout(patience), "all coroutines have vanished"); // waits here while all are taken
        let (agent, tally, permits) = (agent.clone(), tally.clone(), permits.clone());
        let coroutine = move || {
            let day = fetch(&agent, &url);
            tally.report(date, day);
            permits.post();
        };
        // SAFETY: `fetch` fits the stack with room to spare. All coroutines run on one thread and share its
        // thread-locals; what must not happen is a borrow of one across a wait, and `fetch` borrows none.
        #[expect(unsafe_code, reason = "may cannot check either")]
        unsafe { Builder::new().spawn(coroutine) }?;
    }
    let _all_back = (0..at_once).all(|_| permits.wait_timeout(patience));
    Ok(tally.finish())
}

/// Fetches the prices of a day.
fn fetch(agent: &Agent, url: &Url) -> Result<Day> {
    let mut answer = agent.get(url.as_str()).call().map_err(cause)?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    Day::parse(answer.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(cause)?)
}

/// The HTTP client: a connection for each day, no redirects, no proxy, no TLS; no TCP_NODELAY, for a request is one
/// packet. Its buffers are small: ureq's own take 256 KiB for each connection.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(timeout)).max_idle_connections(0).proxy(None);
    let config = config.max_redirects(0).http_status_as_error(false).no_delay(false);
    let config = config.input_buffer_size(4 << 10).output_buffer_size(4 << 10).build();
    Agent::with_parts(config, MayConnector, MayResolver)
}
