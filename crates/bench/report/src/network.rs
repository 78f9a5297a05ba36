//! `network.csv`: what a network between the program and its hosts costs.

use anyhow::Result;
use serde::Serialize;

use crate::{
    measurements,
    results::{Entry, Group},
};

/// One row. What was not measured is `None`. Times in seconds, medians of the runs.
#[derive(Serialize)]
#[allow(missing_docs, reason = "named as the columns of measurements.csv")]
pub struct Row<'a> {
    pub workload: &'a str,
    pub size: u64,
    /// Round-trip time of the network.
    pub rtt_s: Option<f64>,
    pub program: &'a str,
    pub model: &'a str,
    /// As the lab saw in flight.
    pub at_once: Option<u64>,
    pub runs: Option<u64>,
    pub wall_median_s: Option<f64>,
    pub wall_mad_s: Option<f64>,
    pub wall_min_s: Option<f64>,
    pub wall_max_s: Option<f64>,
    /// Of the model, without a network.
    pub limit_s: Option<f64>,
    /// How often the program waited for the other side, as the lab counted in the observed run.
    pub round_trips_an_item: Option<f64>,
    pub status: &'a str,
}

/// How often the program waited for the other side, an item, as the lab counted in the observed run.
pub fn round_trips(group: &Group, entry: &Entry) -> Option<f64> {
    let ran = entry.ran.as_ref().filter(|_| entry.figures.is_ok())?;
    let all = ran.observed.lab.as_ref()?.round_trips?;
    Some((all as f64 / group.workload.size as f64 * 1e4).round() / 1e4)
}

/// The figures of one program over one network.
fn row<'a>(group: &'a Group, entry: &'a Entry) -> Row<'a> {
    let figures = &entry.figures;
    Row {
        workload: &group.workload.name,
        size: group.workload.size,
        rtt_s: group.workload.rtt_s,
        program: &figures.program,
        model: &figures.model,
        at_once: figures.at_once,
        runs: figures.runs,
        wall_median_s: figures.wall_median_s,
        wall_mad_s: figures.wall_mad_s,
        wall_min_s: figures.wall_min_s,
        wall_max_s: figures.wall_max_s,
        limit_s: figures.limit_s,
        round_trips_an_item: round_trips(group, entry),
        status: &figures.status,
    }
}

/// All rows as CSV.
///
/// # Errors
/// None but those of the writer.
pub fn csv(groups: &[Group]) -> Result<String> {
    let rows = groups.iter().flat_map(|group| group.entries.iter().map(|entry| row(group, entry)));
    measurements::serialize(rows)
}
