//! What GNU time, hyperfine and strace write, as far as it is used.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::{runs::Run, stats};

/// One timed run of hyperfine, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Wall time.
    pub wall: f64,
    /// User CPU time.
    pub user: f64,
    /// System CPU time.
    pub system: f64,
    pub exit_code: u8,
}

/// GNU time's `-v` report: `\tname: value` lines, the last of which is the exit status.
///
/// # Errors
/// Names the line that is missing or not a number.
pub fn time(text: &str) -> Result<Run> {
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
    let code = match signal {
        Some(signal) => 128 + signal.trim().parse::<u64>()?,
        None => value("Exit status")?,
    };
    Ok(Run {
        exit_code: u8::try_from(code).unwrap_or(255),
        wall_s: Some(seconds("Elapsed (wall clock) time (h:mm:ss or m:ss)")?),
        user_s: Some(seconds("User time (seconds)")?),
        system_s: Some(seconds("System time (seconds)")?),
        max_rss_kib: Some(value("Maximum resident set size (kbytes)")?),
        voluntary: Some(value("Voluntary context switches")?),
        involuntary: Some(value("Involuntary context switches")?),
        minor_faults: Some(value("Minor (reclaiming a frame) page faults")?),
        major_faults: Some(value("Major (requiring I/O) page faults")?),
        ..Run::default()
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

/// Hyperfine's export of one run, whatever its exit code: 255 after a signal.
///
/// # Errors
/// Another export.
pub fn timing(text: &str) -> Result<Timing> {
    let export: Export = serde_json::from_str(text)?;
    let one_run = "it is not hyperfine's export of one run";
    let Some(Summary { times, user, system, exit_codes }) = export.results.first() else { bail!(one_run) };
    ensure!(times.len() == 1 && exit_codes.len() == 1, one_run);
    let exit_code = exit_codes[0].and_then(|code| u8::try_from(code).ok()).unwrap_or(255);
    Ok(Timing { wall: times[0], user: *user, system: *system, exit_code })
}

/// The median wall time of hyperfine's runs, in seconds.
///
/// # Errors
/// Another export, or a run that failed.
pub fn median_wall(text: &str) -> Result<f64> {
    let export: Export = serde_json::from_str(text)?;
    let summary = export.results.first().context("it has no runs")?;
    let failed = summary.exit_codes.iter().any(|code| *code != Some(0));
    ensure!(!failed, "the program failed: a wrong answer has no time");
    stats::median(&summary.times).context("it has no runs")
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
    fn a_run_has_its_exit_code() {
        let export = |code: &str| {
            format!(
                r#"{{"results":[{{"command":"x","times":[0.1],"user":0.0,"system":0.0,"exit_codes":[{code}]}}]}}"#
            )
        };
        let exit_code = |code| timing(&export(code)).unwrap().exit_code;
        assert_eq!(["0", "1", "null"].map(exit_code), [0, 1, 255], "null: ended by a signal");
        assert!(timing(&export("0")[..40]).is_err() && median_wall(&export("1")).is_err());
        assert_eq!(median_wall(&export("0")).unwrap(), 0.1);
    }
}
