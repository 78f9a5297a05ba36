//! The floor under the db programs: asks 500 MySQL hosts with as little as it takes, all at once.
//!
//! No runtime, no driver, no tasks: one `epoll`, and for each host what it waits for. Each packet is prepared before
//! the first connect, but for the login, which needs the server's greeting. It is no lesson and no client: it prints no
//! rows, gives up after 10 s of silence, takes IP addresses alone, and logs in by `mysql_native_password` alone. What a
//! program needs beyond it is its event loop's and its driver's.
//!
//!     cargo run --release -p db-baseline -- --urls FILE

mod packets;

use std::time::Instant;
use std::{fs, net::SocketAddr, process::ExitCode, str::FromStr};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use mini_mysql::Address;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::time::Timespec;

/// Connections that are opened and logged in at a time: the first hosts are asked while the last still connect. Of 16,
/// 64 and all, all is the slowest by 10 ms of 140, the others are alike.
const OPENING: usize = 64;

/// How long nothing may come from any host.
const SILENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// Asks MySQL hosts with as little as it takes.
#[derive(Parser)]
struct Args {
    /// File with one mysql://user:password@host:port/database a line
    #[arg(long, value_name = "FILE", env = "DB_URLS", value_parser = read_urls)]
    urls: Box<[Host]>,
    /// What to ask each host
    #[arg(long, value_name = "SQL", default_value = "select sleep(0.1)")]
    query: String,
}

/// Whom to ask.
#[derive(Clone)]
struct Host {
    at: SocketAddr,
    login: Address,
}

/// What a connection waits for, in this order.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Waits {
    Greeting,
    Welcome,
    Rows,
    Nothing,
}

struct Connection {
    socket: OwnedFd,
    waits: Waits,
    received: Vec<u8>,
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();
    limits::connections(None, total)?;
    let query = packets::query(&args.query);

    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let mut connections = Vec::with_capacity(total);
    let mut events = Vec::with_capacity(1024);
    let (mut opening, mut ok, mut failed) = (0, 0, 0);
    while ok + failed < total {
        while opening < OPENING && connections.len() < total {
            let id = connections.len();
            let connection = Connection::open(&args.urls[id], &epoll, id as u64);
            match &connection {
                Ok(_) => opening += 1,
                Err(error) => failed += report(&args.urls[id], error),
            }
            connections.push(connection.ok());
        }
        if ok + failed == total {
            break; // none could be opened
        }
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&SILENCE))?;
        ensure!(!events.is_empty(), "nothing came from any host for 10 s");
        for event in events.drain(..) {
            let id = event.data.u64() as usize;
            let Some(connection) = &mut connections[id] else { continue };
            let was_opening = connection.waits < Waits::Rows;
            let waits = connection.go_on(&args.urls[id].login, &query);
            if was_opening && !waits.as_ref().is_ok_and(|waits| *waits < Waits::Rows) {
                opening -= 1;
            }
            match waits {
                Ok(Waits::Nothing) => ok += 1,
                Ok(_) => continue,
                Err(error) => failed += report(&args.urls[id], &error),
            }
            connections[id] = None; // which closes it
        }
    }

    println!("{ok} ok, {failed} failed in {:.3} s", start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(failed > 0)))
}

impl Connection {
    /// Begins to connect, and has `epoll` tell under this number what comes.
    fn open(host: &Host, epoll: &OwnedFd, id: u64) -> Result<Self> {
        let family = if host.at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
        if let Err(error) = net::connect(&socket, &host.at)
            && error != Errno::INPROGRESS
        {
            bail!(error);
        }
        // The server speaks first: that it can be written to need not be known. A refused connect is told, too.
        epoll::add(epoll, &socket, EventData::new_u64(id), EventFlags::IN)?;
        Ok(Self { socket, waits: Waits::Greeting, received: Vec::new() })
    }

    /// Takes what has come, answers when it is whole, and tells what is waited for now.
    fn go_on(&mut self, login: &Address, query: &[u8]) -> Result<Waits> {
        self.received.reserve(512);
        let (length, _) = net::recv(&self.socket, spare_capacity(&mut self.received), RecvFlags::empty())?;
        ensure!(length > 0, "the server closed the connection");
        let Some((first, last)) = packets::first_and_last(&self.received) else { return Ok(self.waits) };
        packets::no_error(first)?;
        match self.waits {
            Waits::Greeting => {
                self.send(&packets::login(login, first)?)?;
                self.waits = Waits::Welcome;
            }
            Waits::Welcome => {
                packets::ok(first)?;
                self.send(query)?;
                self.waits = Waits::Rows;
            }
            Waits::Rows if packets::is_end(last) => {
                self.send(packets::QUIT)?;
                self.waits = Waits::Nothing;
            }
            Waits::Rows | Waits::Nothing => return Ok(self.waits), // more is to come
        }
        self.received.clear();
        Ok(self.waits)
    }

    /// Sends a packet: so short that the kernel takes it whole.
    fn send(&self, packet: &[u8]) -> Result<()> {
        let length = net::send(&self.socket, packet, SendFlags::NOSIGNAL)?;
        ensure!(length == packet.len(), "the kernel took a part of a packet only");
        Ok(())
    }
}

/// Prints a host's error on stderr; returns the number of errors.
fn report(host: &Host, error: &anyhow::Error) -> usize {
    eprintln!("{}: {error:#}", host.at);
    1
}

/// Reads the URL file. A bad line is named by its number alone: it may hold a password.
fn read_urls(file: &str) -> Result<Box<[Host]>> {
    let mut hosts = Vec::new();
    for (index, url) in fs::read_to_string(file)?.lines().enumerate() {
        let login = Address::from_str(url).with_context(|| format!("line {} is no MySQL URL", index + 1))?;
        let at = login.name.parse().with_context(|| format!("line {} names no IP address", index + 1))?;
        hosts.push(Host { at, login });
    }
    ensure!(!hosts.is_empty(), "the file is empty");
    Ok(hosts.into())
}
