//! Asks 500 MySQL hosts, as many at once as there are worker processes.
//!
//! Mirrors article 1, "Multiprocessing": a worker process for each CPU, as Python's ProcessPoolExecutor.
//! How it waits: each worker blocks in `recv` until its host has answered, and is then handed the next host.
//! Expected wall time: 500 hosts ÷ 2 processes (2 CPUs) × 0.1 s = 25 s.
//!
//!     cargo run --release -p db-multiprocess -- --urls FILE

mod worker;

use std::time::{Duration, Instant};
use std::{fs, num::NonZeroUsize, process::ExitCode, sync::Mutex, thread};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use mysql::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};
use worker::Worker;

/// Asks MySQL hosts, as many at once as there are worker processes.
#[derive(Parser)]
struct Args {
    /// File with one mysql://user:password@host:port/database a line
    #[arg(long, value_name = "FILE", env = "DB_URLS", value_parser = read_urls, required_unless_present = "worker")]
    urls: Option<Box<[String]>>,
    /// What to ask each host
    #[arg(long, value_name = "SQL", default_value = "select sleep(0.1)")]
    query: String,
    /// How long each wait for a host may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = cpus())]
    concurrency: NonZeroUsize,
    /// Be a worker: take URLs from stdin
    #[arg(long, hide = true)]
    worker: bool,
}

/// Opens a connection, asks, and closes the connection.
fn query(url: &str, sql: &str, timeout: Duration) -> Result<String> {
    let options = OptsBuilder::from_opts(Opts::from_url(url)?)
        // Known here, so not asked for at connect: that would cost a round trip.
        .max_allowed_packet(Some(1 << 24))
        .prefer_socket(false)
        .tcp_nodelay(false) // each packet is answered before the next: nothing is delayed
        .stmt_cache_size(0) // one statement a connection: nothing to cache
        .tcp_connect_timeout(Some(timeout))
        .read_timeout(Some(timeout))
        .write_timeout(Some(timeout));
    let start = Instant::now();
    let row = Conn::new(options).and_then(|mut connection| connection.query_first(sql));
    ensure!(row.is_ok() || start.elapsed() < timeout, "no answer in {timeout:?}");
    row?.map(|row: Row| format!("{row:?}")).context("no row")
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    if args.worker {
        return worker::work(|url| query(url, &args.query, args.timeout));
    }
    let urls = args.urls.unwrap_or_default();
    let total = urls.len();

    let mut workers = Vec::new();
    for _ in 0..limits::processes(args.concurrency, total)? {
        workers.push(Worker::start(&args.query, args.timeout)?);
    }
    let queue = Mutex::new(urls.iter());
    let ok: usize = thread::scope(|scope| {
        let feeders: Vec<_> = workers.into_iter().map(|worker| scope.spawn(|| worker.feed(&queue))).collect();
        feeders.into_iter().map(|feeder| feeder.join().expect("no feeder panics")).sum()
    });
    for url in queue.into_inner().expect("no feeder panics") {
        report(url, Err(anyhow!("no worker process is left")));
    }

    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Prints a host's row on stdout, or its error on stderr; returns the number of rows.
fn report(url: &str, result: Result<String>) -> usize {
    let host = url.rsplit('@').next().unwrap_or_default();
    match &result {
        Ok(row) => println!("{row}"),
        Err(error) => eprintln!("{host}: {error}"),
    }
    result.iter().count()
}

/// Reads the URL file. A bad line is named by its number alone: it may hold a password.
fn read_urls(file: &str) -> Result<Box<[String]>> {
    let urls: Box<[String]> = fs::read_to_string(file)?.lines().map(String::from).collect();
    for (index, url) in urls.iter().enumerate() {
        Opts::from_url(url).with_context(|| format!("line {} is no MySQL URL", index + 1))?;
    }
    ensure!(!urls.is_empty(), "the file is empty");
    Ok(urls)
}

/// As many as Python's ProcessPoolExecutor starts.
fn cpus() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
