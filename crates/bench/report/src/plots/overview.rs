//! The opener: what 500 hosts cost with each model, in time and in memory.

use bench_data::results::{Group, Results};

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Canvas, Plot},
    lines::{Line, LineChart},
    text,
};

/// Wall time and memory of all programs of `db`; none where it was not measured.
pub fn overview(results: &Results) -> Option<Plot> {
    let group = results.study("bench").find(|group| group.workload.name == "db")?;
    plot(group)
}

fn plot(group: &Group) -> Option<Plot> {
    let workload = &group.workload;
    let entries = group.ok().chain(group.baseline()).chain(group.python());
    let mut points: Vec<(Line, String)> = Vec::new();
    for entry in entries {
        let figures = &entry.figures;
        let (Some(wall), Some(kib), Some(model)) =
            (figures.wall_median_s, figures.memory_kib(), workload.model(&entry.row.model))
        else {
            continue;
        };
        let (name, mib) = (text::name(&entry.row), kib as f64 / 1024.0);
        let said = format!("{name} {} and {}", text::seconds(wall), text::mib(mib));
        let line = Line {
            name,
            model,
            python: entry.row.python,
            points: vec![(wall, mib)],
            markers: true,
            stops: None,
        };
        points.push((line, said));
    }
    let (lines, said): (Vec<Line>, Vec<String>) = points.into_iter().unzip();
    if lines.is_empty() {
        return None;
    }
    let limit = workload.limited.then_some(workload.latency_s);
    let all = || lines.iter().flat_map(|line| &line.points);
    let x = Axis::log(all().map(|point| point.0).chain(limit), Unit::Seconds);
    let y = Axis::log(all().map(|point| point.1), Unit::Mib);
    let size = text::plain(workload.size as f64);
    let heading =
        format!("Asking {size} databases that each take {}", text::seconds_plain(workload.latency_s));
    let hollow = lines.iter().any(|line| line.python);
    let notes = ["Each marker is a program. Both axes are logarithmic.", "Hollow: Python."];
    let mut canvas = Canvas::new(&heading, &notes[..if hollow { 2 } else { 1 }]);
    let chart = LineChart {
        lines,
        x,
        y,
        x_text: "wall time   ← faster",
        y_text: "peak memory   ↓ less",
        height: if hollow { 470.0 } else { 380.0 },
        limit: limit.map(|limit| (limit, format!("limit {}", text::seconds_plain(limit)))),
    };
    chart.draw(&mut canvas);
    let limit = limit.map_or(String::new(), |limit| format!("; the limit is {}", text::seconds_plain(limit)));
    let alt = format!("{heading}: wall time and peak memory. {}{limit}.", list(&said));
    Some(canvas.finish("overview".to_owned(), alt))
}
