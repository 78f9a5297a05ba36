//! `observed-N.json`: what bench-observe writes of one run, and the counters of the lab or the server in it.

use serde::{Deserialize, Serialize};

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

/// What the lab, or a server in its place, saw of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Connections accepted.
    pub connections: u64,
    /// Items answered.
    pub items: u64,
    /// Peak number of items in flight.
    pub max_in_flight: u64,
    /// How often clients waited for the other side; null where that is not counted.
    pub round_trips: Option<u64>,
    /// User and system time of the server itself in seconds.
    pub cpu_s: f64,
    /// Connects that found the queue of a listener full, in the whole network namespace; null where unknown.
    pub listen_drops: Option<u64>,
    /// The items of healthy hosts or days, when the lab has sick ones.
    pub healthy: Option<Healthy>,
}

/// When the healthy hosts or days were answered, in seconds from the first connection; null as long as too few were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Healthy {
    /// How many items they answered.
    pub items: u64,
    /// Until half of them were answered.
    pub half_s: Option<f64>,
    /// Until 99 % of them were answered.
    pub most_s: Option<f64>,
}

/// The body of the lab's `GET /stats`: what it counted since the last reset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabStats {
    /// User and system time of the lab in seconds.
    pub cpu_s: f64,
    /// Connects that found the queue of a listener full: the client's kernel sends its SYN again a second later. Those
    /// of all listeners in the network namespace; null where the kernel does not say.
    pub listen_drops: Option<u64>,
    /// `select sleep(x)`; what client libraries ask by themselves is no item.
    pub db: Counts,
    /// `/page/…`
    pub web: Counts,
    /// `/prices`
    pub prices: Counts,
}

/// The lab's counters of one workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Items answered.
    pub items: u64,
    /// Peak number of items in flight.
    pub max_in_flight: u64,
    /// How often clients waited for the other side: twice for the first answer of a connection (one is TCP's handshake),
    /// once for each later one, whether or not there is a network to wait for.
    pub round_trips: u64,
    /// Where some hosts or days are sick, the others.
    pub healthy: Option<Healthy>,
}

impl LabStats {
    /// The counters of one workload, by its name.
    pub fn of(self, workload: &str) -> Option<Seen> {
        let counts = match workload {
            "db" => self.db,
            "web" => self.web,
            "prices" => self.prices,
            _ => return None,
        };
        Some(Seen {
            connections: counts.connections,
            items: counts.items,
            max_in_flight: counts.max_in_flight,
            round_trips: Some(counts.round_trips),
            cpu_s: self.cpu_s,
            listen_drops: self.listen_drops,
            healthy: counts.healthy,
        })
    }
}
