//! The plots of a results directory, as SVG: for light and dark pages, legible on a phone, a colour and a marker for each
//! model. The same results make the same bytes.

mod axis;
mod canvas;
mod faults;
mod in_flight;
mod labels;
mod lines;
mod marker;
mod network;
mod over_time;
mod overview;
mod rows;
mod scale;
#[cfg(test)]
mod tests;
mod text;
mod workload;

use bench_data::results::{Group, Results};

pub use faults::faults;
pub use in_flight::in_flight;
pub use network::network;
pub use over_time::memory_over_time;
pub use overview::overview;
pub use scale::scale;
pub use workload::workload;

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Name of its file without `.svg`: `db-wall`.
    pub name: String,
    /// The picture.
    pub svg: String,
    /// What is seen on it, with the figures.
    pub alt: String,
}

/// All plots of a results directory, in the order of its pages.
pub fn all(results: &Results) -> Vec<Plot> {
    let study = |name: &str| results.study(name).collect::<Vec<&Group>>();
    let workloads = ["bench", "mariadb", "own"].into_iter().flat_map(study);
    let mut plots: Vec<Plot> = overview(results).into_iter().chain(workloads.flat_map(workload)).collect();
    plots.extend(scale(&study("scale")));
    plots.extend(faults(&study("faults")));
    plots.extend(network(&study("network")));
    plots
}
