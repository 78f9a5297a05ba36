//! What the lab's `--trace FILE` notes: when each item began and ended, for the timelines.

use serde::{Deserialize, Serialize};

/// One line of that CSV file. Times are seconds of the system's clock; in older results,
/// seconds since the first connection. What counts is the time between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// `db`, `web` or `prices`.
    pub workload: String,
    /// The host's address, the page's name, or the date.
    pub item: String,
    /// When its connection was accepted.
    pub accepted_s: f64,
    /// When its request was read.
    pub begin_s: f64,
    /// When its answer was handed to the network, or its client was gone.
    pub end_s: f64,
    /// When its connection was closed; in older results unknown.
    #[serde(default)]
    pub closed_s: Option<f64>,
}
