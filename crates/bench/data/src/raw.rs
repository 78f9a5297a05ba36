//! The raw files of one row, in `raw/<key>/<slug>/`: `observed-N.json` and `time-N.txt` of the observed runs, and where
//! there are such, `syscalls.txt` or `waits.txt`, `start.json`, `memory.csv` and `trace.csv`; or `status.txt` alone.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    files,
    observed::Observed,
    runs::{Kind, Run},
    tools,
    trace::Item,
    waits::{self, Thread},
    workload::{Row, Vary, Workload},
};

/// Everything that was recorded of one row, but for its rounds.
pub enum Raw {
    /// It ran.
    Ran(Box<Ran>),
    /// It did not run here, or failed; the line says why.
    Status(String),
}

/// The record of a program that ran.
pub struct Ran {
    /// Its timed and observed runs: one at least.
    pub runs: Vec<Run>,
    /// Median time that its interpreter and imports take alone, in seconds.
    pub start_s: Option<f64>,
    /// System calls, from a run of their own.
    pub syscalls: Option<u64>,
    /// The program's own samples of the first observed run.
    pub memory: Vec<MemorySample>,
    /// When each item of the first observed run began and ended, where the lab noted it.
    pub trace: Vec<Item>,
    /// When each thread slept, where that was followed: in a run of its own, of which the trace is too.
    pub threads: Vec<Thread>,
}

/// A program's own sample of its memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemorySample {
    /// Since its start.
    pub seconds: f64,
    /// Resident set in bytes.
    pub rss_bytes: u64,
}

impl Raw {
    /// Reads the files of `row` from `folder`.
    ///
    /// # Errors
    /// The first file that is missing, cut off or of another version.
    pub fn read(workload: &Workload, row: &Row, folder: &Path) -> Result<Self> {
        let status = folder.join("status.txt");
        if status.exists() {
            let line = files::text(&status)?.trim().to_owned();
            let known = ["skipped: ", "failed: "].iter().any(|word| line.starts_with(word));
            ensure!(known && line.lines().count() == 1, "cannot use {}", status.display());
            return Ok(Raw::Status(line));
        }
        let file = |name: &str, there: bool| there.then(|| folder.join(name));
        let runs = folder.join("runs.csv");
        let runs = if runs.exists() { files::csv(&runs)? } else { older_runs(row, folder)? };
        let start = file("start.json", row.imports.is_some());
        let followed = file("waits.txt", workload.vary == Vary::Time);
        let counted = file("syscalls.txt", !row.count.is_empty() && followed.is_none());
        let memory = file("memory.csv", folder.join("memory.csv").exists());
        let trace = file("trace.csv", folder.join("trace.csv").exists());
        Ok(Raw::Ran(Box::new(Ran {
            runs,
            start_s: start.map(|path| files::parse(&path, tools::median_wall)).transpose()?,
            syscalls: counted.map(|path| files::parse(&path, tools::system_calls)).transpose()?,
            memory: memory.map(|path| files::csv(&path)).transpose()?.unwrap_or_default(),
            threads: followed.map(|path| files::parse(&path, waits::parse)).transpose()?.unwrap_or_default(),
            trace: trace.map(|path| files::csv(&path)).transpose()?.unwrap_or_default(),
        })))
    }

    /// Its record, where it ran.
    pub fn ran(&self) -> Option<&Ran> {
        match self {
            Raw::Ran(ran) => Some(ran),
            Raw::Status(_) => None,
        }
    }
}

/// The runs of results from before there was `runs.csv`.
fn older_runs(row: &Row, folder: &Path) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for run in 1..=row.observed {
        let observed: Observed = files::json(&folder.join(format!("observed-{run}.json")))?;
        let record = Run {
            kind: Kind::Observed,
            run,
            wall_s: Some(observed.wall_s),
            user_s: Some(observed.user_s),
            system_s: Some(observed.system_s),
            peak_pss_kib: observed.peak_pss_kib,
            peak_processes: observed.peak_processes,
            samples: Some(observed.sampled.max(observed.samples.len() as u64)),
            interval_ms: Some(observed.interval_ms),
            in_flight: observed.in_flight,
            last_line: observed.last_line,
            ..Run::default()
        };
        let record = observed.lab.iter().fold(record, |record, seen| record.with_server(seen));
        let time = folder.join(format!("time-{run}.txt"));
        // Before there were several observed runs, only the first one's was kept.
        let record = match run == 1 || time.exists() {
            true => record.with_counters(&files::parse(&time, tools::time)?),
            false => record,
        };
        runs.push(Run { exit_code: observed.exit_code, ..record });
    }
    Ok(runs)
}
