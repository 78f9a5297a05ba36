//! The raw files of one program: what bench-observe, GNU time, hyperfine and strace wrote.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;

use crate::{
    stats,
    workload::{Row, Workload, check_version},
};

/// `observed.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Observed {
    /// Exit code of the command; none when a signal ended it.
    pub exit_code: Option<i32>,
    /// Wall time in seconds.
    pub wall_s: f64,
    /// User CPU time in seconds.
    pub user_s: f64,
    /// System CPU time in seconds.
    pub system_s: f64,
    /// Median distance of the samples in milliseconds.
    pub interval_ms: f64,
    /// Seconds since the start, PSS of the tree in KiB, processes.
    pub samples: Vec<(f64, u64, u64)>,
    /// Largest PSS of the tree in KiB.
    pub peak_pss_kib: u64,
    /// Most processes at once.
    pub peak_processes: u64,
    /// Most items in flight at once, as the program printed.
    pub in_flight: Option<u64>,
    /// First lines of stdout, with the seconds at which they were read.
    pub lines: Vec<(f64, String)>,
    /// Last line of stdout.
    pub last_line: String,
    /// What the lab counted.
    pub lab: Option<Lab>,
}

/// The lab's own view of the observed run.
#[derive(Clone, Debug, Deserialize)]
pub struct Lab {
    /// Most items in flight at once.
    pub max_in_flight: u64,
    /// How often the program had to wait for the other side; older labs do not tell.
    #[serde(default)]
    pub round_trips: Option<u64>,
    /// User and system CPU time of the lab in seconds.
    pub cpu_s: f64,
    /// Connections that the kernel dropped because a backlog was full.
    #[serde(default)]
    pub listen_drops: Option<u64>,
    /// How the items that were not sick went.
    #[serde(default)]
    pub healthy: Option<Healthy>,
}

/// Answers to items that were not sick, in seconds since the first connection.
#[derive(Clone, Debug, Deserialize)]
pub struct Healthy {
    /// Until half were answered.
    pub half_s: Option<f64>,
    /// Until 99 % were answered.
    pub most_s: Option<f64>,
}

/// What is used of GNU time's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
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
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Wall time.
    pub wall: f64,
    /// User CPU time.
    pub user: f64,
    /// System CPU time.
    pub system: f64,
}

/// Everything that was recorded of one row.
pub enum Raw {
    /// It ran.
    Ran(Box<Ran>),
    /// It did not run here, or failed; the line says why.
    Status(String),
}

/// The record of a program that ran.
pub struct Ran {
    /// The observed run.
    pub observed: Observed,
    /// GNU time's view of it.
    pub time: Time,
    /// Hyperfine's rounds.
    pub runs: Vec<Run>,
    /// Further observed runs, where items are sick.
    pub rounds: Vec<Observed>,
    /// Median time that its interpreter and imports take alone, in seconds.
    pub start_s: Option<f64>,
    /// System calls, from a run of their own.
    pub syscalls: Option<u64>,
    /// The program's own samples: seconds, resident set in bytes.
    pub memory: Vec<(f64, u64)>,
}

impl Raw {
    /// Reads the files of `row` from `folder`.
    ///
    /// # Errors
    /// The first file that is missing, cut off or of another version.
    pub fn read(workload: &Workload, row: &Row, folder: &Path) -> Result<Self> {
        let status = folder.join("status.txt");
        if status.exists() {
            let line = read(&status)?.trim().to_owned();
            ensure!(
                ["skipped: ", "failed: "].iter().any(|word| line.starts_with(word))
                    && line.lines().count() == 1,
                "cannot use {}",
                status.display()
            );
            return Ok(Raw::Status(line));
        }
        let file = |name: &str, present: bool| if present { Some(folder.join(name)) } else { None };
        let paths = (1..=row.runs).map(|round| folder.join(format!("round-{round:02}.json")));
        let (mut runs, mut rounds) = (Vec::new(), Vec::new());
        for path in paths {
            match workload.fault {
                Some(_) => rounds.push(observed(&path)?),
                None => runs.push(parse(&path, run)?),
            }
        }
        Ok(Raw::Ran(Box::new(Ran {
            observed: observed(&folder.join("observed.json"))?,
            time: parse(&folder.join("time.txt"), time)?,
            runs,
            rounds,
            start_s: file("start.json", row.start.is_some()).map(|path| parse(&path, start)).transpose()?,
            syscalls: file("syscalls.txt", workload.counted && row.counted)
                .map(|path| parse(&path, syscalls))
                .transpose()?,
            memory: file("memory.csv", workload.sampled)
                .map_or(Ok(Vec::new()), |path| parse(&path, memory))?,
        })))
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn parse<T>(path: &Path, parser: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    parser(&read(path)?).with_context(|| format!("cannot use {}", path.display()))
}

fn observed(path: &Path) -> Result<Observed> {
    let text = read(path)?;
    check_version(path, serde_json::from_str(&text).map_err(|error| anyhow!(error)))?;
    serde_json::from_str(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// GNU time's `-v` report: `\tname: value` lines, the last of which is the exit status.
fn time(text: &str) -> Result<Time> {
    let value = |name: &str| -> Result<u64> {
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(": "));
        line.with_context(|| format!("it has no line {name:?}"))?
            .trim()
            .parse()
            .with_context(|| format!("{name:?} is not a number"))
    };
    value("Exit status")?;
    Ok(Time {
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
    ensure!(
        summary.exit_codes.iter().all(|code| *code == Some(0)),
        "the program failed: a wrong answer has no time"
    );
    Ok(summary)
}

/// Hyperfine's export of one run.
fn run(text: &str) -> Result<Run> {
    let Summary { times, user, system, .. } = export(text)?;
    ensure!(times.len() == 1, "it is not hyperfine's export of one run");
    Ok(Run { wall: times[0], user, system })
}

/// The median of hyperfine's runs.
fn start(text: &str) -> Result<f64> {
    stats::median(&export(text)?.times).context("it has no runs")
}

/// The `calls` column of strace's summary, added up.
fn syscalls(text: &str) -> Result<u64> {
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

/// A program's own samples: `seconds,rss_bytes`.
fn memory(text: &str) -> Result<Vec<(f64, u64)>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    ensure!(reader.headers()? == vec!["seconds", "rss_bytes"], "its columns are not seconds,rss_bytes");
    let samples: Vec<(f64, u64)> = reader.deserialize().collect::<csv::Result<_>>()?;
    ensure!(!samples.is_empty(), "it has no samples");
    Ok(samples)
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
        assert_eq!(syscalls(STRACE.trim_end_matches('\n')).unwrap(), 17);
        assert!(syscalls(&STRACE[..200]).is_err());
    }

    #[test]
    fn failed_runs_have_no_time() {
        let export = |code: &str| {
            format!(
                r#"{{"results":[{{"command":"x","times":[0.1],"user":0.0,"system":0.0,"exit_codes":[{code}]}}]}}"#
            )
        };
        assert!(run(&export("0")).is_ok());
        assert!(run(&export("1")).is_err());
        assert!(run(&export("0")[..40]).is_err());
    }
}
