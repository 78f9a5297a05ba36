//! The limits of this process's control group (version 2), which containers and services set.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A limit on CPU time, and the group that has it.
pub struct Quota {
    pub cpus: f64,
    group: PathBuf,
}

impl Quota {
    /// The tightest of this process's group and those above it.
    pub fn find() -> Option<Self> {
        let quotas = groups().into_iter().filter_map(|group| {
            Some(Quota { cpus: cpus_in(&fs::read_to_string(group.join("cpu.max")).ok()?)?, group })
        });
        quotas.min_by(|a, b| a.cpus.total_cmp(&b.cpus))
    }

    /// Seconds that the group used, and those that the quota withheld from it.
    pub fn used(&self) -> Option<(f64, f64)> {
        let text = fs::read_to_string(self.group.join("cpu.stat")).ok()?;
        Some((seconds_in(&text, "usage_usec")?, seconds_in(&text, "throttled_usec").unwrap_or(0.0)))
    }
}

/// The lowest limit on the number of processes and threads.
pub fn processes() -> Option<u64> {
    let limits = groups().into_iter().map(|group| fs::read_to_string(group.join("pids.max")));
    limits.filter_map(|text| text.ok()?.trim().parse().ok()).min()
}

/// The folders of this process's group and of those above it.
fn groups() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"));
    let below =
        |own: &str| Path::new(own).ancestors().map(|group| Path::new("/sys/fs/cgroup").join(group)).collect();
    own.map(below).unwrap_or_default()
}

/// `cpu.max`: microseconds of each period, as in `25000 100000`, or `max 100000`.
fn cpus_in(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

fn seconds_in(text: &str, field: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(' '))?;
    Some(line.parse::<f64>().ok()? / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_group() {
        assert_eq!(cpus_in("25000 100000\n"), Some(0.25));
        assert_eq!(cpus_in("max 100000\n"), None);
        let stat = "usage_usec 1500000\nuser_usec 1\nnr_throttled 3\nthrottled_usec 250000\n";
        assert_eq!(seconds_in(stat, "usage_usec"), Some(1.5));
        assert_eq!(seconds_in(stat, "throttled_usec"), Some(0.25));
    }
}
