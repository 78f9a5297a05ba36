//! Asks 500 MySQL hosts, all at once.
//!
//! Not in article 1, but as gevent would do it: a coroutine with its own stack for each host, all on one thread.
//! How it waits: instead of blocking in `recv`, may runs another coroutine, or sleeps in `epoll_wait` if none can run.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-green -- --urls target/lab/db.urls

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::{Host, catch_panic};
use may::{coroutine::Builder, sync::Semphore};
use mini_mysql::{Row, blocking::Conn};

/// A coroutine's stack in words, as may counts: 128 KiB, of which only touched pages are resident.
const STACK: usize = (128 << 10) / size_of::<usize>();

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<()> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let at_once = limits::coroutines(limits::allow_connections(concurrency, common.hosts.len())?)?;
    let permits = Arc::new(Semphore::new(at_once));
    may::config().set_workers(1).set_stack_size(STACK).set_pool_capacity(at_once); // one thread, as gevent
    let patience = common.timeout * 2; // a coroutine whose stack overflows vanishes, with its permit
    for host in common.hosts {
        while !permits.wait_timeout(patience) {
            permits.post(); // instead of one that has vanished
        }
        let (query, tally, permits) = (common.query.clone(), tally.clone(), permits.clone());
        let coroutine = move || {
            tally.report(&host, catch_panic(|| ask(&host, &query, common.timeout)));
            permits.post();
        };
        // SAFETY: `ask` fits the stack with room to spare. All coroutines share the thread-locals of their one thread:
        // what must not happen is a borrow of one across a wait, and `ask` has none.
        #[expect(unsafe_code, reason = "may cannot check either")]
        unsafe { Builder::new().spawn(coroutine) }?;
    }
    while tally.is_waiting() && permits.wait_timeout(patience) {} // until all have reported or vanished
    tally.exit()
}

/// Opens a connection, asks, and closes the connection.
fn ask(host: &Host, query: &str, timeout: Duration) -> Result<String> {
    let stream = may_stream::connect(host.address(), timeout)?; // one deadline, to the answer
    let mut connection = Conn::login(stream, host.user(), host.password(), host.database())?;
    let row: Row = connection.query_first(query)?.context("no row")?;
    connection.disconnect();
    Ok(format!("{row:?}"))
}
