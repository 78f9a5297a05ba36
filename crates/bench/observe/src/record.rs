//! The record that is written: what one observed run used.

use crate::run::Run;
use crate::series::{self, Sample};
use bench_data::observed::{Observed, Seen};
use std::time::Instant;

/// Puts together what was seen of a run of `command`.
pub fn record(command: Vec<String>, run: Run, seen: Option<Seen>) -> Observed {
    let point = |sample: Sample| (round(sample.at_s, 1e4), sample.pss_kib, sample.processes);
    let since_start = |at: Instant| round(at.saturating_duration_since(run.started).as_secs_f64(), 1e4);
    let wall_s = run.wall.as_secs_f64();
    Observed {
        version: bench_data::SCHEMA,
        command,
        exit_code: run.exit_code,
        wall_s: round(wall_s, 1e6),
        user_s: round(run.user.as_secs_f64(), 1e6),
        system_s: round(run.system.as_secs_f64(), 1e6),
        interval_ms: round(series::median_interval_ms(&run.samples).unwrap_or(wall_s * 1e3), 1e2),
        samples: series::thin(&run.samples, series::MOST_POINTS).into_iter().map(point).collect(),
        sampled: run.samples.len() as u64,
        peak_pss_kib: run.samples.iter().map(|sample| sample.pss_kib).max(),
        peak_processes: run.samples.iter().map(|sample| sample.processes).max(),
        in_flight: seen.as_ref().map(|seen| seen.max_in_flight).or(run.output.in_flight),
        lines: run.output.lines.into_iter().map(|(at, line)| (since_start(at), line)).collect(),
        last_line: run.output.last_line,
        lab: seen,
    }
}

/// The run in one line, for people.
pub fn summary(observed: &Observed) -> String {
    let memory = match (observed.peak_pss_kib, observed.peak_processes) {
        (Some(kib), Some(processes)) => {
            format!("peak PSS {:.1} MiB, {processes} process(es)", kib as f64 / 1024.0)
        }
        _ => "too short to sample".into(),
    };
    format!("{:.3} s, {memory}: {}", observed.wall_s, observed.last_line)
}

/// Rounds to a multiple of 1/`parts`: more digits than are known only swell the file.
fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Output;
    use bench_data::files;
    use std::time::Duration;

    #[test]
    fn a_command_that_is_gone_before_its_first_sample_has_no_memory_and_is_read_again() {
        let run = Run {
            started: Instant::now(),
            wall: Duration::from_micros(900),
            user: Duration::ZERO,
            system: Duration::ZERO,
            exit_code: 128 + 9,
            interrupted: None,
            samples: Vec::new(),
            output: Output::default(),
        };
        let record = record(vec!["true".into()], run, None);
        assert_eq!((record.sampled, record.peak_pss_kib, record.peak_processes), (0, None, None));
        assert_eq!(record.interval_ms, 0.9, "the wall time");
        assert!(summary(&record).contains("too short to sample"));

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("observed-1.json");
        std::fs::write(&file, serde_json::to_string(&record).unwrap()).unwrap();
        let read: Observed = files::json(&file).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.signal(), Some(9));
    }
}
