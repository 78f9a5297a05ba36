//! Runs one command, follows its process tree, and records its memory, processes, threads and counters, no time.
//!
//! The command runs under `/usr/bin/time -v`. Meanwhile the memory of everything below it is sampled: proportional set size
//! (PSS), which counts a page shared by k processes as 1/k in each, so that the sum over a tree counts no page twice.
//! Sampling misses peaks that are shorter than its interval; the record states the interval.
//!
//! `bench-observe --out observed.csv -- target/release/sleep-tokio --tasks 1000`
//!
//! Exit code: that of the command, 125 where observing fails, 2 for bad arguments.

#![allow(missing_docs, reason = "names say it")]

mod database;
mod lab;
mod output;
mod run;
mod tree;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use bench_data::{files, runs::Run};
use clap::Parser;

use crate::{database::Database, lab::Lab};

/// Runs a command and records its memory, its processes and what its server counted.
#[derive(Parser)]
struct Args {
    /// Where to write the record (CSV)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Number of the run, for the record
    #[arg(long, value_name = "N", default_value_t = 1)]
    run: u32,
    /// Base URL of a lab: its counters are reset before and read after the run
    #[arg(long, value_name = "URL")]
    lab: Option<String>,
    /// File with the mysql:// URL of an administrator: the server's status is read before and after the run, as a
    /// lab's would be
    #[arg(long, value_name = "FILE", requires = "server_pid", conflicts_with = "lab")]
    database: Option<PathBuf>,
    /// File with the number of the server's process, whose CPU time counts
    #[arg(long, value_name = "FILE", requires = "database")]
    server_pid: Option<PathBuf>,
    /// A line of output that starts so counts one item in flight more
    #[arg(long, value_name = "PREFIX", requires = "finished")]
    started: Option<String>,
    /// A line of output that starts so counts one item in flight less
    #[arg(long, value_name = "PREFIX", requires = "started")]
    finished: Option<String>,
    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    match observe(Args::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("bench-observe: {error:#}");
            ExitCode::from(125)
        }
    }
}

/// Runs the command, writes the record, and returns the exit code to end with.
fn observe(args: Args) -> Result<u8> {
    tree::check_kernel()?;
    // Aside first: a reader never sees part of the record.
    let aside = args.out.with_extension("aside");
    files::write(&aside, "")?;
    let lab = args.lab.map(Lab::reset).transpose()?;
    let database = args.database.zip(args.server_pid);
    let database = database.map(|(url, pid)| Database::open(&url, &pid)).transpose()?;

    let prefixes = args.started.zip(args.finished);
    let record = match run::run(&args.command, &aside, prefixes.as_ref())? {
        Ok(record) => Run { run: args.run, ..record },
        // Half a run is not a measurement.
        Err(code) => return fs::remove_file(&aside).map(|()| code).context("cannot remove what is left"),
    };
    let record = match (lab, database) {
        (Some(lab), _) => {
            let seen = lab.stats()?;
            Run { in_flight: Some(seen.max_in_flight), ..record.with_server(&seen) }
        }
        (_, Some(database)) => record.with_server(&database.stats()?),
        _ => record,
    };
    files::write(&aside, &files::to_csv([&record])?)?;
    fs::rename(&aside, &args.out).with_context(|| format!("cannot write {}", args.out.display()))?;
    match record.peak_pss_kib.zip(record.peak_processes) {
        Some((kib, processes)) => {
            let mib = kib as f64 / 1024.0;
            println!("peak PSS {mib:.1} MiB, {processes} process(es): {}", record.last_line);
        }
        None => println!("too short to sample: {}", record.last_line),
    }
    Ok(record.exit_code)
}
