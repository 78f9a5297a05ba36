//! What GNU time, hyperfine and strace write, as far as it is used.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::stats;

/// What is used of GNU time's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    /// The command's exit code, or 128 + N when signal N ended it.
    pub exit_code: u8,
    /// Wall time in seconds, to the hundredth.
    pub wall_s: f64,
    /// User CPU time in seconds, to the hundredth.
    pub user_s: f64,
    /// System CPU time in seconds, to the hundredth.
    pub system_s: f64,
    /// Largest resident set of the largest process in KiB.
    pub max_rss_kib: u64,
    /// Voluntary context switches.
    pub voluntary: u64,
    /// Involuntary context switches.
    pub involuntary: u64,
    /// Minor page faults.
    pub minor_faults: u64,
    /// Major page faults.
    pub major_faults: u64,
}

/// One timed run of hyperfine, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Wall time.
    pub wall: f64,
    /// User CPU time.
    pub user: f64,
    /// System CPU time.
    pub system: f64,
}

/// GNU time's `-v` report: `\tname: value` lines, the last of which is the exit status.
///
/// # Errors
/// Names the line that is missing or not a number.
pub fn time(text: &str) -> Result<Time> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(": "));
        line.map(str::trim).with_context(|| format!("it has no line {name:?}"))
    };
    let wrong = |name: &str| format!("{name:?} is not a number");
    let value = |name: &str| -> Result<u64> { field(name)?.parse().with_context(|| wrong(name)) };
    let seconds = |name: &str| -> Result<f64> {
        // 1:02:03.45 or 2:03.45
        let parts: Result<Vec<f64>, _> = field(name)?.split(':').map(str::parse).collect();
        Ok(parts.with_context(|| wrong(name))?.iter().fold(0.0, |sum, part| sum * 60.0 + part))
    };
    let signal = text.lines().find_map(|line| line.strip_prefix("Command terminated by signal "));
    let code = value("Exit status")?;
    let code =
        signal.map_or(Ok(code), |signal| Ok::<_, anyhow::Error>(128 + signal.trim().parse::<u64>()?))?;
    Ok(Time {
        exit_code: u8::try_from(code).unwrap_or(255),
        wall_s: seconds("Elapsed (wall clock) time (h:mm:ss or m:ss)")?,
        user_s: seconds("User time (seconds)")?,
        system_s: seconds("System time (seconds)")?,
        max_rss_kib: value("Maximum resident set size (kbytes)")?,
        voluntary: value("Voluntary context switches")?,
        involuntary: value("Involuntary context switches")?,
        minor_faults: value("Minor (reclaiming a frame) page faults")?,
        major_faults: value("Major (requiring I/O) page faults")?,
    })
}

/// Hyperfine's export of one command.
#[derive(Deserialize)]
struct Export {
    results: Vec<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    times: Vec<f64>,
    user: f64,
    system: f64,
    exit_codes: Vec<Option<i32>>,
}

fn export(text: &str) -> Result<Summary> {
    let mut export: Export = serde_json::from_str(text)?;
    ensure!(export.results.len() == 1, "it is not hyperfine's export of one command");
    let summary = export.results.remove(0);
    let ok = summary.exit_codes.iter().all(|code| *code == Some(0));
    ensure!(ok, "the program failed: a wrong answer has no time");
    Ok(summary)
}

/// Hyperfine's export of one run.
///
/// # Errors
/// Another export, or a run that failed.
pub fn timing(text: &str) -> Result<Timing> {
    let Summary { times, user, system, .. } = export(text)?;
    ensure!(times.len() == 1, "it is not hyperfine's export of one run");
    Ok(Timing { wall: times[0], user, system })
}

/// How the one program of hyperfine's export ended: its exit code, 255 after a signal.
///
/// # Errors
/// Another export.
pub fn exit_code(text: &str) -> Result<u8> {
    let export: Export = serde_json::from_str(text)?;
    let code = export.results.first().and_then(|summary| summary.exit_codes.first());
    let code = code.context("it is not hyperfine's export of one run")?;
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255))
}

/// The median wall time of hyperfine's runs, in seconds.
///
/// # Errors
/// Another export, or a run that failed.
pub fn median_wall(text: &str) -> Result<f64> {
    stats::median(&export(text)?.times).context("it has no runs")
}

/// The `calls` column of strace's summary, added up.
///
/// # Errors
/// Cut off, or not strace's summary.
pub fn system_calls(text: &str) -> Result<u64> {
    let mut sum = 0;
    let mut ruled = false;
    for line in text.lines() {
        if line.starts_with("---") {
            ruled = true;
        } else if ruled {
            // % time, seconds, usecs/call, calls, (errors), name
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.last() == Some(&"total") {
                return Ok(sum);
            }
            let calls = fields.get(3).and_then(|calls| calls.parse::<u64>().ok());
            sum += calls.with_context(|| format!("no number of calls in the line {line:?}"))?;
        }
    }
    bail!("it has no line \"total\": it is cut off, or not strace's summary")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRACE: &str = "% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.18    0.000778          48        16         3 mmap
  0.00    0.000000           0         1           read
------ ----------- ----------- --------- --------- ----------------
100.00    0.001272          31        17         3 total
";

    #[test]
    fn strace_summary() {
        assert_eq!(system_calls(STRACE.trim_end_matches('\n')).unwrap(), 17);
        assert!(system_calls(&STRACE[..200]).is_err());
    }

    #[test]
    fn failed_runs_have_no_time() {
        let export = |code: &str| {
            format!(
                r#"{{"results":[{{"command":"x","times":[0.1],"user":0.0,"system":0.0,"exit_codes":[{code}]}}]}}"#
            )
        };
        assert_eq!(timing(&export("0")).unwrap(), Timing { wall: 0.1, user: 0.0, system: 0.0 });
        assert!(timing(&export("1")).is_err());
        assert!(timing(&export("null")).is_err(), "ended by a signal");
        assert!(timing(&export("0")[..40]).is_err());
    }
}
