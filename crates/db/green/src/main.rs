//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1's task as gevent would do it: a coroutine with its own stack for each host, all on one thread.
//! How it waits: instead of blocking in `recv`, may runs another coroutine, or sleeps in `epoll_wait` if none can run.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-green -- --urls target/lab/db.urls

use std::sync::Arc;
use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use db_hosts::Host;
use futures_lite::io::AssertAsync;
use may::{coroutine::Builder, net::TcpStream, sync::Semphore};
use mini_mysql::{Conn, Row, block_on};

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

fn main() -> Result<ExitCode> {
    let Args { common, concurrency } = Args::parse();
    let tally = common.tally()?;
    let at_once = limits::coroutines(limits::allow_connections(concurrency, common.hosts.len())?)?;
    let permits = Arc::new(Semphore::new(at_once));
    may::config().set_workers(1).set_stack_size(16 << 10).set_pool_capacity(at_once); // one thread, as gevent
    let patience = common.timeout * 5; // connect, greet, welcome, answer: over that, the coroutine has vanished
    for host in common.hosts {
        permits.wait_timeout(patience); // waits here while all are taken
        let (query, tally, permits) = (common.query.clone(), tally.clone(), permits.clone());
        let coroutine = move || {
            let row = ask(&host, &query, common.timeout);
            tally.report(&host, row);
            permits.post();
        };
        // SAFETY: `ask` fits a stack of 16 Ki words with room to spare. All coroutines share the thread-locals of their
        // one thread: what must not happen is a borrow of one across a wait, and `ask` has none.
        #[expect(unsafe_code, reason = "may cannot check either")]
        unsafe { Builder::new().spawn(coroutine) }?;
    }
    let _all_back = (0..at_once).all(|_| permits.wait_timeout(patience));
    Ok(tally.finish())
}

/// Opens a connection, asks, and closes the connection.
fn ask(host: &Host, query: &str, timeout: Duration) -> Result<String> {
    let stream = TcpStream::connect_timeout(&host.address()?, timeout)?; // looking up a name would block them all
    stream.set_read_timeout(Some(timeout))?;
    let stream = AssertAsync::new(stream); // where others wait, this one blocks its coroutine
    let mut connection = block_on(Conn::login(stream, &host.user(), &host.password(), &host.database()))?;
    let row: Row = block_on(connection.query_first(query))?.context("no row")?;
    block_on(connection.disconnect())?;
    Ok(format!("{row:?}"))
}
