//! `bench-report plan`: the matrix as steps that a shell script runs one after the other.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{
    matrix::{Matrix, Place},
    workload::{Part, Row, Workload},
};

struct Step {
    kind: &'static str,
    path: String,
    what: String,
    command: String,
    /// Estimate, from the limit.
    seconds: f64,
}

/// Writes every chosen workload's `workload.toml` and returns the steps, one a line:
/// `kind`, `workload/slug`, `label` and `command`, separated by tabs.
///
/// # Errors
/// Unusable matrix, unknown workload, or a folder that cannot be written.
pub fn plan(matrix: &Path, part: Part, names: &[String], at: &Place) -> Result<String> {
    let matrix = Matrix::read(matrix)?;
    let workloads = matrix.resolve(part, names, at)?;
    for workload in &workloads {
        write(workload, at.raw)?;
    }
    let servers = matrix.servers(&workloads, at);
    let mut steps = Vec::new();
    for (i, workload) in workloads.iter().enumerate() {
        steps.extend(servers.get(&i).map(|command| Step {
            kind: "lab",
            path: "-".to_owned(),
            what: workload.server.clone().unwrap_or("the lab".to_owned()),
            command: command.clone(),
            seconds: 0.2,
        }));
        steps.extend(of(workload));
    }
    let keys: Vec<&str> = workloads.iter().map(|w| w.key.as_str()).collect();
    let total: f64 = steps.iter().map(|step| step.seconds).sum();
    let mut lines = vec![format!(
        "say\t-\t{}: {} steps, about {:.0} min\t-",
        keys.join(", "),
        steps.len(),
        (total / 60.0).ceil()
    )];
    if !at.count && part == Part::Bench {
        lines.push("say\t-\tstrace does not work here: system calls are not counted\t-".to_owned());
    }
    let mut left = total;
    for (i, step) in steps.iter().enumerate() {
        let time = if left < 60.0 { format!("{left:.0} s") } else { format!("{:.0} min", left / 60.0) };
        let label = format!("[{}/{}, {time} left] {}", i + 1, steps.len(), step.what);
        lines.push(format!("{}\t{}\t{label}\t{}", step.kind, step.path, step.command));
        left -= step.seconds;
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

fn write(workload: &Workload, raw: &str) -> Result<()> {
    let folder = Path::new(raw).join(&workload.key);
    for row in &workload.rows {
        let folder = folder.join(&row.slug);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        if let Some(reason) = &row.skip {
            put(&folder.join("status.txt"), reason.clone() + "\n")?;
        }
    }
    let path = folder.join("workload.toml");
    let text = toml::to_string(workload).with_context(|| format!("cannot write {}", path.display()))?;
    put(&path, text)
}

fn put(path: &Path, text: String) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn of(workload: &Workload) -> Vec<Step> {
    let at = if workload.part.is_main() { String::new() } else { format!("{}: ", workload.key) };
    // Over a network each wait is longer: the least that a MySQL client needs is four round trips.
    let travel = 1.0 + 4.0 * workload.rtt_s.unwrap_or(0.0) / workload.latency_s;
    // What a process, its observer and its tools need beyond the waiting.
    let step = |kind, row: &Row, what: String, command: &str, limit_s: f64| Step {
        kind,
        path: format!("{}/{}", workload.key, row.slug),
        what: format!("{at}{}: {what}", row.program),
        command: command.to_owned(),
        seconds: limit_s * travel * 1.02 + 0.1,
    };
    let rows: Vec<&Row> = workload.rows.iter().filter(|row| row.skip.is_none()).collect();
    // Where a model fails as it grows, that is the result.
    let run = if workload.part == Part::Scale { "try" } else { "run" };
    let mut steps = Vec::new();
    for row in &rows {
        if let Some(probe) = &row.probe {
            steps.push(step("probe", row, "can it run here?".to_owned(), probe, 0.0));
        }
    }
    for row in &rows {
        if let Some(start) = &row.start {
            steps.push(step("run", row, "its start alone".to_owned(), start, 1.0));
        }
    }
    for row in &rows {
        steps.push(step(run, row, "observed".to_owned(), &row.observe, row.limit_s));
    }
    let most = rows.iter().map(|row| row.runs).max().unwrap_or(0);
    for round in 1..=most {
        // Another first each round: whoever runs first must not always be the same.
        let start = (round as usize - 1) % rows.len().max(1);
        let rotated = rows[start..].iter().chain(&rows[..start]);
        for row in rotated.filter(|row| row.runs >= round) {
            let command = row.time.replace("{round}", &format!("{round:02}"));
            steps.push(step(run, row, format!("round {round} of {}", row.runs), &command, row.limit_s));
        }
    }
    for row in rows.iter().filter(|row| workload.counted && row.counted) {
        steps.push(step("run", row, "system calls".to_owned(), &row.count, row.count_limit_s));
    }
    steps
}

/// Whether strace is installed and allowed to trace.
pub fn strace_works() -> bool {
    let output = Command::new("strace").args(["-c", "-o", "/dev/null", "true"]).output();
    output.is_ok_and(|output| output.status.success())
}
