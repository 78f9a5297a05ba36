//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio with uvloop": the same shape on another event loop, here on io_uring by completion.
//! How it waits: the thread hands the kernel a whole receive, buffer included, and sleeps in `io_uring_enter` until
//! any is complete, then runs that host's task.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s.
//!
//!     cargo run --release -p db-compio -- --urls FILE

use std::time::{Duration, Instant};
use std::{fs, num::NonZeroUsize, process::ExitCode, str::FromStr, sync::Arc};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use compio::{io::compat::AsyncStream, net::TcpStream, runtime::Runtime, time};
use mini_mysql::{Address, Conn, Row};
use tokio::sync::Semaphore;

/// Asks MySQL hosts, all at once.
#[derive(Parser)]
struct Args {
    /// File with one mysql://user:password@host:port/database a line
    #[arg(long, value_name = "FILE", env = "DB_URLS", value_parser = read_urls)]
    urls: Box<[Address]>,
    /// What to ask each host
    #[arg(long, value_name = "SQL", default_value = "select sleep(0.1)")]
    query: String,
    /// How long one host may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    timeout: Duration,
    /// Hosts asked at once [default: all]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
}

/// Opens a connection, asks, and closes the connection.
async fn query(host: &Address, sql: &str) -> Result<Row> {
    let stream = TcpStream::connect(&host.name).await?;
    // A packet has some hundred bytes here; the default is 8 KiB each way.
    let stream = AsyncStream::with_capacity(512, stream);
    let mut connection = Conn::login(Box::pin(stream), host).await?;
    let row = connection.query_first(sql).await?;
    connection.quit().await?;
    Ok(row)
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();
    let at_once = limits::connections(args.concurrency, total)?;

    let ok = Runtime::new().map_err(io_uring_check::explain)?.block_on(async {
        let slots = Arc::new(Semaphore::new(at_once));
        let mut tasks = Vec::new();
        for host in args.urls {
            let slot = slots.clone().acquire_owned().await; // waits here while all are taken
            let sql = args.query.clone();
            tasks.push(compio::runtime::spawn(async move {
                let _slot = slot;
                let row = time::timeout(args.timeout, query(&host, &sql)).await;
                report(&host, row.unwrap_or_else(|_| Err(anyhow!("no answer in {:?}", args.timeout))))
            }));
        }
        let mut ok = 0;
        for task in tasks {
            ok += task.await.unwrap_or_default(); // one that panics is none
        }
        ok
    });

    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Prints a host's row on stdout, or its error on stderr; returns the number of rows.
fn report(host: &Address, result: Result<Row>) -> usize {
    match &result {
        Ok(row) => println!("{row:?}"),
        Err(error) => eprintln!("{}: {error}", host.name),
    }
    result.iter().count()
}

/// Reads the URL file. A bad line is named by its number alone: it may hold a password.
fn read_urls(file: &str) -> Result<Box<[Address]>> {
    let mut hosts = Vec::new();
    for (index, url) in fs::read_to_string(file)?.lines().enumerate() {
        hosts.push(Address::from_str(url).with_context(|| format!("line {} is no MySQL URL", index + 1))?);
    }
    ensure!(!hosts.is_empty(), "the file is empty");
    Ok(hosts.into())
}
