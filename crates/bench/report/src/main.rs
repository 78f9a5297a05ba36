//! Makes `measurements.csv`, pages and plots from the raw files, and compares two results directories. Bad input is one
//! line on stderr, exit code 2, and nothing written.

mod chart;
mod columns;
mod compare;
mod functions;
mod generated;
mod markdown;
mod markers;
mod number;
mod pages;
mod plots;
mod row;
mod source;
mod view;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;

/// Makes pages from results, and compares results. Run it in the root of the repository.
#[derive(Parser)]
enum Task {
    /// Regenerate every generated file from the raw files and the sources.
    Report {
        /// Results directories; when none is given, all of results/, its index, crates/README.md, and the marked parts
        /// of README.md and docs/.
        folders: Vec<PathBuf>,
        /// Write nothing; name the first file that is stale.
        #[arg(long)]
        check: bool,
    },
    /// Print what differs between two results directories, as Markdown.
    Compare {
        /// What to compare with.
        base: PathBuf,
        /// What to compare.
        new: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Report { folders, check } => pages::report(&folders, check),
        Task::Compare { base, new } => compare::compare(&base, &new),
    };
    match result {
        Ok(text) if io::stdout().write_all(text.as_bytes()).is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(2),
        Err(error) => {
            // One line, whatever a parser thinks of layout.
            let text = format!("{error:#}");
            eprintln!("bench-report: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::from(2)
        }
    }
}
