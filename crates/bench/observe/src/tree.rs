//! A process tree and its memory, read from /proc.
//!
//! Plain reads: parsing whole files, as the crate `procfs` does, doubles the cost of a sample.

use anyhow::{Result, bail};
use std::fs;

/// What a tree holds at one instant.
#[derive(Debug, PartialEq)]
pub struct Tree {
    /// Proportional set size, summed over the processes.
    pub pss_kib: u64,
    /// Processes whose memory could be read: zombies have none.
    pub processes: u64,
}

/// Errors where the kernel was built without what this tool reads.
pub fn check_kernel() -> Result<()> {
    if fs::metadata("/proc/thread-self/children").is_err() {
        bail!("/proc/thread-self/children is missing: the kernel needs CONFIG_PROC_CHILDREN");
    }
    if fs::metadata("/proc/self/smaps_rollup").is_err() {
        bail!("/proc/self/smaps_rollup is missing: the kernel needs to be 4.14 or newer");
    }
    Ok(())
}

/// Sums up the process `root` and everything under it. What ends while it is being read counts as
/// ended: that is normal.
pub fn measure(root: i32) -> Tree {
    let mut tree = Tree { pss_kib: 0, processes: 0 };
    let mut left = vec![root];
    while let Some(pid) = left.pop() {
        if let Some(kib) = pss_kib(pid) {
            tree.pss_kib += kib;
            tree.processes += 1;
        }
        left.extend(children(pid));
    }
    tree
}

/// The children of all threads of a process, none when it is gone.
pub fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect()
}

fn pss_kib(pid: i32) -> Option<u64> {
    pss_in(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

/// The line `Pss:      812 kB`, which is in KiB.
fn pss_in(rollup: &str) -> Option<u64> {
    rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_pss_among_its_neighbours() {
        let rollup = "5580-7ffe ---p 00000000 00:00 0   [rollup]\nRss:     2000 kB\nPss:      812 kB\nPss_Dirty:   90 kB\n";
        assert_eq!(pss_in(rollup), Some(812));
        assert_eq!(pss_in(""), None);
    }

    #[test]
    fn a_process_that_is_gone_counts_nothing() {
        assert_eq!(measure(i32::MAX), Tree { pss_kib: 0, processes: 0 });
    }

    #[test]
    fn measures_itself() {
        check_kernel().unwrap();
        assert!(measure(std::process::id() as i32).pss_kib > 100);
    }
}
