//! The servers under the programs: MySQL hosts and an HTTP server, on loopback only.
//!
//! `bench-lab --dir DIR` listens, writes `DIR/db.urls` (one `mysql://` URL for each host, one per line) and
//! `DIR/http.url` (the base URL), and prints `ready`. It stops on SIGTERM or SIGINT, and when its
//! standard input is a pipe that closes, so that it never outlives whoever started it.
//!
//! One thread serves everything. What it counts is at `GET /stats` (see [`stats`]); a reset is
//! `POST /stats/reset`. With `--trace FILE` it notes when each item began and ended (see [`trace`]).
//! With `--rtt SECONDS` it answers as over a network, whose timers a second thread wakes (see
//! [`session`]). With `--sick FAULT=N` hosts and days of prices misbehave (see [`fault`]), with
//! `fault=` in its query a page does, and under `/stretch/{factor}` prices take longer (see [`http`]).

mod fault;
mod http;
mod listen;
mod mysql;
mod play;
mod prices;
mod session;
mod stats;
mod trace;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::future::pending;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rustix::rand::{GetRandomFlags, getrandom};
use tempfile::NamedTempFile;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::fault::Share;
use crate::http::Site;
use crate::mysql::{Auth, DATABASE, Hosts, Login, USER};
use crate::stats::{Counters, Stats};
use crate::trace::Trace;

/// MySQL hosts and an HTTP server on loopback, for the programs of this workspace to wait on.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where db.urls and http.url are written
    #[arg(long)]
    dir: PathBuf,

    /// How many MySQL hosts: addresses in 127.0.0.0/8, a port for every 4096
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..))]
    hosts: u16,

    /// How long the server takes to answer /prices
    #[arg(long, value_name = "SECONDS", default_value = "0.29", value_parser = seconds)]
    prices_delay: Duration,

    /// The round-trip time of the network that the lab plays: what a client waits more for each answer of a MySQL host,
    /// a page or a day of prices, and once more for its connection
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    rtt: Duration,

    /// Port of the first 4096 MySQL hosts; 0: any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    db_port: u16,

    /// Port of the HTTP server; 0: any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    http_port: u16,

    /// How the MySQL hosts check passwords
    #[arg(long, default_value = "native")]
    auth: Auth,

    /// The plugin that the greeting of a host names, where it is not the account's: that follows by auth switch
    #[arg(long, value_name = "PLUGIN")]
    default_plugin: Option<String>,

    /// N of the hosts, and of every --days days of prices, misbehave. FAULT: refuse, hang, error, close, slow; prices also
    /// 404, 500, redirect, length, not-json, no-price; or BEFORE:STEP[,STEP…] (see crates/bench/lab/src/fault.rs).
    /// Repeatable
    #[arg(long, value_name = "FAULT=N")]
    sick: Vec<Share>,

    /// The days after which sick days of prices repeat
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    days: u16,

    /// Notes when each item began and ended: CSV, empty again after `POST /stats/reset`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
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

/// Serves until it is told to stop. Every failure is one of starting.
fn run(args: Args) -> Result<()> {
    let sick_hosts =
        fault::spread(args.sick.iter().map(|share| (&share.host, share.count)), args.hosts, "--hosts")?;
    let sick_days =
        fault::spread(args.sick.iter().map(|share| (&share.day, share.count)), args.days, "--days")?;
    let login = Login::new(random_password()?, args.auth, args.default_plugin)?;
    let trace = args.trace.as_deref().map(Trace::create).transpose()?;
    raise_descriptor_limit(args.hosts)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")?
        .block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let stats = Arc::new(Stats::new(Counters::of(&sick_hosts), Counters::of(&sick_days), trace));

            let mut db = vec![listen::listen(args.db_port)?];
            while db.len() * listen::BACKLOG < sick_hosts.len() {
                db.push(listen::listen(0)?);
            }
            let refusing = listen::bind(0)?;
            let web = listen::listen(args.http_port)?;

            let refusing_port = listen::port(&refusing)?;
            let mut urls = String::new();
            let mut sick = HashMap::new();
            for (host, fault) in sick_hosts.into_iter().enumerate() {
                let address = listen::host_address(host);
                // One connect to each host fits in the queues, however late they are accepted.
                let port = match &fault {
                    Some(fault) if fault.refuses() => refusing_port,
                    _ => db[host / listen::BACKLOG].local_addr()?.port(),
                };
                writeln!(urls, "mysql://{USER}:{}@{address}:{port}/{DATABASE}", login.password)?;
                sick.extend(fault.map(|fault| (address, fault)));
            }
            let base_url = format!("http://{}:{}\n", Ipv4Addr::LOCALHOST, web.local_addr()?.port());

            let rtt = args.rtt;
            let hosts = Arc::new(Hosts { login, sick, rtt, stats: Arc::clone(&stats) });
            let site = Site { prices_delay: args.prices_delay, sick_days, rtt, stats };
            for listener in db {
                tokio::spawn(mysql::serve(listener, Arc::clone(&hosts)));
            }
            tokio::spawn(http::serve(web, site));

            write_file(&args.dir, "db.urls", &urls)?;
            write_file(&args.dir, "http.url", &base_url)?;
            writeln!(io::stdout(), "ready").context("cannot write to standard output")?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = stdin_closed() => {}
            }
            Ok(())
        })
}

/// Raises the soft limit on file descriptors to the hard one: a connection needs one.
fn raise_descriptor_limit(hosts: u16) -> Result<()> {
    let wanted = u64::from(hosts) + SPARE_DESCRIPTORS;
    let limit = rlimit::increase_nofile_limit(u64::MAX).context("cannot raise `ulimit -n`")?;
    ensure!(
        limit >= wanted,
        "--hosts {hosts} needs {wanted} file descriptors, the hard limit is {limit}: \
         raise it (`ulimit -Hn {wanted}` as root) or ask for fewer hosts"
    );
    Ok(())
}

/// 128 random bits in hexadecimal: another password every start.
fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom(&mut bytes, GetRandomFlags::empty()).context("no random bytes for the password")?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// Writes `dir/name` aside, readable by its owner only, and moves it into place: whoever sees it
/// sees all of it.
fn write_file(dir: &Path, name: &str, text: &str) -> Result<()> {
    let path = dir.join(name);
    let write = || -> Result<()> {
        fs::create_dir_all(dir)?;
        let mut file = NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.persist(&path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Ends when standard input does, if it is a pipe: a job in the background that reads its terminal is stopped. Read in a
/// thread of its own, because tokio's standard input would keep the runtime from ending before the next line.
async fn stdin_closed() {
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    if !stdin.and_then(|stdin| stdin.metadata()).is_ok_and(|stdin| stdin.file_type().is_fifo()) {
        return pending().await;
    }
    let (closed, wait) = oneshot::channel::<()>();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(closed);
    });
    let _ = wait.await;
}

/// A number of seconds from the command line.
fn seconds(text: &str) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}
