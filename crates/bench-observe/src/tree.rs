//! A process tree and its memory, read from /proc.

use anyhow::{Result, bail};
use procfs::process::Process;

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
    let own = std::process::id();
    if children(own as i32).is_none() {
        bail!("/proc/{own}/task/{own}/children is missing: the kernel needs CONFIG_PROC_CHILDREN");
    }
    if pss_kib(own as i32).is_none() {
        bail!("/proc/{own}/smaps_rollup is missing: the kernel is older than 4.14");
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
        left.extend(children(pid).unwrap_or_default());
    }
    tree
}

/// The children of all threads of a process, `None` when it is gone.
pub fn children(pid: i32) -> Option<Vec<i32>> {
    let tasks = Process::new(pid).ok()?.tasks().ok()?.flatten();
    Some(tasks.filter_map(|task| task.children().ok()).flatten().map(|pid| pid as i32).collect())
}

fn pss_kib(pid: i32) -> Option<u64> {
    let rollup = Process::new(pid).ok()?.smaps_rollup().ok()?.memory_map_rollup;
    rollup.into_iter().next()?.extension.map.get("Pss").map(|bytes| bytes / 1024)
}
