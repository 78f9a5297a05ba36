//! Whether the machine is busy with something else: CPU time of others, and CPU time that was withheld, by the hypervisor
//! for its other guests (steal) or by the quota of a control group (throttling).
//!
//! Others used the time in which no CPU was idle and which is not ours: not this process's, nor that of the commands it has
//! waited for, nor that of the server beside them. Under a quota the host's CPUs are not ours to judge: others are then
//! those in the same group.
//!
//! The kernel counts idle time and steal in ticks of 10 ms, so that a difference may be off by one: in a round of 0.13 s on
//! two CPUs that is 4 %. One tick is therefore given to nobody.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::{Result, bail};
use bench_data::rounds::DISTURBED_PERCENT;
use nix::{
    sys::resource::{UsageWho, getrusage},
    time::ClockId,
    unistd::Pid,
};

use crate::{guard, machine, perform::Performer};

/// How long a busy machine is given to become idle, in seconds.
const WAIT_S: u32 = 60;

/// The counters at one moment, in seconds of CPU time.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Of all CPUs, from some moment on.
    total: f64,
    used: f64,
    withheld: f64,
    ours: f64,
}

impl Reading {
    /// Reads them; `server` is the process above everything of the server's. None where the kernel does not count.
    pub fn take(server: Option<u32>) -> Option<Self> {
        let elapsed = seconds_of(ClockId::CLOCK_MONOTONIC)?;
        let (cpus, used, withheld) = match machine::tightest("cpu.max") {
            Some((cpus, group)) => {
                let (used, withheld) = group_time(&fs::read_to_string(group.join("cpu.stat")).ok()?)?;
                (cpus, used, withheld)
            }
            None => {
                let (cpus, idle, withheld) = host_time(&fs::read_to_string("/proc/stat").ok()?)?;
                (cpus, elapsed * cpus - idle - withheld, withheld)
            }
        };
        Some(Self { total: elapsed * cpus, used, withheld, ours: our_time(server)? })
    }

    /// The shares of all CPUs that others had, and that was withheld, since `before`: in percent.
    pub fn since(&self, before: &Reading) -> (f64, f64) {
        let tick = 1.0 / procfs::ticks_per_second() as f64;
        let others = (self.used - before.used) - (self.ours - before.ours) - tick;
        let total = (self.total - before.total).max(1e-9);
        let percent = |seconds: f64| (seconds.max(0.0) / total * 1000.0).round() / 10.0;
        (percent(others), percent(self.withheld - before.withheld))
    }
}

/// `/proc/stat`: CPUs, and their idle time and steal in seconds. The fields are user, nice, system, idle, iowait, irq, softirq
/// and steal, in ticks. None where they are missing or do not count, as in gVisor.
fn host_time(stat: &str) -> Option<(f64, f64, f64)> {
    let fields = stat.lines().find_map(|line| line.strip_prefix("cpu "))?.split_whitespace();
    let ticks: Vec<f64> = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
    let seconds = |place: usize| ticks.get(place).copied().unwrap_or(0.0) / procfs::ticks_per_second() as f64;
    let idle = seconds(3) + seconds(4);
    let cpus = stat.lines().filter(|line| line.starts_with("cpu")).count() - 1;
    (idle > 0.0 && cpus > 0).then_some((cpus as f64, idle, seconds(7)))
}

/// `cpu.stat`: what the group used, and what its quota withheld, in seconds.
fn group_time(stat: &str) -> Option<(f64, f64)> {
    let seconds = |field| {
        let value = stat.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(' '))?;
        Some(value.parse::<f64>().ok()? / 1e6)
    };
    Some((seconds("usage_usec")?, seconds("throttled_usec").unwrap_or(0.0)))
}

/// CPU time of this process, of all that it has waited for, and of the processes from `server` down.
fn our_time(server: Option<u32>) -> Option<f64> {
    let mut sum = seconds_of(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    for time in [usage.user_time(), usage.system_time()] {
        sum += time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    }
    let mut tree: Vec<i32> = server.and_then(|pid| i32::try_from(pid).ok()).into_iter().collect();
    while let Some(pid) = tree.pop() {
        // Exact, and with the threads that have ended. One that is gone meanwhile used next to nothing.
        sum += ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).ok().and_then(seconds_of).unwrap_or(0.0);
        tree.extend(guard::children(pid));
    }
    Some(sum)
}

fn seconds_of(clock: ClockId) -> Option<f64> {
    clock.now().ok().map(|time| Duration::from(time).as_secs_f64())
}

