//! Whether the machine is busy with something else: CPU time of others, and CPU time that was withheld, by the hypervisor
//! for its other guests (steal) or by the quota of a control group (throttling).
//!
//! Others used the time in which no CPU was idle and which is not ours: not this process's, nor that of the commands it has
//! waited for, nor that of the server beside them. Under a quota the host's CPUs are not ours to judge: others are then
//! those in the same group.
//!
//! The kernel counts idle time and steal in ticks of 10 ms, so that a difference may be off by one: in a round of 0.13 s on
//! two CPUs that is 4 %. One tick is therefore given to nobody.

use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bench_data::rounds::DISTURBED_PERCENT;
use nix::{
    sys::resource::{UsageWho, getrusage},
    time::ClockId,
    unistd::Pid,
};

use crate::{
    guard,
    processes::Processes,
    progress::Progress,
    quota::Quota,
    stop::{Outcome, Stop},
};

/// How long a busy machine is given to become idle, in seconds.
const WAIT_S: u32 = 60;

/// The share of all CPUs that was not ours between two readings, in percent; none where the kernel does not say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub others: f64,
    pub withheld: f64,
}

impl Share {
    pub fn sum(self) -> f64 {
        self.others + self.withheld
    }

    /// Whether figures would suffer.
    pub fn disturbs(self) -> bool {
        self.sum() > DISTURBED_PERCENT
    }
}

/// The counters at one moment, in seconds of CPU time.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    time: Instant,
    own: f64,
    counters: Option<Counters>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Counters {
    cpus: f64,
    withheld: f64,
    others: Others,
}

/// What shows how much others use.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Others {
    /// The time in which a CPU was idle.
    Idle(f64),
    /// The time that everyone in the group used.
    Used(f64),
}

impl Reading {
    /// Reads them; `server` is the process above everything of the server's.
    pub fn take(server: Option<u32>) -> Result<Self> {
        let counters = match Quota::find() {
            Some(quota) => quota.used().map(|(used, withheld)| Counters {
                cpus: quota.cpus,
                withheld,
                others: Others::Used(used),
            }),
            None => counters(&fs::read_to_string("/proc/stat").unwrap_or_default()),
        };
        Ok(Self { time: Instant::now(), own: own(server)?, counters })
    }

    /// The share of others since `before`.
    pub fn since(&self, before: &Reading) -> Option<Share> {
        let (new, old) = (self.counters?, before.counters?);
        let total = self.time.duration_since(before.time).as_secs_f64() * new.cpus;
        let withheld = (new.withheld - old.withheld).max(0.0);
        let used = match (new.others, old.others) {
            (Others::Idle(new), Others::Idle(old)) => total - (new - old).max(0.0) - withheld,
            (Others::Used(new), Others::Used(old)) => new - old,
            _ => return None,
        };
        let tick = 1.0 / procfs::ticks_per_second() as f64;
        let others = (used - (self.own - before.own).max(0.0) - tick).max(0.0);
        let percent = |seconds: f64| (seconds / total.max(1e-9) * 1000.0).round() / 10.0;
        Some(Share { others: percent(others), withheld: percent(withheld) })
    }
}

/// The counters of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq and steal of all CPUs, in ticks. None
/// where they are missing or do not count, as in gVisor.
fn counters(stat: &str) -> Option<Counters> {
    let all = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = all.split_whitespace().map(|field| field.parse().ok()).collect::<Option<_>>()?;
    let seconds = |place: usize| ticks.get(place).copied().unwrap_or(0.0) / procfs::ticks_per_second() as f64;
    let idle = seconds(3) + seconds(4);
    let cpus =
        stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count() as f64;
    (idle > 0.0 && cpus > 0.0).then(|| Counters { cpus, withheld: seconds(7), others: Others::Idle(idle) })
}

/// CPU time of this process, of all that it has waited for, and of the processes from `server` down.
fn own(server: Option<u32>) -> Result<f64> {
    let mut sum = 0.0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who).context("cannot read the CPU time")?;
        for time in [usage.user_time(), usage.system_time()] {
            sum += time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        }
    }
    let mut tree: Vec<i32> = server.and_then(|pid| i32::try_from(pid).ok()).into_iter().collect();
    while let Some(pid) = tree.pop() {
        // Exact, and with the threads that have ended. One that is gone meanwhile used next to nothing.
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).and_then(ClockId::now);
        sum += clock.map_or(0.0, |time| Duration::from(time).as_secs_f64());
        tree.extend(guard::children(pid));
    }
    Ok(sum)
}

/// Waits until others leave the CPUs alone for a second, unless a busy machine is `fine`. Returns the share that others
/// had in that second, in percent; none where the kernel does not say.
pub fn wait_until_idle(processes: &mut Processes, progress: &Progress, fine: bool) -> Outcome<Option<f64>> {
    for second in 0.. {
        let (share, names) = look(processes)?;
        let Some(share) = share else {
            progress.say("cannot tell whether the machine is busy: the kernel does not count its idle time");
            return Ok(None);
        };
        if fine || !share.disturbs() {
            return Ok(Some(share.sum()));
        }
        if second == WAIT_S {
            return Err(Stop::refused(complaint(share, &names)));
        }
        if second == 0 {
            progress.say(&format!(
                "the machine is busy ({:.0} % of the CPUs): waiting for up to a minute until it is idle",
                share.sum()
            ));
        }
    }
    Ok(None)
}

