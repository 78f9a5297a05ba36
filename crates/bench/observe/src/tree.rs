//! A process tree and its memory, read from /proc.
//!
//! Plain reads: parsing whole files, as the crate `procfs` does, doubles the cost of a sample.

use std::fs;

use anyhow::{Result, ensure};

/// The size of a tree at one instant, or the highest of each value at several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tree {
    /// Proportional set size, summed over the processes.
    pub pss_kib: u64,
    /// Processes whose memory could be read: zombies have none.
    pub processes: u64,
    /// Their threads.
    pub threads: u64,
}

impl Tree {
    pub fn max(&self, other: &Tree) -> Tree {
        let (processes, threads) = (self.processes.max(other.processes), self.threads.max(other.threads));
        Tree { pss_kib: self.pss_kib.max(other.pss_kib), processes, threads }
    }
}

/// Errors where the kernel was built without what this tool reads.
pub fn check_kernel() -> Result<()> {
    for (file, needs) in [
        ("/proc/thread-self/children", "needs CONFIG_PROC_CHILDREN"),
        ("/proc/self/smaps_rollup", "needs to be 4.14 or newer"),
    ] {
        ensure!(fs::metadata(file).is_ok(), "{file} is missing: the kernel {needs}");
    }
    Ok(())
}

/// Sums up everything under the process `above`. What ends while it is being read counts as ended: that is normal.
pub fn measure(above: u32) -> Tree {
    let mut tree = Tree::default();
    let (mut left, _) = children(above);
    while let Some(pid) = left.pop() {
        let (children, threads) = children(pid);
        if let Some(kib) = pss_kib(pid) {
            tree.pss_kib += kib;
            tree.processes += 1;
            tree.threads += threads;
        }
        left.extend(children);
    }
    tree
}

/// The children of all threads of a process, and the number of these threads; none when it is gone.
fn children(pid: u32) -> (Vec<u32>, u64) {
    let (mut children, mut threads) = (Vec::new(), 0);
    for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        threads += 1;
        let list = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        children.extend(list.split_whitespace().flat_map(str::parse::<u32>));
    }
    (children, threads)
}

/// The line `Pss:      812 kB`, which is in KiB.
fn pss_kib(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?.trim().strip_suffix(" kB")?.parse().ok()
}
