//! What GNU time, hyperfine and strace write, as far as it is used.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::runs::Run;

/// GNU time's `-v` report: `\tname: value` lines, the last of which is the exit status.
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

/// Hyperfine's runs of one command: all wall times, mean CPU times, and exit codes, `None` after a signal.
#[derive(Deserialize)]
pub struct Timing {
    #[serde(rename = "times")]
    pub walls_s: Vec<f64>,
    #[serde(rename = "user")]
    pub user_s: f64,
    #[serde(rename = "system")]
    pub system_s: f64,
    pub exit_codes: Vec<Option<i32>>,
}

/// Hyperfine's JSON export of one command.
pub fn timing(text: &str) -> Result<Timing> {
    #[derive(Deserialize)]
    struct Export {
        results: [Timing; 1],
    }
    let Export { results: [timing] } = serde_json::from_str(text)?;
    let runs = timing.walls_s.len();
    ensure!(runs > 0 && runs == timing.exit_codes.len(), "it is not hyperfine's export of one command");
    Ok(timing)
}

/// The `calls` column of strace's summary, added up.
pub fn system_calls(text: &str) -> Result<u64> {
    let mut sum = 0;
    for line in text.lines().skip_while(|line| !line.starts_with("---")).skip(1) {
        // % time, seconds, usecs/call, calls, (errors), name
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.last() == Some(&"total") {
            return Ok(sum);
        }
        if !line.starts_with("---") {
            let calls = fields.get(3).and_then(|calls| calls.parse::<u64>().ok());
            sum += calls.with_context(|| format!("no number of calls in the line {line:?}"))?;
        }
    }
    bail!("it has no line \"total\": it is cut off, or not strace's summary")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_calls_are_added_up() {
        let text = "% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.18    0.000778          48        16         3 mmap
  0.00    0.000000           0         1           read
------ ----------- ----------- --------- --------- ----------------
100.00    0.001272          31        17         3 total";
        assert_eq!(system_calls(text).unwrap(), 17);
        assert!(system_calls(&text[..200]).is_err());
    }

    #[test]
    fn an_export_has_its_exit_codes() {
        let text = r#"{"results":[{"times":[0.1, 0.2],"user":0.0,"system":0.0,"exit_codes":[1, null]}]}"#;
        let Timing { walls_s, exit_codes, .. } = timing(text).unwrap();
        assert_eq!((walls_s, exit_codes), (vec![0.1, 0.2], vec![Some(1), None]));
        assert!(timing(&text[..40]).is_err() && timing(&text.replace("0.1, ", "")).is_err());
    }
}
