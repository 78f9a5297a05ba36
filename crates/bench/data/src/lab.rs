use serde::{Deserialize, Serialize};

/// The counters of one run, from the lab or a server instead of it: the body of the lab's `GET /stats`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    pub connections: u64,
    /// Items answered: `select sleep(x)`, a page or a day of prices; the questions that client libraries add do not count.
    pub items: u64,
    pub max_in_flight: u64,
    /// How often clients waited for the other side: twice for the first answer of a connection (one is TCP's handshake),
    /// once for each later one, whether or not there is a network to wait for; null where that is not counted.
    pub round_trips: Option<u64>,
    /// User and system time of the server itself in seconds.
    pub cpu_s: f64,
    /// Where hosts or days are sick: when half, and when 99 %, of the healthy ones were answered, in seconds from the
    /// first connection; null while fewer are.
    pub half_s: Option<f64>,
    pub most_s: Option<f64>,
}
