//! Asks 500 MySQL hosts, all at once: the baseline that the other db programs are set against.
//!
//! No runtime, no driver, no tasks: one `epoll`, and for each host what is waited for. The query is prepared before
//! the first connect. It is no lesson, and not the least possible: it prints its rows as the others do, and what they
//! take over it is their event loop's and their driver's. It logs in by `mysql_native_password` alone.
//! How it waits: the thread sleeps in `epoll_wait` until any host has answered, then answers that host.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s. In two terminals:
//!
//!     cargo run --release --bin bench-lab -- --dir target/lab
//!     cargo run --release --bin db-baseline -- --urls target/lab/db.urls

mod packets;

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::Parser;
use db_hosts::{Host, Tally, late};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// Connections that are opened and logged in at a time: the first hosts are asked while the last still connect. Of
/// 16, 64 and all, all is the slowest by 10 ms of 140, the others are alike.
const OPENING: usize = 64;

/// Asks MySQL hosts with as little as it takes.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
}

/// What a connection waits for, in this order.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Waits {
    Greeting,
    Welcome,
    Rows,
}

struct Connection<'a> {
    host: &'a Host,
    socket: OwnedFd,
    waits: Waits,
    received: Vec<u8>,
}

fn main() -> Result<ExitCode> {
    let Args { common } = Args::parse();
    let tally = common.tally()?;
    limits::allow_connections(None, common.hosts.len())?;
    let query = packets::query(&common.query);
    let silence = Timespec::try_from(common.timeout)?;

    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut hosts = common.hosts.iter();
    let mut connections = Vec::with_capacity(hosts.len());
    let mut events = Vec::with_capacity(1024);
    let (mut opening, mut open) = (0, 0);
    loop {
        while opening < OPENING
            && let Some(host) = hosts.next()
        {
            match Connection::open(host, &epoll, connections.len()) {
                Ok(connection) => connections.push(Some(connection)),
                Err(error) => {
                    tally.report(host, Err::<String, _>(error));
                    continue;
                }
            }
            (opening, open) = (opening + 1, open + 1);
        }
        if open == 0 {
            break;
        }
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&silence))?;
        if events.is_empty() {
            // No host has answered for so long: those that are open never will.
            report_silent(&tally, &mut connections);
            (opening, open) = (0, 0);
        }
        for event in events.drain(..) {
            let place = &mut connections[event.data.u64() as usize];
            let Some(connection) = place else { continue };
            let was_opening = connection.waits < Waits::Rows;
            let row = connection.go_on(&query).transpose();
            if was_opening && (row.is_some() || connection.waits == Waits::Rows) {
                opening -= 1;
            }
            if let Some(row) = row {
                tally.report(connection.host, row);
                *place = None; // which closes it
                open -= 1;
            }
        }
    }
    Ok(tally.finish())
}

/// Reports those that have not answered, and closes them.
fn report_silent(tally: &Tally, connections: &mut [Option<Connection>]) {
    for connection in connections.iter_mut().filter_map(Option::take) {
        tally.report(connection.host, late::<String, _>(()));
    }
}

impl<'a> Connection<'a> {
    /// Begins to connect. `epoll` reports under this number what comes.
    fn open(host: &'a Host, epoll: &OwnedFd, number: usize) -> Result<Self> {
        let address = connect::look_up(host.address(), std::time::Duration::from_secs(5))?[0];
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
        if let Err(error) = net::connect(&socket, &address)
            && error != Errno::INPROGRESS
        {
            bail!(error);
        }
        // The server speaks first: whether it can be written to need not be known. A refused connect is reported, too.
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(epoll, &socket, data, epoll::EventFlags::IN)?;
        Ok(Self { host, socket, waits: Waits::Greeting, received: Vec::new() })
    }

    /// Takes what has come and answers it when it is whole. Returns the row, which is the last thing to come.
    fn go_on(&mut self, query: &[u8]) -> Result<Option<String>> {
        self.received.reserve(512);
        let (length, _) = net::recv(&self.socket, spare_capacity(&mut self.received), RecvFlags::empty())?;
        ensure!(length > 0, "the server closed the connection");
        let Some(packets) = packets::split(&self.received) else { return Ok(None) };
        packets::no_error(packets[0])?;
        match self.waits {
            Waits::Greeting => {
                self.send(&packets::login(self.host, packets[0])?)?;
                self.waits = Waits::Welcome;
            }
            Waits::Welcome => {
                packets::ok(packets[0])?;
                self.send(query)?;
                self.waits = Waits::Rows;
            }
            Waits::Rows if !packets::are_rows(&packets) => return Ok(None), // more is to come
            Waits::Rows => {
                let row = packets::first_row(&packets)?;
                self.send(packets::QUIT)?;
                return Ok(Some(row));
            }
        }
        self.received.clear();
        Ok(None)
    }

    /// Sends a packet: so short that the kernel takes it whole.
    fn send(&self, packet: &[u8]) -> Result<()> {
        let length = net::send(&self.socket, packet, SendFlags::NOSIGNAL)?;
        ensure!(length == packet.len(), "the kernel took a part of a packet only");
        Ok(())
    }
}
