//! `faults.csv`: what sick items cost each program.

use anyhow::Result;
use serde::Serialize;

use crate::{
    measurements,
    results::{Entry, Group},
    stats,
};

/// One row. What was not measured is `None`. Times in seconds, medians of the runs.
#[derive(Serialize)]
#[allow(missing_docs, reason = "named as the columns of measurements.csv")]
pub struct Row<'a> {
    pub workload: &'a str,
    pub size: u64,
    pub fault: &'a str,
    /// Number of sick items.
    pub sick: u64,
    pub program: &'a str,
    pub model: &'a str,
    /// As the lab saw in flight.
    pub at_once: Option<u64>,
    pub runs: Option<u64>,
    pub wall_median_s: Option<f64>,
    pub wall_mad_s: Option<f64>,
    pub wall_min_s: Option<f64>,
    pub wall_max_s: Option<f64>,
    /// Of the model, were all items well.
    pub limit_s: Option<f64>,
    /// Items that were answered.
    pub ok: Option<u64>,
    /// Items that were reported as failed.
    pub failed: Option<u64>,
    /// From the first connection until half of the items that are not sick were answered, as the lab saw it.
    pub half_median_s: Option<f64>,
    /// The same of 99 % of them.
    pub most_median_s: Option<f64>,
    pub status: &'a str,
}

/// The figures of one program.
pub fn row<'a>(group: &'a Group, entry: &'a Entry) -> Row<'a> {
    let Group { workload, .. } = group;
    let figures = &entry.figures;
    let fault = workload.fault.as_ref();
    let sick = fault.map_or(0, |fault| fault.sick);
    // Checked where the figures are made: all others are ok.
    let failed = fault.filter(|fault| fault.fails).map_or(0, |fault| fault.sick);
    let runs = || entry.ran.iter().flat_map(|ran| std::iter::once(&ran.observed).chain(&ran.rounds));
    let median = |time: fn(&crate::raw::Healthy) -> Option<f64>| {
        let times = runs().filter_map(|run| time(run.lab.as_ref()?.healthy.as_ref()?)).collect::<Vec<f64>>();
        stats::median(&times).map(|time| (time * 1e4).round() / 1e4)
    };
    Row {
        workload: &workload.name,
        size: workload.size,
        fault: fault.map_or("", |fault| &fault.name),
        sick,
        program: &figures.program,
        model: &figures.model,
        at_once: figures.at_once,
        runs: figures.runs,
        wall_median_s: figures.wall_median_s,
        wall_mad_s: figures.wall_mad_s,
        wall_min_s: figures.wall_min_s,
        wall_max_s: figures.wall_max_s,
        limit_s: figures.limit_s,
        ok: figures.is_ok().then_some(workload.size - failed),
        failed: figures.is_ok().then_some(failed),
        half_median_s: median(|healthy| healthy.half_s),
        most_median_s: median(|healthy| healthy.most_s),
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
