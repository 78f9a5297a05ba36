//! The record that is written: what one observed run used.

use crate::lab::Stats;
use crate::run::Run;
use crate::series::{self, Sample};
use serde::Serialize;

/// Version of the format.
const VERSION: u32 = 1;

/// Everything about one run. What was not measured is null.
#[derive(Serialize)]
pub struct Record {
    version: u32,
    command: Vec<String>,
    /// The command's own, or 128 + N when signal N ended it.
    pub exit_code: u8,
    /// From the start of the command to its end.
    wall_s: f64,
    /// CPU time of the command and its children, and of `time` itself (about 1 ms).
    user_s: f64,
    system_s: f64,
    /// Median distance of the samples as taken, before thinning; the wall time where there are not two.
    interval_ms: f64,
    /// Seconds since the start, PSS of the tree in KiB, processes.
    samples: Vec<(f64, u64, u64)>,
    /// Over all samples, before thinning; null when the command ended before the first.
    peak_pss_kib: Option<u64>,
    peak_processes: Option<u64>,
    /// The most items at once: as the lab or the server counted, else as the output says.
    in_flight: Option<u64>,
    lines: Vec<(f64, String)>,
    last_line: String,
    lab: Option<Stats>,
}

impl Record {
    /// Puts together what was seen of a run of `command`.
    pub fn new(command: Vec<String>, run: Run, lab: Option<Stats>) -> Self {
        let point = |sample: Sample| (round(sample.at_s, 1e4), sample.pss_kib, sample.processes);
        let since_start =
            |at: std::time::Instant| round(at.saturating_duration_since(run.started).as_secs_f64(), 1e4);
        let wall_s = run.wall.as_secs_f64();
        Self {
            version: VERSION,
            command,
            exit_code: run.exit_code,
            wall_s: round(wall_s, 1e6),
            user_s: round(run.user.as_secs_f64(), 1e6),
            system_s: round(run.system.as_secs_f64(), 1e6),
            interval_ms: round(series::median_interval_ms(&run.samples).unwrap_or(wall_s * 1e3), 1e2),
            samples: series::thin(&run.samples, series::MOST_POINTS).into_iter().map(point).collect(),
            peak_pss_kib: run.samples.iter().map(|sample| sample.pss_kib).max(),
            peak_processes: run.samples.iter().map(|sample| sample.processes).max(),
            in_flight: lab.as_ref().map(|stats| stats.max_in_flight).or(run.output.in_flight),
            lines: run.output.lines.into_iter().map(|(at, line)| (since_start(at), line)).collect(),
            last_line: run.output.last_line,
            lab,
        }
    }

    /// The run in one line, for people.
    pub fn summary(&self) -> String {
        let memory = match (self.peak_pss_kib, self.peak_processes) {
            (Some(kib), Some(processes)) => {
                format!("{:.1} MiB PSS at most, {processes} process(es)", kib as f64 / 1024.0)
            }
            _ => "too short to sample".into(),
        };
        format!("{:.3} s, {memory}: {}", self.wall_s, self.last_line)
    }
}

/// Rounds to a multiple of 1/`parts`: more digits than are known only swell the file.
fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
