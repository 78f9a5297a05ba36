//! Runs one command, follows its process tree, and writes what it used.
//!
//! The command runs under `/usr/bin/time -v`, whose text is kept. Meanwhile the memory of the
//! command and of everything it started is sampled: proportional set size (PSS), which counts a
//! page shared by k processes as 1/k in each, so that the sum over a tree counts no page twice.
//! Sampling misses peaks that are shorter than its interval; the record states the interval.
//!
//! `bench-observe --out observed.json --time time.txt -- target/release/sleep-tokio --tasks 1000`
//!
//! Exit code: that of the command, 128 + N after signal N, 2 for a broken tool or bad arguments.

mod database;
mod lab;
mod output;
mod record;
mod run;
mod series;
mod tree;

use anyhow::{Context, Result, bail};
use bench_data::observed::Observed;
use clap::Parser;
use database::Database;
use lab::Lab;
use output::Prefixes;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs a command and records its wall time, its output and the memory of its process tree.
#[derive(Parser)]
struct Args {
    /// Where to write the record (JSON)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where to write the text of /usr/bin/time -v
    #[arg(long, value_name = "FILE")]
    time: PathBuf,
    /// Base URL of a lab: its counters are reset before and read after the run
    #[arg(long, value_name = "URL", requires = "workload")]
    lab: Option<String>,
    /// Which of the lab's counters belong to this command
    #[arg(long, requires = "lab", value_parser = ["db", "web", "prices"])]
    workload: Option<String>,
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
            ExitCode::from(2)
        }
    }
}

/// Runs the command, writes the record, and returns the exit code to end with.
fn observe(args: Args) -> Result<u8> {
    check_runnable(&args.command[0])?;
    tree::check_kernel()?;
    for file in [&args.out, &args.time] {
        create_parent(file)?;
    }
    let lab = args.lab.zip(args.workload).map(|(url, workload)| Lab::new(url, workload));
    if let Some(lab) = &lab {
        lab.reset()?;
    }
    let database = args.database.zip(args.server_pid);
    let database = database.map(|(url, pid)| Database::open(&url, &pid)).transpose()?;
    let prefixes = args.started.zip(args.finished).map(|(started, finished)| Prefixes { started, finished });

    let run = run::run(&args.command, &args.time, prefixes)?;
    if let Some(signal) = run.interrupted {
        // Half a run is not a measurement.
        eprintln!("bench-observe: stopped by signal {signal}, no record written");
        return Ok(128 + signal as u8);
    }
    let stats = match (lab, database) {
        (Some(lab), _) => Some(lab.stats()?),
        (_, Some(database)) => Some(database.stats()?),
        _ => None,
    };
    let record = record::record(args.command, run, stats);
    write(&args.out, &record).with_context(|| format!("cannot write {}", args.out.display()))?;
    println!("{}", record::summary(&record));
    Ok(record.exit_code)
}

fn create_parent(file: &Path) -> Result<()> {
    match file.parent() {
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
        }
        None => Ok(()),
    }
}

fn write(file: &Path, record: &Observed) -> Result<()> {
    let mut to = BufWriter::new(File::create(file)?);
    serde_json::to_writer(&mut to, record)?;
    to.flush()?;
    Ok(())
}

/// Looks the program up as execvp does: under `time` a missing program could not be told from one
/// that exits 127.
fn check_runnable(program: &str) -> Result<()> {
    let runnable = |path: &Path| {
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if !runnable(Path::new(run::TIME)) {
        bail!("{} is missing: install GNU time (make setup)", run::TIME);
    }
    let found = if program.contains('/') {
        runnable(Path::new(program))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| runnable(&folder.join(program)))
    };
    if !found {
        bail!("cannot run `{program}`: no such program");
    }
    Ok(())
}
