//! What sick items cost the healthy ones.

use bench_data::results::Group;

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Canvas, Plot},
    rows::{Item, Mark, RowChart},
    text,
};

/// One plot for each workload and fault: when half of the healthy items were answered, when 99 % were, and the wall time.
pub fn faults(groups: &[&Group]) -> Vec<Plot> {
    groups.iter().filter_map(|group| plot(group)).collect()
}

fn plot(group: &Group) -> Option<Plot> {
    let workload = &group.workload;
    let fault = workload.fault.as_ref()?;
    let mut said = Vec::new();
    let rows = group.entries.iter().filter(|entry| !entry.row.python).filter_map(|entry| {
        let figures = &entry.figures;
        let times = (figures.half_s, figures.most_s, figures.wall_median_s);
        let name = text::name(&entry.row);
        let (marks, interval) = match times {
            (Some(half), Some(most), Some(wall)) => {
                let [a, b, c] = [half, most, wall].map(text::seconds);
                said.push(format!("{name} {a}, {b} and {c}"));
                (vec![Mark::Dot(half, 3.0), Mark::Dot(most, 4.5), Mark::Marker(wall)], Some((half, wall)))
            }
            _ => (Vec::new(), None),
        };
        let value = figures.wall_median_s.map_or(figures.outcome().to_owned(), text::seconds);
        let model = workload.model(&entry.row.model)?;
        Some(Item { name, model, python: false, marks, interval, limit: None, value })
    });
    let rows: Vec<Item> = rows.collect();
    let values = rows.iter().flat_map(|row| row.interval.iter().flat_map(|(half, wall)| [*half, *wall]));
    let axis = Axis::log(values, Unit::Seconds);
    if said.is_empty() {
        return None;
    }
    let heading = format!("{}: {}", workload.title, fault.title);
    let notes = [
        "Small dot: half of the healthy items are answered.",
        "Larger dot: 99 %.",
        "Marker: the program ends.",
    ];
    let mut canvas = Canvas::new(&heading, &notes);
    RowChart { rows, axis, better: "← faster", scale: "log scale", line: None }.draw(&mut canvas);
    let alt = format!(
        "{heading}. Time until half and 99 % of the healthy items are answered, and wall time: {}.",
        list(&said)
    );
    Some(canvas.finish(workload.key.clone(), alt))
}
