//! Makes the steps of a plan, one after the other, and writes what they give.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, anyhow};
use bench_data::{
    files,
    rounds::{Round, TRIES},
    tools::{self, Timing},
    workload::{Row, Vary, Workload},
};

use crate::{
    busy::{Reading, Share},
    place::Place,
    process::{Output, Processes},
    progress::{self, Progress},
    state::Done,
    steps::{Kind, Plan, Step},
    stop::{Outcome, Stop, failed},
};

/// Makes the steps.
pub struct Performer<'a> {
    /// What runs.
    pub processes: &'a mut Processes,
    /// What the user sees.
    pub progress: &'a mut Progress,
    /// What is to be done.
    pub plan: &'a Plan,
    /// The folder of each workload's sitting.
    pub sittings: Vec<PathBuf>,
    /// Which steps are complete.
    pub done: Done,
    /// The run that counts: the one that others disturbed least.
fn calmer(kept: Option<(Share, Timing)>, next: (Share, Timing)) -> (Share, Timing) {
    kept.filter(|(share, _)| share.sum() <= next.0.sum()).unwrap_or(next)
}

/// Without the noise of hyperfine's sums.
fn microseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// What a program that failed says of it in a line: its own verdict, or what it says of its items.
fn verdict(ended: &Ended) -> String {
    let lines: Vec<&str> = ended.errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let own = |line: &&str| line.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("error: "));
    match (lines.iter().copied().find(own), lines.as_slice()) {
        (Some(line), _) => line[7..].to_owned(),
        (None, []) => format!("exit code {}", ended.code),
        (None, [line]) => (*line).to_owned(),
        (None, [.., last]) => format!("{} lines like: {last}", lines.len()),
    }
}

fn complaint(label: &str, argv: &[String], ended: &Ended) -> Stop {
    let mut lines = vec![format!("failed with exit code {}: {label}", ended.code)];
    lines.push(format!("  {}", progress::shell(argv)));
    lines.extend(ended.errors.lines().map(|line| format!("  {line}")));
    if argv.first().is_some_and(|program| program == "hyperfine") {
        lines.push("  hyperfine hides what the program says: add --show-output".to_owned());
    }
    lines.push("The results are as they were.".to_owned());
    failed(anyhow!(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_why_a_program_failed() {
        let of = |errors: &str| verdict(&Ended { code: 7, errors: errors.to_owned() });
        assert_eq!(of(""), "exit code 7");
        assert_eq!(of("no more threads\n"), "no more threads");
        assert_eq!(of("a\nno more threads\n\n"), "2 lines like: no more threads");
        assert_eq!(of("host 1: refused\nError: cannot start\nhost 2"), "cannot start");
    }

    #[test]
    fn the_least_disturbed_run_counts() {
        let run = |others, wall| (Share { others, steal: 1.0 }, Timing { wall, user: 0.0, system: 0.0 });
        let runs = [run(9.0, 0.3), run(6.0, 0.2), run(7.0, 0.1)];
        let kept = runs.into_iter().fold(None, |kept, next| Some(calmer(kept, next)));
        assert_eq!(kept, Some(run(6.0, 0.2)), "not the quickest");
    }
}
