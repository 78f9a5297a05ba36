//! Whether the machine is busy with something else: CPU time of others, and of the hypervisor's other guests (steal).
//!
//! Of others is what no CPU was idle for and what is not ours: not this process's, nor that of the commands it has waited
//! for, nor that of the server beside them. The kernel counts idle time and steal in ticks of 10 ms, so that a difference
//! may be off by one: in a round of 0.13 s on two CPUs that is 4 %. One tick is therefore given to nobody.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bench_data::rounds::DISTURBED_PERCENT;
use nix::{
    sys::{
        resource::{Usage, UsageWho, getrusage},
        time::TimeVal,
    },
    time::ClockId,
    unistd::Pid,
};
use procfs::{CurrentSI, KernelStats};

use crate::{
    guard,
    process::Processes,
    progress::Progress,
    stop::{Outcome, refused},
};

/// How long a busy machine is given to become idle, in seconds.
const WAIT_S: u32 = 60;

/// What others had of all CPUs between two readings, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// CPU time of other processes, and of the kernel for others.
    pub others: f64,
    /// CPU time that the hypervisor gave to other guests.
    pub steal: f64,
}

impl Share {
    /// Both.
    pub fn sum(self) -> f64 {
        self.others + self.steal
    }

    /// Whether figures would suffer.
    pub fn disturbs(self) -> bool {
        self.sum() > DISTURBED_PERCENT
    }
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    at: Instant,
    cpus: usize,
    /// Of all CPUs, in ticks.
    idle: u64,
    steal: u64,
    ticks_per_second: u64,
    own: Duration,
}

impl Reading {
    /// Reads them; `server` is the process above all of the server's.
    ///
    /// # Errors
    /// No `/proc/stat`.
    pub fn take(server: Option<u32>) -> Result<Self> {
        let stat = KernelStats::current().context("cannot read /proc/stat")?;
        Ok(Self::of(&stat, Instant::now(), own(server)?))
    }

    fn of(stat: &KernelStats, at: Instant, own: Duration) -> Self {
        Self {
            at,
            cpus: stat.cpu_time.len(),
            idle: stat.total.idle + stat.total.iowait.unwrap_or(0),
            steal: stat.total.steal.unwrap_or(0),
            ticks_per_second: procfs::ticks_per_second(),
            own,
        }
    }

    /// What others had since `before`.
    pub fn since(&self, before: &Reading) -> Share {
        let seconds = |ticks: u64| ticks as f64 / self.ticks_per_second as f64;
        let all = self.at.duration_since(before.at).as_secs_f64() * self.cpus as f64;
        let steal = seconds(self.steal.saturating_sub(before.steal));
        let idle = seconds(self.idle.saturating_sub(before.idle));
        let own = self.own.saturating_sub(before.own).as_secs_f64();
        let others = (all - idle - steal - own - seconds(1)).max(0.0);
        let percent = |seconds: f64| (seconds / all.max(1e-9) * 1000.0).round() / 10.0;
        Share { others: percent(others), steal: percent(steal) }
    }
}

/// CPU time of this process, of all that it has waited for, and of the processes from `server` down.
fn own(server: Option<u32>) -> Result<Duration> {
    let duration =
        |time: TimeVal| Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()).unsigned_abs());
    let time = |usage: Usage| duration(usage.user_time()) + duration(usage.system_time());
    let mut sum = Duration::ZERO;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        sum += time(getrusage(who).context("cannot read the CPU time")?);
    }
    let mut tree: Vec<i32> = server.and_then(|pid| i32::try_from(pid).ok()).into_iter().collect();
    while let Some(pid) = tree.pop() {
        // Exact, and with the threads that have ended. One that is gone meanwhile used next to nothing.
        sum += ClockId::pid_cpu_clock_id(Pid::from_raw(pid))
            .and_then(ClockId::now)
            .map_or(Duration::ZERO, Duration::from);
        tree.extend(guard::children(pid));
    }
    Ok(sum)
}

/// Waits until others leave the CPUs alone for a second, and returns what they had in it, in percent.
///
/// # Errors
/// They do not within a minute: who they are, and what to do.
pub fn wait_until_idle(processes: &mut Processes, progress: &Progress) -> Outcome<f64> {
    for second in 0..WAIT_S {
        let (share, _) = look(processes)?;
        if !share.disturbs() {
            return Ok(share.sum());
        }
        if second == 0 {
            progress.say(&format!(
                "the machine is busy ({:.0} % of the CPUs): waiting for up to a minute until it is idle",
                share.sum()
            ));
        }
    }
    let (share, names) = look(processes)?;
    Err(refused(complaint(share, &names)))
}

/// What others have, without waiting for better times, in percent.
///
/// # Errors
/// No `/proc/stat`; a signal.
pub fn busy_now(processes: &mut Processes) -> Outcome<f64> {
    Ok(look(processes)?.0.sum())
}

