//! The servers under the programs: MySQL hosts and an HTTP server, on loopback only.
//!
//! `bench-lab --dir DIR` listens, writes `DIR/db.urls` (one `mysql://` URL for each host, one per line) and
//! `DIR/http.url` (the base URL), and prints `ready`. It stops on SIGTERM or SIGINT, and when its
//! standard input is a pipe that closes, so that it never outlives the process that started it.
//!
//! One thread serves everything. Its counters are at `GET /stats` (see [`stats`]); a reset is
//! `POST /stats/reset`. With `--trace FILE` it notes when each item began and ended (see [`trace`]).
//! With `--rtt SECONDS` it answers as over a network, whose timers a second thread wakes (see
//! [`connection`]). With `--sick FAULT=N` hosts and days of prices misbehave (see [`fault`]), with
//! `fault=` in its query a page does, and under `/stretch/{factor}` prices take longer (see [`http`]).

#![allow(missing_docs, reason = "names say it")]

mod connection;
mod fault;
mod http;
mod listen;
mod mysql;
mod prices;
mod stats;
mod trace;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::future::pending;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::net::unix::pipe::Receiver;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{LocalSet, spawn_local};

use crate::connection::Connection;
use crate::fault::{Places, Share};
use crate::mysql::{Auth, DATABASE, USER, random};
use crate::stats::Stats;
use crate::trace::Trace;

/// MySQL hosts and an HTTP server on loopback, on which the programs of this workspace wait.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where db.urls and http.url are written
    #[arg(long)]
    dir: PathBuf,

    /// How many MySQL hosts: addresses in 127.0.0.0/8, a port for every 4096 [default: 500, or as many as are sick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    hosts: Option<u16>,

    /// How long the server takes to answer /prices
    #[arg(long, value_name = "SECONDS", default_value = "0.29", value_parser = seconds)]
    prices_delay: Duration,

    /// The round-trip time of the network that the lab plays: a client waits for it before each answer of a MySQL host, a
    /// page or a day of prices, and once more for its connection
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    rtt: Duration,

    /// How the MySQL hosts check passwords
    #[arg(long, default_value = "native")]
    auth: Auth,

    /// The plugin that the greeting of a host names, where it is not the account's: that follows by auth switch
    #[arg(long, value_name = "PLUGIN")]
    default_plugin: Option<String>,

    /// N of the hosts, and of every --days days of prices, misbehave. FAULT: refuse, hang, error, close, slow; for prices
    /// 404, 500, redirect, length, not-json, no-price; or BEFORE:STEP[,STEP…] (see crates/bench/lab/src/fault.rs).
    /// Repeatable
    #[arg(long, value_name = "FAULT=N", value_parser = fault::share)]
    sick: Vec<Share>,

    /// The days after which sick days of prices repeat [default: 100, or as many as are sick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,

    /// Notes when each item began and ended: CSV, empty again after `POST /stats/reset`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

/// Shared by all connections.
struct Lab {
    args: Args,
    /// Another one every start.
    password: String,
    hosts: Places,
    days: Places,
    stats: RefCell<Stats>,
}

/// File descriptors beside those of the hosts' connections: listeners, epoll, pipes, HTTP.
const SPARE_DESCRIPTORS: u64 = 200;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-lab: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Serves until a signal or the end of its input. Only the start can fail.
fn run(args: Args) -> Result<()> {
    let trace = args.trace.as_deref().map(Trace::create).transpose()?;
    let password = random().context("no random bytes for the password")?;
    let lab = Rc::new(Lab {
        password: format!("{:032x}", u128::from_ne_bytes(password)),
        hosts: Places::new(&args.sick, "--hosts", args.hosts, 500)?,
        days: Places::new(&args.sick, "--days", args.days, 100)?,
        stats: Stats::new(trace).into(),
        args,
    });
    raise_descriptor_limit(lab.hosts.faults.len() as u64)?;
    let runtime =
        Builder::new_current_thread().enable_all().build().context("cannot start the event loop")?;
    LocalSet::new().block_on(&runtime, async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let refusing = listen::bind()?;
        let refusing_port = refusing.local_addr()?.as_socket().context("not an IP socket")?.port();
        let mut urls = String::new();
        // One connect to each host fits in the queues, however late they are accepted.
        for (group, faults) in lab.hosts.faults.chunks(listen::BACKLOG).enumerate() {
            let listener = listen::listen()?;
            let port = listener.local_addr()?.port();
            for (place, fault) in faults.iter().enumerate() {
                let address = listen::host_address(group * listen::BACKLOG + place);
                let refuses = fault.as_ref().is_some_and(|fault| fault.refuses());
                let port = if refuses { refusing_port } else { port };
                writeln!(urls, "mysql://{USER}:{}@{address}:{port}/{DATABASE}", lab.password)?;
            }
            spawn_local(serve(listener, Rc::clone(&lab), mysql::serve));
        }
        let listener = listen::listen()?;
        let base_url = format!("http://{}:{}\n", Ipv4Addr::LOCALHOST, listener.local_addr()?.port());
        spawn_local(serve(listener, Rc::clone(&lab), http::serve));

        write_file(&lab.args.dir, "db.urls", &urls)?;
        write_file(&lab.args.dir, "http.url", &base_url)?;
        writeln!(io::stdout(), "ready").context("cannot write to standard output")?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stdin_closed() => {}
        }
        Ok(())
    })
}

/// Serves every connection that the listener accepts, for ever.
async fn serve<S>(listener: TcpListener, lab: Rc<Lab>, serve: S)
where
    S: AsyncFn(&mut Connection) -> io::Result<()> + Copy + 'static,
{
    loop {
        let mut connection = Connection::new(Rc::clone(&lab), listen::accept(&listener).await);
        spawn_local(async move {
            // The client knows best why its connection ended.
            let _ = serve(&mut connection).await;
            connection.close();
        });
    }
}

/// Raises the soft limit on file descriptors to the hard one: a connection needs one.
fn raise_descriptor_limit(hosts: u64) -> Result<()> {
    let wanted = hosts + SPARE_DESCRIPTORS;
    let limit = rlimit::increase_nofile_limit(u64::MAX).context("cannot raise `ulimit -n`")?;
    ensure!(
        limit >= wanted,
        "--hosts {hosts} needs {wanted} file descriptors, the hard limit is {limit}, enough for {} hosts: \
         raise it (`ulimit -Hn {wanted}` as root) or ask for fewer",
        limit.saturating_sub(SPARE_DESCRIPTORS)
    );
    Ok(())
}

/// Writes `dir/name` aside, readable by its owner only, and moves it into place: a reader
/// never sees part of it.
fn write_file(dir: &Path, name: &str, text: &str) -> Result<()> {
    let path = dir.join(name);
    let write = || -> Result<File> {
        fs::create_dir_all(dir)?;
        let mut file = NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        Ok(file.persist(&path)?)
    };
    write().map(drop).with_context(|| format!("cannot write {}", path.display()))
}

/// Ends when standard input does, if it is a pipe: a job in the background that reads its terminal is stopped.
async fn stdin_closed() {
    let stdin = io::stdin().as_fd().try_clone_to_owned().and_then(Receiver::from_owned_fd);
    let Ok(mut stdin) = stdin else { return pending().await };
    let _ = tokio::io::copy(&mut stdin, &mut tokio::io::sink()).await;
}

/// A number of seconds from the command line.
fn seconds(text: &str) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}