/// A process, and the share of one CPU that it uses, in percent.
type Busy = (String, f64);

/// The share of others in one second, and who has most.
fn look(processes: &mut Processes) -> Outcome<(Option<Share>, Vec<Busy>)> {
    let (before, times_before) = (Reading::take(None)?, times());
    processes.pause(Duration::from_secs(1))?;
    let share = Reading::take(None)?.since(&before);
    let mut names: Vec<Busy> = times()
        .into_iter()
        .filter_map(|(pid, (name, ticks))| {
            let used = ticks.saturating_sub(times_before.get(&pid).map_or(0, |(_, before)| *before));
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
    let processes = procfs::process::all_processes().into_iter().flatten().flatten();
    let stats = processes.filter_map(|process| process.stat().ok());
    stats.map(|stat| (stat.pid, (stat.comm, stat.utime + stat.stime))).collect()
}

fn complaint(share: Share, names: &[Busy]) -> String {
    let mut who: Vec<String> =
        names.iter().map(|(name, percent)| format!("{name} uses {percent:.0} % of a CPU")).collect();
    if share.withheld > 1.0 {
        who.push(format!("{:.0} % of the CPUs is withheld, by the hypervisor or a quota", share.withheld));
    }
    if who.is_empty() {
        who.push("many short processes".to_owned());
    }
    format!(
        "the machine is busy, {:.0} % of its CPUs: {}. Stop these programs, or measure all the same with BUSY=1: the \
         results will say so",
        share.sum(),
        who.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded on two CPUs.
    const STAT: &str = "cpu  81156 8457 32980 297681 5566 0 475 241 0 0\ncpu0 1 2 3\ncpu1 1 2 3\nctxt 1\n";

    fn share(after: Option<Counters>, own: f64, seconds: f64) -> Option<Share> {
        let time = Instant::now();
        let before = Reading { time, own: 1.0, counters: counters(STAT) };
        let time = time + Duration::from_secs_f64(seconds);
        Reading { time, own: 1.0 + own, counters: after }.since(&before)
    }

    #[test]
    fn time_that_is_neither_idle_nor_ours_is_of_others() {
        // 200 ticks: 60 idle, 8 stolen, 31 ours, one given to nobody, so 100 of others.
        let after = STAT.replace("297681 5566 0 475 241", "297731 5576 0 475 249");
        let expected = Share { others: 50.0, withheld: 4.0 };
        assert_eq!(share(counters(&after), 0.31, 1.0), Some(expected));
        assert!(expected.disturbs());
        // 0.13 s, 26 ticks: 10 idle, 15 ours, and one that the kernel is off by.
        let after = STAT.replace("297681", "297691");
        assert_eq!(share(counters(&after), 0.15, 0.13), Some(Share { others: 0.0, withheld: 0.0 }));
        assert!(share(counters(&after), 0.0, 0.13).is_some_and(Share::disturbs));
    }

    #[test]
    fn under_a_quota_others_are_those_in_the_group() {
        let group = |used: f64, withheld| Counters { cpus: 0.5, withheld, others: Others::Used(used) };
        let time = Instant::now();
        let before = Reading { time, own: 1.0, counters: Some(group(7.0, 1.0)) };
        let time = time + Duration::from_secs(1);
        let after = Reading { time, own: 1.2, counters: Some(group(7.26, 1.1)) };
        assert_eq!(after.since(&before), Some(Share { others: 10.0, withheld: 20.0 }));
    }

    #[test]
    fn counters_that_do_not_count_say_nothing() {
        for text in ["cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0\n", "cpu  1 2 three\ncpu0 1\n", "intr 1\n", ""] {
            assert_eq!(counters(text), None, "{text}");
        }
        assert_eq!(share(None, 0.0, 1.0), None);
    }

    #[test]
    fn who_is_busy_is_named_with_the_remedy() {
        let names = [("rustc (process 7)".to_owned(), 98.6)];
        let text = complaint(Share { others: 49.0, withheld: 6.2 }, &names);
        let start =
            "the machine is busy, 55 % of its CPUs: rustc (process 7) uses 99 % of a CPU; 6 % of the CPUs";
        assert!(text.starts_with(start) && text.contains("BUSY=1"), "{text}");
    }

    #[test]
    fn our_own_work_is_not_of_others() {
        let before = own(None).unwrap();
        let end = Instant::now() + Duration::from_millis(50);
        while Instant::now() < end {}
        assert!(own(None).unwrap() > before);
        assert!(own(Some(std::process::id())).unwrap() > own(None).unwrap(), "a server's time is added");
    }
}