/// Waits until others leave the CPUs alone for a second, where the performer is patient. Returns the share that others
/// had in that second, in percent; none where the kernel does not say.
pub fn wait_until_idle(performer: &mut Performer) -> Result<Option<f64>> {
    let Performer { processes, progress, patient } = performer;
    for second in 0.. {
        let (before, ticks_before) = (Reading::take(None), ticks());
        processes.pause(Duration::from_secs(1))?;
        let Some((before, after)) = before.zip(Reading::take(None)) else {
            progress.say("cannot tell whether the machine is busy: the kernel does not count its idle time");
            break;
        };
        let (others, withheld) = after.since(&before);
        let busy = others + withheld;
        if !*patient || busy <= DISTURBED_PERCENT {
            return Ok(Some(busy));
        }
        if second == WAIT_S {
            bail!(complaint(busy, withheld, &ticks_before, &ticks()));
        }
        if second == 0 {
            progress.say(&format!(
                "the machine is busy ({busy:.0} % of the CPUs): waiting for up to a minute until it is idle"
            ));
        }
    }
    Ok(None)
}

/// Name and CPU time in ticks of every process.
type Ticks = HashMap<i32, (String, u64)>;

fn ticks() -> Ticks {
    let processes = procfs::process::all_processes().into_iter().flatten().flatten();
    let stats = processes.filter_map(|process| process.stat().ok());
    stats.map(|stat| (stat.pid, (stat.comm, stat.utime + stat.stime))).collect()
}

/// Who keeps the machine busy: the three that used most of a CPU in a second.
fn complaint(busy: f64, withheld: f64, before: &Ticks, after: &Ticks) -> String {
    let used = |(pid, (name, ticks)): (&i32, &(String, u64))| {
        let ticks = ticks.saturating_sub(before.get(pid).map_or(0, |(_, ticks)| *ticks));
        let percent = 100 * ticks / procfs::ticks_per_second();
        (percent >= 3).then(|| (percent, format!("{name} (process {pid}) uses {percent} % of a CPU")))
    };
    let mut users: Vec<(u64, String)> = after.iter().filter_map(used).collect();
    users.sort_by(|a, b| b.cmp(a));
    let mut reasons: Vec<String> = users.into_iter().take(3).map(|(_, reason)| reason).collect();
    if withheld > 1.0 {
        reasons.push(format!("{withheld:.0} % of the CPUs is withheld, by the hypervisor or a quota"));
    }
    if reasons.is_empty() {
        reasons.push("many short processes".to_owned());
    }
    format!(
        "the machine is busy, {busy:.0} % of its CPUs: {}. Stop these programs, or measure all the same with BUSY=1: \
         the results will say so",
        reasons.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_neither_idle_nor_ours_is_of_others() {
        // A second of two CPUs: 0.6 s idle, 0.08 s stolen, 0.31 s ours, one tick given to nobody, so 1 s of others.
        for (total, idle, withheld, ours, expected) in [
            (2.0, 0.6, 0.08, 0.31, (50.0, 4.0)),
            // 0.13 s, 26 ticks: 10 idle, 15 ours, and one that the kernel is off by.
            (0.26, 0.1, 0.0, 0.15, (0.0, 0.0)),
            (0.26, 0.1, 0.0, 0.0, (57.7, 0.0)),
        ] {
            let before = Reading { total: 100.0, used: 30.0, withheld: 1.0, ours: 7.0 };
            let used = before.used + total - idle - withheld;
            let after = Reading { total: 100.0 + total, used, withheld: 1.0 + withheld, ours: 7.0 + ours };
            assert_eq!(after.since(&before), expected);
        }
    }

    #[test]
    fn counters_of_the_host_and_of_a_group() {
        let stat = "cpu  81156 8457 32980 297681 5566 0 475 241 0 0\ncpu0 1 2 3\ncpu1 1 2 3\nctxt 1\n";
        assert_eq!(host_time(stat), Some((2.0, 3032.47, 2.41)));
        for text in ["cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0\n", "cpu  1 2 three\ncpu0 1\n", "intr 1\n", ""] {
            assert_eq!(host_time(text), None, "{text}");
        }
        let stat = "usage_usec 1500000\nuser_usec 1\nnr_throttled 3\nthrottled_usec 250000\n";
        assert_eq!(group_time(stat), Some((1.5, 0.25)));
    }

    #[test]
    fn our_own_work_is_not_of_others() {
        let before = our_time(None).unwrap();
        while our_time(None).unwrap() < before + 0.05 {}
        assert!(our_time(Some(std::process::id())).unwrap() > before + 0.1, "a server's time is added");
    }
}
