//! Fetches from databases that take 3 s, all at once.
//!
//! Mirrors article 3's tasks as gevent would do them: a coroutine with its own stack for each, all begun on one thread.
//! How it waits: instead of blocking in a sleep, may runs another coroutine, or sleeps in `epoll_wait` if none can run.
//! Its timers have a second thread, which sleeps until the first timer is over; there its coroutine continues.
//! Expected wall time: 1000 tasks ÷ 1000 at once × 3 s = 3 s, and as long for 2 tasks.
//!
//!     cargo run --release --bin sleep-green -- dog cat
//!     cargo run --release --bin sleep-green -- --tasks 1000

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Parser;
use may::{coroutine, sync::Semphore};
use sleep_naps::{Tally, done, fetching, still_running};

/// A coroutine's stack in words, as may counts: 64 KiB, of which only touched pages are resident.
const STACK: usize = (64 << 10) / size_of::<usize>();

/// Fetches from databases that take their time, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: sleep_naps::Args,
    /// Databases fetched from at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let names = common.names();
    let tally = common.tally(names.len())?;
    let at_once = limits::coroutines(limits::at_once(concurrency, names.len()))?;
    let permits = Arc::new(Semphore::new(at_once));
    may::config().set_workers(1).set_stack_size(STACK).set_pool_capacity(at_once); // one thread, as gevent
    let patience = common.time + Duration::from_secs(10); // a coroutine whose stack overflows vanishes, with its permit
    for name in names {
        while !permits.wait_timeout(patience) {
            permits.post(); // instead of one that has vanished
        }
        let (tally, permits) = (tally.clone(), permits.clone());
        let coroutine = move || {
            nap(&name, common.time, &tally);
            permits.post();
        };
        // SAFETY: `nap` fits the stack with room to spare. It begins on one thread and ends on another, and
        // shares the thread-locals of both: what must not happen is a borrow of one across the sleep, and it has none.
        #[expect(unsafe_code, reason = "may cannot check either")]
        unsafe { coroutine::Builder::new().spawn(coroutine) }?;
    }
    tally.print(still_running());
    while tally.is_waiting() && permits.wait_timeout(patience) {} // until all have reported or vanished
    tally.exit()
}

/// Stands in for a slow query.
fn nap(name: &str, time: Duration, tally: &Tally) {
    tally.print(fetching(name));
    coroutine::sleep(time);
    tally.ok(done(name));
}
