//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio": one thread, one event loop, a task for each host.
//! How it waits: the thread sleeps in `epoll_wait` until any host has answered, then runs that host's task.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s.
//!
//!     cargo run --release -p db-tokio -- --urls FILE

use std::time::{Duration, Instant};
use std::{fs, num::NonZeroUsize, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Parser, value_parser};
use mysql_async::{Conn, Opts, OptsBuilder, Row, prelude::Queryable};
use tokio::{runtime::Builder, sync::Semaphore, task, time};

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    /// File with one mysql://user:password@host:port/database a line
    #[arg(long, value_name = "FILE", env = "DB_URLS", value_parser = read_urls)]
    urls: Box<[Opts]>,
    /// What to ask each host
    #[arg(long, value_name = "SQL", default_value = "select sleep(0.1)")]
    query: String,
    /// How long one host may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Threads of the event loop
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u16).range(1..=1024))]
    threads: u16,
}

/// Opens a connection, asks, and closes the connection.
async fn query(host: &Opts, sql: &str) -> Result<Row> {
    let mut connection = Conn::new(host.clone()).await?;
    let row = connection.query_first(sql).await?.context("no row")?;
    connection.disconnect().await?;
    Ok(row)
}

/// How to connect.
fn options(host: Opts) -> Opts {
    OptsBuilder::from_opts(host)
        // Known here, so not asked for at connect: that would cost a round trip.
        .max_allowed_packet(Some(1 << 24))
        .wait_timeout(Some(28_800))
        .prefer_socket(false)
        .tcp_nodelay(false) // each packet is answered before the next: nothing is delayed
        .stmt_cache_size(0) // one statement a connection: nothing to cache
        .into()
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();
    let at_once = limits::connections(args.concurrency, total)?;

    let mut runtime =
        if args.threads > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let runtime = limits::start(|| runtime.worker_threads(args.threads.into()).enable_all().build())?;
    let ok: usize = runtime.block_on(async {
        let slots = Arc::new(Semaphore::new(at_once));
        let mut tasks = task::JoinSet::new();
        for host in args.urls {
            let slot = slots.clone().acquire_owned().await; // waits here while all are taken
            let (host, sql) = (options(host), args.query.clone());
            tasks.spawn(async move {
                let _slot = slot;
                let row = time::timeout(args.timeout, query(&host, &sql)).await;
                report(&host, row.unwrap_or_else(|_| Err(anyhow!("no answer in {:?}", args.timeout))))
            });
            task::yield_now().await; // lets the first hosts be asked while the last are being connected to
        }
        tasks.join_all().await.iter().sum()
    });

    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Prints a host's row on stdout, or its error on stderr; returns the number of rows.
fn report(host: &Opts, result: Result<Row>) -> usize {
    match &result {
        Ok(row) => println!("{row:?}"),
        Err(error) => eprintln!("{}:{}: {error}", host.ip_or_hostname(), host.tcp_port()),
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
