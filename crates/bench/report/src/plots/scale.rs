//! Cost as the number of items grows, and what a bound on the items in flight makes of it.

use bench_data::{
    measurement::Measurement,
    results::{Entry, Group},
    workload::Workload,
};

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Canvas, Plot},
    lines::{Line, LineChart},
    text,
};

/// One measure that is drawn over the number of items.
struct Measure {
    /// In the file's name.
    name: &'static str,
    heading: &'static str,
    y_text: &'static str,
    unit: Unit,
    of: fn(&Measurement) -> Option<f64>,
    said: fn(f64) -> String,
}

const MEASURES: [Measure; 3] = [
    Measure {
        name: "wall",
        heading: "wall time",
        y_text: "wall time   ↓ faster",
        unit: Unit::Seconds,
        of: |figures| figures.wall_median_s,
        said: text::seconds,
    },
    Measure {
        name: "memory",
        heading: "peak memory",
        y_text: "peak memory   ↓ less",
        unit: Unit::Mib,
        of: mib,
        said: text::mib,
    },
    Measure {
        name: "cpu",
        heading: "CPU time per item",
        y_text: "CPU time per item   ↓ less",
        unit: Unit::Millis,
        of: |figures| figures.cpu_s().map(|cpu| cpu / figures.size as f64).filter(|cpu| *cpu > 0.0),
        said: text::millis,
    },
];

fn mib(figures: &Measurement) -> Option<f64> {
    figures.memory_kib().map(|kib| kib as f64 / 1024.0)
}

/// The plots of the study `scale`: of each workload time, memory, CPU time per item, and bounds.
pub fn scale(groups: &[&Group]) -> Vec<Plot> {
    let mut plots = Vec::new();
    for sizes in groups.chunk_by(|a, b| a.workload.name == b.workload.name) {
        plots.extend(MEASURES.iter().filter_map(|measure| grows(sizes, measure)));
        plots.extend(bounds(sizes));
    }
    plots
}

/// Whether a row has a bound below the number of items, and so another lesson.
fn bounded(workload: &Workload, entry: &Entry) -> bool {
    entry.row.program.contains("--concurrency") && entry.row.at_once < workload.size
}

/// Its name at any size.
fn series(entry: &Entry) -> String {
    let name = text::name(&entry.row);
    match name.strip_suffix(&format!(" {}", entry.row.at_once)) {
        Some(name) if entry.row.program.contains("--concurrency") => format!("{name} N"),
        _ => name,
    }
}

fn grows(sizes: &[&Group], measure: &Measure) -> Option<Plot> {
    let mut lines: Vec<Line> = Vec::new();
    for group in sizes {
        let workload = &group.workload;
        let items = workload.size as f64;
        for entry in group.entries.iter().filter(|entry| !entry.row.python && !bounded(workload, entry)) {
            let name = series(entry);
            let value = (measure.of)(&entry.figures).filter(|_| entry.figures.is_ok());
            match (lines.iter_mut().find(|line| line.name == name), value) {
                (Some(line), Some(value)) => {
                    line.points.push((items, value));
                    line.stops = None;
                }
                (Some(line), None) => line.stops = line.stops.or(Some(items)),
                (None, Some(value)) => lines.push(Line {
                    name,
                    model: workload.model(&entry.row.model)?,
                    python: false,
                    points: vec![(items, value)],
                    markers: true,
                    stops: None,
                }),
                (None, None) => {}
            }
        }
    }
    let workload = &sizes.first()?.workload;
    if sizes.len() < 2 || lines.is_empty() {
        return None;
    }
    let stopped = lines.iter().any(|line| line.stops.is_some());
    let many = lines.iter().any(|line| line.name.ends_with(" N"));
    let mut notes = Vec::new();
    notes.extend(many.then_some("N: as many threads as items."));
    notes.extend(stopped.then_some("×: failed, or would have taken too long."));
    let said = lines.iter().filter_map(|line| {
        let (items, value) = line.points.last()?;
        let stop = if line.stops.is_some() { " and no further" } else { "" };
        Some(format!("{} {} at {}{stop}", line.name, (measure.said)(*value), text::plain(*items)))
    });
    let said = list(&said.collect::<Vec<_>>());
    let points = || lines.iter().flat_map(|line| &line.points);
    let (x, y) = (
        Axis::log(sizes.iter().map(|group| group.workload.size as f64), Unit::Number),
        Axis::log(points().map(|point| point.1), measure.unit),
    );
    let (least, most) = (workload.size, sizes.last()?.workload.size);
    let (least, most) = (text::plain(least as f64), text::plain(most as f64));
    let heading = format!("{} with {least} to {most} items: {}", workload.name, measure.heading);
    let mut canvas = Canvas::new(&heading, &notes);
    let chart = LineChart {
        lines,
        x,
        y,
        x_text: "items, both axes logarithmic",
        y_text: measure.y_text,
        height: 360.0,
        limit: None,
    };
    chart.draw(&mut canvas);
    Some(canvas.finish(format!("scale-{}-{}", workload.name, measure.name), format!("{heading}: {said}.")))
}

/// Wall time and memory over the bound, at the size at which most bounds were measured; the larger one of two.
fn bounds(sizes: &[&Group]) -> Option<Plot> {
    let measured = |group: &Group| {
        group.entries.iter().filter(|entry| bounded(&group.workload, entry) && entry.figures.is_ok()).count()
    };
    let group = sizes.iter().max_by_key(|group| (measured(group), group.workload.size))?;
    let workload = &group.workload;
    let lines = |of: fn(&Measurement) -> Option<f64>| {
        let mut lines: Vec<Line> = Vec::new();
        for entry in group.entries.iter().filter(|entry| bounded(workload, entry)) {
            let name = entry.row.bare_name();
            let known = lines.iter().any(|line| line.name == name);
            let points: Vec<(f64, f64)> = group
                .ok()
                .filter(|other| {
                    series(other) == name || bounded(workload, other) && other.row.bare_name() == name
                })
                .filter_map(|other| Some((other.row.at_once as f64, of(&other.figures)?)))
                .collect();
            if known || points.len() < 2 {
                continue;
            }
            let mut points = points;
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let model = workload.model(&entry.row.model)?;
            lines.push(Line {
                name: name.to_owned(),
                model,
                python: false,
                points,
                markers: true,
                stops: None,
            });
        }
        (!lines.is_empty()).then_some(lines)
    };
    let size = text::plain(workload.size as f64);
    let heading = format!("{} with {size} items: a bound on what is in flight", workload.name);
    let mut canvas = Canvas::new(&heading, &[]);
    let mut said = Vec::new();
    for measure in &MEASURES[..2] {
        let lines = lines(measure.of)?;
        let points = || lines.iter().flat_map(|line| &line.points);
        for line in &lines {
            let figures = line
                .points
                .iter()
                .map(|(bound, value)| format!("{} at {}", (measure.said)(*value), text::plain(*bound)));
            said.push(format!("{}: {}", line.name, list(&figures.collect::<Vec<_>>())));
        }
        let x = Axis::log(points().map(|point| point.0), Unit::Number);
        let y = Axis::log(points().map(|point| point.1), measure.unit);
        let x_text = "bound, both axes logarithmic";
        LineChart { lines, x, y, x_text, y_text: measure.y_text, height: 200.0, limit: None }
            .draw(&mut canvas);
    }
    Some(canvas.finish(format!("scale-{}-bound", workload.name), format!("{heading}. {}.", said.join("; "))))
}
