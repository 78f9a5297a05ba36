//! Asks 500 MySQL hosts, all at once. A control, not for copying: no TLS, no pool, no prepared statements.
//!
//! Mirrors article 1, "Asyncio", without a runtime, a driver or tasks: one `epoll`, and a state for each host. It is not a
//! lower bound, because it prints its rows as the others do. It logs in only with `mysql_native_password`, and looks names
//! up one after another before it connects.
//! How it waits: the thread sleeps in `epoll_wait` until any host has answered, then answers that host.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-baseline -- --urls target/lab/db.urls

mod connection;
mod packets;

use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use connection::Connection;
use db_hosts::Host;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

/// Connections that are opened and logged in at a time, so that the first hosts are asked while the last still connect.
/// Opening all at once was slower by 10 ms of 140; 16 did as well as 64.
const OPENING: usize = 64;

/// Asks MySQL hosts, all at once, with a bare epoll loop.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
}

fn main() -> Result<()> {
    let Args { common } = Args::parse();
    let tally = common.tally()?;
    limits::allow_connections(None, common.hosts.len())?;
    let query = packets::query(&common.query);
    let looked_up = |host: &Host| {
        let start = Instant::now();
        let addresses = connect::look_up(host.address(), common.timeout);
        (addresses, common.timeout.saturating_sub(start.elapsed()))
    };
    let addresses: Vec<_> = common.hosts.iter().map(looked_up).collect();

    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut hosts = common.hosts.iter().zip(addresses);
    let mut connections: Vec<Option<Connection>> = Vec::with_capacity(hosts.len());
    let mut events = Vec::with_capacity(1024);
    let (mut opening, mut oldest) = (0, 0);
    loop {
        while opening < OPENING
            && let Some((host, (addresses, time))) = hosts.next()
        {
            match Connection::open(host, addresses, &epoll, connections.len(), Instant::now() + time) {
                Ok(connection) => connections.push(Some(connection)),
                Err(error) => {
                    tally.report(host, Err::<String, _>(error));
                    continue;
                }
            }
            opening += 1;
        }
        // Connections open in this order, so the oldest open one is the first whose time is over.
        while connections.get(oldest).is_some_and(Option::is_none) {
            oldest += 1;
        }
        let Some(place) = connections.get_mut(oldest) else { break };
        if let Some(connection) = place.take_if(|it| it.deadline <= Instant::now()) {
            opening -= usize::from(connection.is_opening());
            tally.timed_out(connection.host);
            continue;
        }
        let left = place.as_ref().map_or(common.timeout, |it| it.deadline - Instant::now());
        match epoll::wait(&epoll, spare_capacity(&mut events), Some(&Timespec::try_from(left)?)) {
            Err(Errno::INTR) => continue, // stopped by a signal, and continued
            waited => waited?,
        };
        for event in events.drain(..) {
            let place = &mut connections[event.data.u64() as usize];
            let Some(connection) = place else { continue };
            let was_opening = connection.is_opening();
            let row = connection.advance(&query).transpose();
            opening -= usize::from(was_opening && (row.is_some() || !connection.is_opening()));
            if let Some(row) = row {
                tally.report(connection.host, row);
                *place = None; // closes it
            }
        }
    }
    tally.exit()
}
