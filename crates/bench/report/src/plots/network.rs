//! How often an item waits for the other side.

use bench_data::{results::Group, workload::Row};

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Canvas, Plot},
    rows::{Item, Mark, RowChart},
    text,
};

/// For each workload the round trips of an item: as the lab counted them, and as the wall time grows with the network's
/// round-trip time.
pub fn network(groups: &[&Group]) -> Vec<Plot> {
    groups.chunk_by(|a, b| a.workload.name == b.workload.name).filter_map(plot).collect()
}

fn plot(groups: &[&Group]) -> Option<Plot> {
    let far = groups.last()?;
    let workload = &far.workload;
    let mut said = Vec::new();
    let rows = far.entries.iter().filter_map(|entry| {
        let counted = entry.figures.round_trips.filter(|_| entry.figures.is_ok());
        let slope = slope(groups, &entry.row);
        let name = text::name(&entry.row);
        if let Some(counted) = counted {
            let slope = slope.map_or(String::new(), |slope| format!(" and {slope:.1}"));
            said.push(format!("{name} {}{slope}", text::plain(counted)));
        }
        Some(Item {
            name,
            model: workload.model(&entry.row.model)?,
            python: entry.row.python,
            marks: counted
                .map(Mark::Bar)
                .into_iter()
                .chain(slope.map(|slope| Mark::Dot(slope, 5.0)))
                .collect(),
            interval: None,
            limit: None,
            value: match (counted, slope) {
                (Some(counted), Some(slope)) => format!("{}, {slope:.1}", text::plain(counted)),
                (Some(counted), None) => text::plain(counted),
                _ => entry.figures.outcome().to_owned(),
            },
        })
    });
    let rows: Vec<Item> = rows.collect();
    if said.is_empty() {
        return None;
    }
    let axis = Axis::from_zero(rows.iter().flat_map(|row| row.marks.iter().map(Mark::value)), Unit::Number);
    let heading = format!("{}: round trips per item", workload.title);
    let mut notes = vec![
        "Bar: as the lab counted.",
        "Dot: by how the wall time grows with the network's round-trip time.",
    ];
    if rows.iter().any(|row| row.python) {
        notes.push("Hollow: Python.");
    }
    let mut canvas = Canvas::new(&heading, &notes);
    RowChart { rows, axis, better: "← fewer waits", scale: "", line: None }.draw(&mut canvas);
    let alt = format!("{heading}, counted and by the slope of the wall time: {}.", list(&said));
    Some(canvas.finish(format!("network-{}-round-trips", workload.name), alt))
}

/// By how many round-trip times an item's wait grows: the slope of the shortest wall time over the round-trip time, by
/// least squares, ÷ how many items wait one after the other. The shortest, because what disturbs a run only lengthens it.
fn slope(groups: &[&Group], row: &Row) -> Option<f64> {
    let points: Vec<(f64, f64)> = groups
        .iter()
        .filter_map(|group| {
            let entry = group.entries.iter().find(|entry| entry.row.program == row.program)?;
            Some((group.workload.rtt_s?, entry.figures.wall_min_s?))
        })
        .collect();
    let turns = groups.first()?.workload.size.div_ceil(row.at_once.max(1)) as f64;
    least_squares(&points).map(|slope| slope / turns)
}

fn least_squares(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let both: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (spread > 0.0).then(|| both / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_that_of_the_line_through_the_points() {
        assert_eq!(least_squares(&[(0.0, 1.0), (1.0, 5.0), (2.0, 9.0)]), Some(4.0));
        assert_eq!(least_squares(&[(1.0, 1.0)]), None);
    }
}
