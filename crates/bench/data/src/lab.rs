//! The counters of the lab, or of the server that replaces it.

use serde::{Deserialize, Serialize};

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
