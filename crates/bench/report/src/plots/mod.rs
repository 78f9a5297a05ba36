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
mod timeline;
mod workload;

use bench_data::results::{Group, Results};

pub use canvas::Plot;
pub use faults::faults;
pub use network::network;
pub use overview::overview;
pub use scale::scale;
pub use timeline::timelines;
pub use workload::workload;

/// All plots of a results directory, in the order of its pages.
pub fn all(results: &Results) -> Vec<Plot> {
    let study = |name: &str| results.study(name).collect::<Vec<&Group>>();
    let workloads = ["bench", "mariadb", "own"].into_iter().flat_map(study);
    let mut plots: Vec<Plot> = overview(results).into_iter().chain(workloads.flat_map(workload)).collect();
    plots.extend(scale(&study("scale")));
    plots.extend(faults(&study("faults")));
    plots.extend(network(&study("network")));
    plots.extend(study("timeline").into_iter().flat_map(timelines));
    plots
}