/// What others have in one second, and who has most.
fn look(processes: &mut Processes) -> Outcome<(Share, Vec<(String, f64)>)> {
    let (before, times) = (Reading::take(None)?, times());
    processes.pause(Duration::from_secs(1))?;
    let share = Reading::take(None)?.since(&before);
    let mut names: Vec<(String, f64)> = self::times()
        .into_iter()
        .filter_map(|(pid, (name, ticks))| {
            let used = ticks.saturating_sub(times.get(&pid).map_or(0, |(_, before)| *before));
            let percent = 100.0 * used as f64 / procfs::ticks_per_second() as f64;
            (percent >= 3.0).then(|| (format!("{name} (process {pid})"), percent))
        })
        .collect();
    names.sort_by(|a, b| b.1.total_cmp(&a.1));
    names.truncate(3);
    Ok((share, names))
}

/// Name and CPU time in ticks of every process.
fn times() -> HashMap<i32, (String, u64)> {
    let stats =
        procfs::process::all_processes().into_iter().flatten().flatten().filter_map(|p| p.stat().ok());
    stats.map(|stat| (stat.pid, (stat.comm, stat.utime + stat.stime))).collect()
}

fn complaint(share: Share, names: &[(String, f64)]) -> String {
    let mut who: Vec<String> =
        names.iter().map(|(name, percent)| format!("{name} uses {percent:.0} % of a CPU")).collect();
    if share.steal > 1.0 {
        who.push(format!("the hypervisor gives {:.0} % of the CPUs to others", share.steal));
    }
    if who.is_empty() {
        who.push("many short processes".to_owned());
    }
    format!(
        "the machine is busy, {:.0} % of its CPUs: {}. Stop what runs beside, or measure all the same with BUSY=1: the \
         results will say so",
        share.sum(),
        who.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use procfs::FromReadSI;

    use super::*;

    /// Recorded on two CPUs, a second apart, with one busy loop beside and 8 ticks of steal added.
    const BEFORE: &str = "cpu  81156 8457 32980 297681 5566 0 475 241 0 0\ncpu0 37979 4246 13154 155846 1808 0 83 115 0 0\n\
        cpu1 43176 4211 19825 141835 3758 0 392 126 0 0\nctxt 1\nbtime 2\nprocesses 3\nprocs_running 1\nprocs_blocked 0\n";

    fn reading(text: &str, at: Instant, own_ms: u64) -> Reading {
        let stat = KernelStats::from_read(text.as_bytes(), procfs::current_system_info()).unwrap();
        Reading { ticks_per_second: 100, ..Reading::of(&stat, at, Duration::from_millis(own_ms)) }
    }

    #[test]
    fn what_is_neither_idle_nor_ours_is_of_others() {
        let start = Instant::now();
        let before = reading(BEFORE, start, 1000);
        // 200 ticks in all: 60 idle, 8 stolen, 31 ours, one given to nobody, so 100 of others.
        let after = BEFORE.replace("297681 5566 0 475 241", "297731 5576 0 475 249");
        let after = reading(&after, start + Duration::from_secs(1), 1310);
        let share = after.since(&before);
        assert_eq!(share, Share { others: 50.0, steal: 4.0 });
        assert!(share.disturbs());
    }

    #[test]
    fn a_tick_that_the_kernel_is_off_by_disturbs_nothing() {
        let start = Instant::now();
        let before = reading(BEFORE, start, 0);
        // 0.13 s: 26 ticks, of which 15 are ours; one more is missing.
        let after = BEFORE.replace("297681", "297691");
        let share = reading(&after, start + Duration::from_millis(130), 150).since(&before);
        assert_eq!(share, Share { others: 0.0, steal: 0.0 });
        let twenty = reading(&after, start + Duration::from_millis(130), 0).since(&before);
        assert!(twenty.disturbs(), "{twenty:?}");
    }

    #[test]
    fn who_is_busy_is_named_with_what_to_do() {
        let names = [("rustc (process 7)".to_owned(), 98.6)];
        let text = complaint(Share { others: 49.0, steal: 6.2 }, &names);
        assert!(
            text.starts_with("the machine is busy, 55 % of its CPUs: rustc (process 7) uses 99 % of a CPU; "),
            "{text}"
        );
        assert!(text.contains("the hypervisor gives 6 %") && text.contains("BUSY=1"), "{text}");
    }

    #[test]
    fn our_own_work_is_not_of_others() {
        let before = own(None).unwrap();
        let end = Instant::now() + Duration::from_millis(50);
        while Instant::now() < end {}
        assert!(own(None).unwrap() > before);
        let this = std::process::id();
        assert!(own(Some(this)).unwrap() > own(None).unwrap(), "a server's time is added");
    }
}
