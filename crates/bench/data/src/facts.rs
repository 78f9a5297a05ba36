//! What figures depend on: the machine (`machine.toml`), and for each workload and sitting when, from which commit and
//! with which tools it was measured (`raw/<key>/sitting-N/facts.toml`). No host name, user name or path.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Memory of one machine may differ by this part from boot to boot.
const SAME_MEMORY: f64 = 0.03;

/// What does not change while a machine stays the same. `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    pub version: u32,
    /// As the kernel names it; family, model and stepping as lscpu prints them, since processors of one name may differ.
    pub cpu: String,
    pub family: Option<String>,
    pub model: Option<String>,
    pub stepping: Option<String>,
    /// `x86_64`, `aarch64`, …
    pub architecture: String,
    pub sockets: Option<u64>,
    /// Physical ones.
    pub cores: Option<u64>,
    /// CPUs that a program may use: fewer than the machine has under a quota or an affinity mask.
    pub cpus: u64,
    /// CPUs that a quota leaves; none without one.
    pub quota: Option<f64>,
    pub memory_mib: u64,
    /// `none`, or the hypervisor as far as it names itself.
    pub virtualisation: String,
}

impl Machine {
    /// What tells it from another machine, as `fact: this, not that`. A fact that an older file lacks counts as
    /// different.
    pub fn differences(&self, other: &Machine) -> Vec<String> {
        let known = |value: &Option<String>| value.clone().unwrap_or("unknown".to_owned());
        let facts = |machine: &Machine| {
            [
                ("CPU", machine.cpu.clone()),
                ("family", known(&machine.family)),
                ("model", known(&machine.model)),
                ("stepping", known(&machine.stepping)),
                ("architecture", machine.architecture.clone()),
                ("CPUs", machine.cpus.to_string()),
                ("quota of CPUs", known(&machine.quota.map(|cpus| cpus.to_string()))),
                ("hypervisor", machine.virtualisation.clone()),
            ]
        };
        let mut differences = Vec::new();
        for ((name, here), (_, there)) in facts(self).into_iter().zip(facts(other)) {
            let lacking = here == "unknown" && name != "quota of CPUs";
            if here != there || lacking {
                differences.push(format!("{name}: {here}, not {there}"));
            }
        }
        let (here, there) = (self.memory_mib, other.memory_mib);
        if here.abs_diff(there) as f64 > SAME_MEMORY * there as f64 {
            differences.push(format!("memory: {here} MiB, not {there} MiB"));
        }
        differences
    }
}

/// What one sitting of one workload was measured with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub version: u32,
    /// Start of the measurement, as `2026-11-21 15:04 UTC`.
    pub date: String,
    pub commit: String,
    /// Whether sources of programs or tools differed from that commit.
    pub changed: bool,
    /// Seed of the order of the programs in each round; none where they rotated.
    pub seed: Option<u64>,
    pub kernel: String,
    pub distribution: String,
    /// `rustc --version`.
    pub compiler: String,
    /// The governor of the CPU's frequency.
    pub governor: String,
    /// `on`, `off` or `unknown`.
    pub turbo: String,
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
    /// SHA-256 of the sources that each row was built from, by its folder.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
}

impl Facts {
    pub fn day(&self) -> &str {
        self.date.split(' ').next().unwrap_or_default()
    }

    pub fn version_for_people(&self) -> String {
        format!("{}{}", self.commit, if self.changed { " with changes" } else { "" })
    }

    /// Whether a row was of the same program, by its sources; where older results do not have them, by their commit.
    pub fn same_program(&self, other: &Facts, slug: &str) -> bool {
        match (self.sources.get(slug), other.sources.get(slug)) {
            (None, None) => (&self.commit, self.changed) == (&other.commit, other.changed),
            (mine, theirs) => mine == theirs,
        }
    }

    /// Whether figures of several sizes may stand in one sentence. Their arguments differ, and so do the hashes of their
    /// sources.
    pub fn same_vintage(&self, other: &Facts) -> bool {
        (&self.commit, self.changed, self.day()) == (&other.commit, other.changed, other.day())
    }
}
