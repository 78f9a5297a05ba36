//! `observed-N.json`: what bench-observe writes of one run, and the counters of the lab or the server in it.

use serde::{Deserialize, Serialize};

pub use crate::lab::{Counts, Healthy, LabStats, Seen};

/// Everything about one observed run. What was not measured is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// Version of the raw files.
    pub version: u32,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The command's exit code, or 128 + N when signal N ended it.
    pub exit_code: u8,
    /// From the start of the command to its end, in seconds.
    pub wall_s: f64,
    /// User CPU time of the command, its children, and `time` itself (about 1 ms), in seconds.
    pub user_s: f64,
    /// System CPU time of the same, in seconds.
    pub system_s: f64,
    /// Median distance of the samples as taken, before thinning, in milliseconds; the wall time where there are not two.
    pub interval_ms: f64,
    /// Seconds since the start, PSS of the tree in KiB, processes.
    pub samples: Vec<(f64, u64, u64)>,
    /// Samples taken, before thinning.
    #[serde(default)]
    pub sampled: u64,
    /// Largest PSS of the tree in KiB; null when the command ended before the first sample.
    pub peak_pss_kib: Option<u64>,
    /// Most processes at a time; null likewise.
    pub peak_processes: Option<u64>,
    /// Peak number of items in flight: as the lab or the server counted, else as the output shows.
    pub in_flight: Option<u64>,
    /// First lines of stdout, with the seconds at which they were read.
    pub lines: Vec<(f64, String)>,
    /// Last line of stdout.
    pub last_line: String,
    /// What the lab or the server counted.
    pub lab: Option<Seen>,
}

impl Observed {
    /// The signal that ended the command.
    pub fn signal(&self) -> Option<u8> {
        self.exit_code.checked_sub(128).filter(|signal| (1..=64).contains(signal))
    }
}
