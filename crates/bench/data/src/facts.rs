//! What figures depend on: the machine (`machine.toml`), and for each workload and sitting when, from which commit and
//! with which tools it was measured (`raw/<key>/sitting-N/facts.toml`). No host name, user name or path.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::files;

/// What does not change while a machine stays the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Version of the raw files.
    pub version: u32,
    /// CPU model as the kernel names it.
    pub cpu: String,
    /// `x86_64`, `aarch64`, …
    pub architecture: String,
    /// Sockets, as far as known.
    pub sockets: Option<u64>,
    /// Physical cores, as far as known.
    pub cores: Option<u64>,
    /// CPUs that a program may use: fewer than the machine has under a quota or an affinity mask.
    pub cpus: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// `none`, or the hypervisor as far as it names itself.
    pub virtualisation: String,
}

impl Machine {
    /// Reads `machine.toml`.
    ///
    /// # Errors
    /// Missing, cut off, or of another version.
    pub fn read(path: &Path) -> Result<Self> {
        files::toml(path)
    }
}

/// What one sitting of one workload was measured with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Version of the raw files.
    pub version: u32,
    /// Date and time of the start, UTC, as `2026-11-21 15:04 UTC`.
    pub date: String,
    /// Commit of the workspace.
    pub commit: String,
    /// Whether sources of programs or tools differed from that commit.
    pub changed: bool,
    /// Seed that the order of the programs in each round was drawn from; none where they rotated.
    pub seed: Option<u64>,
    /// Release of the kernel.
    pub kernel: String,
    /// Name of the distribution.
    pub distribution: String,
    /// `rustc --version`.
    pub compiler: String,
    /// CPU frequency governor.
    pub governor: String,
    /// `on`, `off` or `unknown`.
    pub turbo: String,
    /// Where the kernel takes the time from.
    pub clock_source: String,
    /// CPU time that others used in the second before the lab started, in percent of all CPUs.
    pub busy_percent: f64,
    /// Whether it was measured although the machine was busy (`BUSY=1`).
    pub busy: bool,
    /// What a reader must know before believing the figures.
    pub warnings: Vec<String>,
    /// Limits of the process and of the kernel.
    pub limits: BTreeMap<String, String>,
    /// Versions of the measuring tools.
    pub tools: BTreeMap<String, String>,
    /// Versions of the crates that the programs use directly.
    pub crates: BTreeMap<String, String>,
}

impl Facts {
    /// Reads `facts.toml`.
    ///
    /// # Errors
    /// Missing, cut off, or of another version.
    pub fn read(path: &Path) -> Result<Self> {
        files::toml(path)
    }

    /// The day, without the time.
    pub fn day(&self) -> &str {
        self.date.split(' ').next().unwrap_or_default()
    }

    /// Commit and whether there were changes, for people.
    pub fn version_for_people(&self) -> String {
        format!("{}{}", self.commit, if self.changed { " with changes" } else { "" })
    }

    /// Whether figures of both may stand in one sentence: same commit, same day.
    pub fn same_vintage(&self, other: &Facts) -> bool {
        (&self.commit, self.changed, self.day()) == (&other.commit, other.changed, other.day())
    }
}
