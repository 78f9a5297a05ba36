//! Runs the command under `time`, and samples its tree until it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bench_data::runs::{Kind, Run};
use bench_data::{stats, tools};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::{consts::SIGCHLD, flag};

use crate::output::{Output, Prefixes};
use crate::tree::{self, Tree};

/// The program that measures what the kernel counts, and the parent of the command. It is small: the kernel hands
/// `ru_maxrss` down through exec.
const TIME: &str = "/usr/bin/time";

/// The shortest and the longest pause between two samples.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(100);

/// Runs `command` to its end, with GNU time's text in the file `aside` meanwhile. Returns the exit code alone where the
/// command cannot be run: that is no record. Standard input is empty, standard error passes through. bench-run's guard ends
/// what the command leaves running, and all of it after a signal.
pub fn run(command: &[String], aside: &Path, prefixes: Option<&Prefixes>) -> Result<Result<Run, u8>> {
    // A parent that ignores SIGCHLD hands that down, and then no child could be waited for.
    flag::register(SIGCHLD, Arc::new(AtomicBool::new(false))).context("cannot listen to signals")?;
    let output = Output::create()?;
    let mut time = Command::new(TIME)
        .args(["-v", "-o"])
        .arg(aside)
        .arg("--")
        .args(command)
        .stdin(Stdio::null())
        .stdout(output.stdout()?)
        .spawn()
        .with_context(|| format!("cannot run {TIME}: install GNU time (make setup)"))?;
    let start = Instant::now();
    let (mut peak, mut times) = (Tree::default(), Vec::new());
    let status = loop {
        if let Some(status) = time.try_wait().context("cannot wait for the command")? {
            break status;
        }
        let (time_ms, cpu) = (start.elapsed().as_secs_f64() * 1e3, cpu_time());
        let tree = tree::measure(time.id());
        if tree.processes > 0 {
            peak = peak.max(&tree);
            times.push(time_ms);
        }
        thread::sleep(pause(cpu_time().saturating_sub(cpu)));
    };
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(128 + 9);
    if code == 126 || code == 127 {
        return Ok(Err(code)); // GNU time has said why
    }
    let text = fs::read_to_string(aside).with_context(|| format!("cannot read {}", aside.display()))?;
    let (last_line, in_flight) = output.read(prefixes).context("cannot read the command's output")?;
    let sampled = |value: u64| (!times.is_empty()).then_some(value);
    let distances: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    Ok(Ok(Run {
        kind: Kind::Observed,
        last_line,
        peak_pss_kib: sampled(peak.pss_kib),
        peak_processes: sampled(peak.processes),
        peak_threads: sampled(peak.threads),
        samples: Some(times.len() as u64),
        interval_ms: stats::median(&distances).map(|interval| (interval * 100.0).round() / 100.0),
        in_flight,
        // What was observed was not timed.
        wall_s: None,
        user_s: None,
        system_s: None,
        ..tools::time(&text).context("cannot use the text of GNU time")?
    }))
}

/// How long to wait after a sample that took `cost` of CPU time: sampling takes 5 % of a CPU at most.
///
/// Reading the PSS of a process of 14 MiB took 40 µs in a loop, 140 µs after pauses of 2 ms and 300 µs after pauses of
/// 10 ms (medians, on a busy machine): meanwhile its page tables leave the caches. A tree with 500 threads takes 3 ms.
fn pause(cost: Duration) -> Duration {
    (cost * 20).clamp(SHORTEST, LONGEST)
}

/// CPU time of this thread. Wall time would count the times when the observed program has the CPU.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_takes_five_percent_of_a_cpu() {
        for (cost_us, pause_ms) in [(1, 2), (280, 5), (3000, 60), (9000, 100)] {
            assert_eq!(pause(Duration::from_micros(cost_us)).as_millis(), pause_ms);
        }
    }
}
