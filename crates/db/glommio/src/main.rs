//! Asks 500 MySQL hosts, all at once.
//!
//! Mirrors article 1, "Asyncio with uvloop": the same shape on another event loop, here on io_uring.
//! How it waits: the thread sleeps in `io_uring_enter` until any host has answered, then runs that host's task.
//! Expected wall time: 500 hosts ÷ 500 at once × 0.1 s = 0.1 s.
//!
//!     cargo run --release -p db-glommio -- --urls FILE

use std::time::{Duration, Instant};
use std::{fs, io, num::NonZeroUsize, process::ExitCode, rc::Rc, str::FromStr};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use futures_lite::future;
use glommio::{net::TcpStream, sync::Semaphore, timer};
use mini_mysql::{Address, Conn, Row};

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
    let stream = TcpStream::connect(&host.name).await.map_err(io::Error::from)?;
    let mut connection = Conn::login(stream, host).await?;
    let row = connection.query_first(sql).await?;
    connection.quit().await?;
    Ok(row)
}

fn main() -> Result<ExitCode> {
    let start = Instant::now();
    let args = Args::parse();
    let total = args.urls.len();
    let at_once = limits::connections(args.concurrency, total)?;

    let ok = glommio_executor::executor()?.run(async {
        let slots = Rc::new(Semaphore::new(at_once as u64));
        let mut tasks = Vec::new();
        for host in args.urls {
            let slot = slots.acquire_static_permit(1).await; // waits here while all are taken
            let sql = args.query.clone();
            tasks.push(glommio::spawn_local(async move {
                let _slot = slot;
                report(&host, future::or(query(&host, &sql), late(args.timeout)).await)
            }));
        }
        let mut ok = 0;
        for task in tasks {
            ok += task.await;
        }
        ok
    });

    println!("{ok} ok, {} failed in {:.3} s", total - ok, start.elapsed().as_secs_f64());
    Ok(ExitCode::from(u8::from(ok < total)))
}

/// Fails when the time is over.
async fn late(timeout: Duration) -> Result<Row> {
    timer::sleep(timeout).await;
    bail!("no answer in {timeout:?}")
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
