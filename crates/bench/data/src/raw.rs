//! The raw files of one row, in `raw/<key>/<slug>/`: `runs.csv`, and where there are such, `syscalls.txt` or `waits.txt`,
//! `start.json`, `memory.csv` and `trace.csv`; or `status.txt` alone.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    files,
    runs::Run,
    stats, tools,
    trace::Item,
    waits::{self, Thread},
    workload::{Row, Vary, Workload},
};

/// Everything that was recorded of one row, but for its rounds.
pub enum Raw {
    Ran(Box<Ran>),
    /// It did not run here, or failed; the line says why.
    Status(String),
}

#[derive(Default)]
pub struct Ran {
    /// A control has none: it has its rounds alone.
    pub runs: Vec<Run>,
    /// Median time of its interpreter and imports.
    pub start_s: Option<f64>,
    pub syscalls: Option<u64>,
    pub memory: Vec<MemorySample>,
    pub trace: Vec<Item>,
    /// When each thread slept, where that was followed.
    pub threads: Vec<Thread>,
}

/// A program's own sample of its memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemorySample {
    /// Since its start.
    pub seconds: f64,
    pub rss_bytes: u64,
}

impl Raw {
    pub fn read(workload: &Workload, row: &Row, folder: &Path) -> Result<Self> {
        let status = folder.join("status.txt");
        if status.exists() {
            let line = files::text(&status)?.trim().to_owned();
            let known = ["skipped: ", "failed: "].iter().any(|word| line.starts_with(word));
            ensure!(known && line.lines().count() == 1, "cannot use {}", status.display());
            return Ok(Raw::Status(line));
        }
        let file = |name: &str, wanted: bool| wanted.then(|| folder.join(name));
        let there = |name: &str| file(name, folder.join(name).exists());
        let runs = file("runs.csv", row.observed + row.timed + row.timed_short > 0);
        let start = file("start.json", row.imports.is_some());
        let followed = file("waits.txt", workload.vary == Vary::Time);
        let counted = file("syscalls.txt", !row.count.is_empty() && followed.is_none());
        Ok(Raw::Ran(Box::new(Ran {
            runs: runs.map(|path| files::csv(&path)).transpose()?.unwrap_or_default(),
            start_s: start.map(|path| files::parse(&path, median_wall)).transpose()?,
            syscalls: counted.map(|path| files::parse(&path, tools::system_calls)).transpose()?,
            memory: there("memory.csv").map(|path| files::csv(&path)).transpose()?.unwrap_or_default(),
            threads: followed.map(|path| files::parse(&path, waits::parse)).transpose()?.unwrap_or_default(),
            trace: there("trace.csv").map(|path| files::csv(&path)).transpose()?.unwrap_or_default(),
        })))
    }

    pub fn ran(&self) -> Option<&Ran> {
        match self {
            Raw::Ran(ran) => Some(ran),
            Raw::Status(_) => None,
        }
    }
}

fn median_wall(text: &str) -> Result<f64> {
    let timing = tools::timing(text)?;
    ensure!(
        timing.exit_codes.iter().all(|code| *code == Some(0)),
        "the program failed: a wrong answer has no time"
    );
    stats::median(&timing.walls_s).context("it has no runs")
}
