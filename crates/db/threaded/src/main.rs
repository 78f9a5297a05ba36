//! Asks 500 MySQL hosts, as many at once as the pool has threads.
//!
//! Mirrors article 1, "Multithreading": a pool of min(32, CPUs + 4) threads, as Python's ThreadPoolExecutor.
//! How it waits: each thread of the pool blocks in `recv` until its host has answered.
//! Expected wall time: 500 hosts ÷ 6 threads (2 CPUs) × 0.1 s ≈ 8.4 s; with `--concurrency 500` 0.1 s.
//!
//!     cargo run --release -p db-threaded -- --urls FILE

use std::time::{Duration, Instant};
use std::{fs, num::NonZeroUsize, process::ExitCode, sync::mpsc};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use mysql::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};
use threadpool::ThreadPool;

/// Asks MySQL hosts, as many at once as the pool has threads.
#[derive(Parser)]
struct Args {
    /// File with one mysql://user:password@host:port/database a line
    #[arg(long, value_name = "FILE", env = "DB_URLS", value_parser = read_urls)]
    urls: Box<[Opts]>,
    /// What to ask each host
    #[arg(long, value_name = "SQL", default_value = "select sleep(0.1)")]
    query: String,
    /// How long each wait for a host may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
    /// Threads in the pool
    #[arg(long, value_name = "N", default_value_t = limits::default_threads(), value_parser = limits::threads)]
    concurrency: NonZeroUsize,
}

/// Opens a connection, asks, and closes the connection.
fn query(host: &Opts, sql: &str, timeout: Duration) -> Result<Row> {
    let start = Instant::now();
    let row = Conn::new(host.clone()).and_then(|mut connection| connection.query_first(sql));
    ensure!(row.is_ok() || start.elapsed() < timeout, "no answer in {timeout:?}");
    row?.context("no row")
}

/// How to connect.
fn options(host: Opts, timeout: Duration) -> Opts {
    OptsBuilder::from_opts(host)
        // Known here, so not asked for at connect: that would cost a round trip.
        .max_allowed_packet(Some(1 << 24))
        .prefer_socket(false)
        .tcp_nodelay(false) // each packet is answered before the next: nothing is delayed
        .stmt_cache_size(0) // one statement a connection: nothing to cache
        .tcp_connect_timeout(Some(timeout))
        .read_timeout(Some(timeout))
        .write_timeout(Some(timeout))
        .into()
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();
    let at_once = limits::connections(args.concurrency, total)?;

    let pool = limits::start(|| ThreadPool::new(at_once));
    let (sender, receiver) = mpsc::channel();
    for host in args.urls {
        let (host, sql, sender) = (options(host, args.timeout), args.query.clone(), sender.clone());
        pool.execute(move || {
            let _ = sender.send(report(&host, query(&host, &sql, args.timeout)));
        });
    }
    drop(sender);
    let ok: usize = receiver.iter().sum();

    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Prints a host's row on stdout, or its error on stderr; returns the number of rows.
fn report(host: &Opts, result: Result<Row>) -> usize {
    match &result {
        Ok(row) => println!("{row:?}"),
        Err(error) => eprintln!("{}:{}: {error}", host.get_ip_or_hostname(), host.get_tcp_port()),
    }
    result.iter().count()
}

/// Reads the URL file. A bad line is named by its number alone: it may hold a password.
fn read_urls(file: &str) -> Result<Box<[Opts]>> {
    let mut hosts = Vec::new();
    for (index, url) in fs::read_to_string(file)?.lines().enumerate() {
        hosts.push(Opts::from_url(url).with_context(|| format!("line {} is no MySQL URL", index + 1))?);
    }
    ensure!(!hosts.is_empty(), "the file is empty");
    Ok(hosts.into())
}
