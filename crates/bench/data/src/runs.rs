//! `raw/<key>/runs.csv`: one line for each run that hyperfine did not time. Each has one purpose.

use serde::{Deserialize, Serialize};

use crate::lab::Seen;

/// What a run is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Its time, at the article's delay: nothing else runs beside it.
    #[default]
    Timed,
    /// Its time at the short delay.
    Short,
    /// Its memory, processes, threads and counters: it gives no time.
    Observed,
}

/// One run. Values that it was not for, or that could not be had, are empty. Older files have more columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Folder of its row.
    #[serde(default)]
    pub slug: String,
    pub kind: Kind,
    /// From 1, in each kind.
    pub run: u32,
    /// The command's exit code, or 128 + N when signal N ended it.
    pub exit_code: u8,
    /// Of stdout.
    pub last_line: String,
    /// From the start of the command to its end.
    pub wall_s: Option<f64>,
    /// CPU time of the command and its children.
    pub user_s: Option<f64>,
    pub system_s: Option<f64>,
    /// The kernel's high-water mark of the largest process.
    pub max_rss_kib: Option<u64>,
    /// Context switches.
    pub voluntary: Option<u64>,
    pub involuntary: Option<u64>,
    pub minor_faults: Option<u64>,
    pub major_faults: Option<u64>,
    /// A peak of the whole tree, as the next two.
    pub peak_pss_kib: Option<u64>,
    pub peak_processes: Option<u64>,
    pub peak_threads: Option<u64>,
    /// Samples that the peaks are taken from, and their median distance.
    pub samples: Option<u64>,
    pub interval_ms: Option<f64>,
    /// Peak number of items in flight, as the server counted or the output shows.
    pub in_flight: Option<u64>,
    /// Connections that the server accepted, and items that it answered.
    pub connections: Option<u64>,
    pub items: Option<u64>,
    /// How often clients waited for it.
    pub round_trips: Option<u64>,
    pub server_cpu_s: Option<f64>,
    /// Until half, and until 99 %, of the healthy items were answered.
    pub half_s: Option<f64>,
    pub most_s: Option<f64>,
}

impl Run {
    pub fn signal(&self) -> Option<u8> {
        self.exit_code.checked_sub(128).filter(|signal| (1..=64).contains(signal))
    }

    pub fn with_server(self, seen: &Seen) -> Self {
        Run {
            connections: Some(seen.connections),
            items: Some(seen.items),
            round_trips: seen.round_trips,
            server_cpu_s: Some(seen.cpu_s),
            half_s: seen.half_s,
            most_s: seen.most_s,
            ..self
        }
    }
}
