//! What was recorded of one row: its lines in `runs.csv`, and where there are such, in `raw/<key>/<slug>/`, `syscalls.txt` or
//! `waits.txt`, `start.json`, `memory.csv` and `trace.csv`; or `status.txt` alone.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    files,
    runs::{Kind, Run},
    stats, tools,
    trace::Item,
    waits::{self, Thread},
    workload::{Row, Vary, Workload},
};

/// Everything that was recorded of one row, but for its rounds.
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

impl Ran {
    /// Reads the files of a row in `path`; its runs are among `runs`. Or the line that says why it did not run here, or failed.
    pub fn read(workload: &Workload, row: &Row, path: &Path, runs: &[Run]) -> Result<Result<Self, String>> {
        let folder = path.join(&row.slug);
        let status = folder.join("status.txt");
        if status.exists() {
            let line = files::text(&status)?.trim().to_owned();
            let known = ["skipped: ", "failed: "].iter().any(|word| line.starts_with(word));
            ensure!(known && line.lines().count() == 1, "cannot use {}", status.display());
            return Ok(Err(line));
        }
        let file = |name: &str, wanted: bool| wanted.then(|| folder.join(name));
        let runs: Vec<Run> = runs.iter().filter(|run| run.slug == row.slug).cloned().collect();
        let complete = !runs.is_empty() || row.observed + row.timed + row.timed_short == 0;
        ensure!(complete, "{}/runs.csv has no run of {}", path.display(), row.slug);
        if let Some(reason) = failure(workload, &runs) {
            return Ok(Err(format!("failed: {reason}")));
        }
        let start = file("start.json", row.imports.is_some());
        let followed = file("waits.txt", workload.vary == Vary::Time);
        let counted = file("syscalls.txt", !row.count.is_empty() && followed.is_none());
        Ok(Ok(Ran {
            runs,
            start_s: start.map(|path| files::parse(&path, median_wall)).transpose()?,
            syscalls: counted.map(|path| files::parse(&path, tools::system_calls)).transpose()?,
            memory: files::csv_if_any(&folder.join("memory.csv"))?,
            threads: followed.map(|path| files::parse(&path, waits::parse)).transpose()?.unwrap_or_default(),
            trace: files::csv_if_any(&folder.join("trace.csv"))?,
        }))
    }
}

/// The reason why a run that ended does not count.
fn failure(workload: &Workload, runs: &[Run]) -> Option<String> {
    let failed = workload.fault.as_ref().filter(|fault| fault.fails).map_or(0, |fault| fault.sick);
    let end = format!("{} ok, {failed} failed in ", workload.size - failed);
    runs.iter().find_map(|run| match run.signal() {
        Some(signal) => Some(format!("ended by signal {signal}")),
        None if run.exit_code != u8::from(failed > 0) => Some(format!("exit code {}", run.exit_code)),
        // The output of what is only timed is not read.
        None if run.kind != Kind::Observed || run.last_line.starts_with(&end) => None,
        None => Some(format!("its last line is {:?}", run.last_line)),
    })
}

fn median_wall(text: &str) -> Result<f64> {
    let timing = tools::timing(text)?;
    ensure!(
        timing.exit_codes.iter().all(|code| *code == Some(0)),
        "the program failed: a wrong answer has no time"
    );
    stats::median(&timing.walls_s).context("it has no runs")
}
