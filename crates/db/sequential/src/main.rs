//! Asks 500 MySQL hosts, one after the other.
//!
//! Mirrors article 1, "Sequential Execution".
//! How it waits: the one thread blocks in `recv` until its host has answered.
//! Expected wall time: 500 hosts × 0.1 s = 50 s.
//!
//!     cargo run --release -p db-sequential -- --urls FILE

use std::time::{Duration, Instant};
use std::{fs, process::ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use mysql::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};

/// Asks MySQL hosts, one after the other.
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

    let mut ok = 0;
    for host in args.urls {
        let host = options(host, args.timeout);
        ok += report(&host, query(&host, &args.query, args.timeout));
    }

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
