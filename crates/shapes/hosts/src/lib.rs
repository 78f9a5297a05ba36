//! Shared by all programs of `shapes`: their arguments, how a host is asked, and the outcome of each. The subject there
//! is the shape of the code, so the driver is here.

mod drivers;

use std::num::NonZeroUsize;
use std::{env, time::Duration};

use anyhow::Result;
use clap::Parser;
use db_hosts::{catch_panic, catch_panic_async};
use tokio::runtime::{Builder, Runtime};
use tokio::time::error::Elapsed;

/// Names the host whose item panics outside the driver, as a bug of the reader's own would: for the tests.
const PANICS: &str = "SHAPES_PANIC";

/// Asks MySQL hosts, at most M at a time.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    common: db_hosts::Args,
    /// Hosts asked at once
    #[arg(long, value_name = "M", default_value = "50")]
    limit: NonZeroUsize,
}

/// The arguments of the shapes whose consumer is slow.
#[derive(Parser)]
struct SlowArgs {
    #[command(flatten)]
    args: Args,
    /// How long it takes to write a row
    #[arg(long, value_name = "SECONDS", default_value = "0.02", value_parser = limits::seconds)]
    write: Duration,
}

/// The arguments of the shape that blocks.
#[derive(Parser)]
struct BlockingArgs {
    #[command(flatten)]
    args: Args,
    /// Use tokio's default runtime, with a thread for each CPU, instead of one thread
    #[arg(long)]
    default_runtime: bool,
    /// Ask every Nth host with the driver that blocks, and the others with the one that does not
    #[arg(long, value_name = "N", default_value = "1")]
    every: NonZeroUsize,
}

/// N hosts to ask, at most `limit` at a time.
pub struct Job {
    /// The hosts, in the order of the file.
    pub hosts: Vec<Host>,
    /// How many may be asked at once: no more than there are.
    pub limit: usize,
    /// How long a host may take.
    pub deadline: Duration,
    /// Where outcomes are reported.
    pub tally: Tally,
}

impl Job {
    /// Reads the command line. Bad arguments end the program.
    ///
    /// # Errors
    /// When stdout is closed, or the machine has too few file descriptors.
    pub fn from_args() -> Result<Self> {
        Args::parse().job()
    }

    /// As `from_args`, with the time that it takes to write a row.
    ///
    /// # Errors
    /// As `from_args`.
    pub fn with_slow_writer() -> Result<(Self, Duration)> {
        let SlowArgs { args, write } = SlowArgs::parse();
        Ok((args.job()?, write))
    }

    /// As `from_args`, with the runtime that was asked for, and the N of every Nth host, which is asked by blocking.
    ///
    /// # Errors
    /// As `from_args`, or when the system starts no more threads.
    pub fn with_runtime() -> Result<(Self, Runtime, usize)> {
        let BlockingArgs { args, default_runtime, every } = BlockingArgs::parse();
        let mut builder =
            if default_runtime { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        let runtime = limits::start(|| builder.enable_all().build())??;
        Ok((args.job()?, runtime, every.get()))
    }
}

impl Args {
    fn job(self) -> Result<Job> {
        let Self { common, limit } = self;
        let limit = limits::allow_connections(limit, common.hosts.len())?;
        let (deadline, tally, panics) = (common.timeout, Tally(common.tally()?), env::var(PANICS).ok());
        let hosts = common.hosts.into_iter().map(|host| {
            let panics = panics.as_ref().is_some_and(|name| *name == host.to_string());
            Host { host, query: common.query.clone(), panics }
        });
        Ok(Job { hosts: hosts.collect(), limit, deadline, tally })
    }
}

/// A host and its query.
pub struct Host {
    host: db_hosts::Host,
    query: String,
    panics: bool,
}

impl Host {
    /// Asks it with a driver for tokio: opens a connection, asks, and closes the connection.
    ///
    /// # Errors
    /// Whatever went wrong, a panic of the driver included.
    pub async fn ask(&self) -> Result<String> {
        assert!(!self.panics, "{} panics", self.host);
        catch_panic_async(drivers::ask(&self.host, &self.query)).await
    }

    /// Asks it with a driver that blocks the thread: each wait for the host may take `deadline`.
    ///
    /// # Errors
    /// Whatever went wrong, a panic of the driver included.
    pub fn ask_blocking(&self, deadline: Duration) -> Result<String> {
        assert!(!self.panics, "{} panics", self.host);
        catch_panic(|| drivers::ask_blocking(&self.host, &self.query, deadline))
    }
}

/// Prints and counts the outcome of each host. Clones count together.
#[derive(Clone)]
pub struct Tally(db_hosts::Tally);

impl Tally {
    /// Prints the outcome of `timeout` for a host: its row, the cause of its failure, or that it took too long.
    pub fn report(&self, host: &Host, outcome: Result<Result<String>, Elapsed>) {
        match outcome {
            Ok(row) => self.0.report(&host.host, row),
            Err(_) => self.0.timed_out(&host.host),
        }
    }

    /// Prints the hosts that reported nothing, because their task panicked, and the last line, and ends the program.
    pub fn exit(&self) -> ! {
        self.0.exit()
    }
}
