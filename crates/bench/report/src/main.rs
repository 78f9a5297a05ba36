//! From the matrix to the results: plans what `make bench` measures, and turns the raw measurements
//! into `measurements.csv`, pages and plots. Bad input is one line on stderr, exit code 2, and nothing written.

mod compare;
mod faults;
mod format;
mod machine;
mod markdown;
mod matrix;
mod measurements;
mod network;
mod overview;
mod page;
mod plan;
mod plots;
mod published;
mod raw;
mod results;
mod stats;
mod workload;

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::{machine::Machine, matrix::Place, workload::Part};

/// Version of the raw files and of `measurements.csv`.
const SCHEMA: u32 = 1;

/// Plans measurements, and makes results of them.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Print the steps that measure the chosen workloads, one a line.
    Plan {
        /// Names from bench.toml; all of the part when none is given.
        workloads: Vec<String>,
        /// Which part of the matrix.
        #[arg(long, default_value = "bench")]
        part: Part,
        /// Add the articles' own programs, in Python.
        #[arg(long)]
        python: bool,
        /// Number of items, in place of the matrix's.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        size: Option<u64>,
        /// Shorter waits, fewer items, two rounds.
        #[arg(long)]
        quick: bool,
        /// Folder for the raw data.
        #[arg(long, default_value = "target/bench/new/raw")]
        raw: String,
        /// Folder that the lab writes.
        #[arg(long, default_value = "target/bench/lab")]
        lab: String,
        /// The matrix.
        #[arg(long, default_value = "bench.toml")]
        matrix: PathBuf,
    },
    /// Write machine.toml, or print the name of this machine's results folder.
    Machine {
        /// Print the name only.
        #[arg(long, conflicts_with_all = ["out", "measured", "previous"])]
        name: bool,
        /// File to write.
        #[arg(long, required_unless_present = "name")]
        out: Option<PathBuf>,
        /// Folders of the workloads that are measured now, separated by commas.
        #[arg(long, value_delimiter = ',')]
        measured: Vec<String>,
        /// An earlier machine.toml, which tells when the other workloads were measured.
        #[arg(long)]
        previous: Option<PathBuf>,
        /// The matrix.
        #[arg(long, default_value = "bench.toml")]
        matrix: PathBuf,
        /// Versions of the crates.
        #[arg(long, default_value = "Cargo.lock")]
        lock: PathBuf,
    },
    /// Make measurements.csv, README.md, plots and memory series from the raw files.
    Report {
        /// The results directory.
        folder: PathBuf,
        /// Write nothing; say what is not as the raw files give it.
        #[arg(long)]
        check: bool,
        /// The articles' figures.
        #[arg(long, default_value = "crates/bench/report/published.toml")]
        published: PathBuf,
    },
    /// Write the list of machines: README.md of the folder that holds all results.
    Index {
        /// The folder.
        folder: PathBuf,
    },
    /// Put a results table between the markers of a README.
    Readme {
        /// The README.
        readme: PathBuf,
        /// The results directory.
        folder: PathBuf,
    },
    /// Print two results directories side by side, as Markdown.
    Compare {
        /// What to compare with.
        base: PathBuf,
        /// What to compare.
        new: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(text) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(2),
        },
        Err(error) => {
            // One line, whatever a parser thinks of layout.
            let text = format!("{error:#}");
            eprintln!("bench-report: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::from(2)
        }
    }
}

/// Does one task and returns what to print.
fn run(task: Task) -> Result<String> {
    match task {
        Task::Plan { workloads, part, python, size, quick, raw, lab, matrix } => {
            let (cpus, count) = (machine::cpus()?, plan::strace_works());
            let place = Place { raw: &raw, lab: &lab, cpus, quick, count, python, size };
            plan::plan(&matrix, part, &workloads, &place)
        }
        Task::Machine { out: None, .. } => Ok(format!("{}\n", machine::name()?)),
        Task::Machine { out: Some(out), measured, previous, matrix, lock, .. } => {
            let previous = previous.as_deref().map(Machine::read).transpose()?;
            let mut machine = Machine::look(&matrix, &lock)?;
            machine.stamp(&measured, previous);
            let text = toml::to_string(&machine).context("cannot write machine.toml")?;
            fs::write(&out, text).with_context(|| format!("cannot write {}", out.display()))?;
            Ok(machine.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect())
        }
        Task::Report { folder, check: true, published } => {
            results::check(&folder, &published)?;
            Ok(format!("{}: all generated files are as raw/ gives them\n", folder.display()))
        }
        Task::Report { folder, check: false, published } => {
            results::report(&folder, &published)?;
            Ok(format!("{}/README.md\n", folder.display()))
        }
        Task::Index { folder } => overview::index(&folder).map(|()| String::new()),
        Task::Readme { readme, folder } => overview::readme(&readme, &folder).map(|()| String::new()),
        Task::Compare { base, new } => compare::compare(&base, &new),
    }
}
