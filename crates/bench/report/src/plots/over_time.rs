//! Memory while time goes by, as article 4 shows it: of all programs in one measure, the PSS of their processes.

use bench_data::results::{Entry, Group};

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Canvas, Plot, WIDTH},
    lines::{Line, LineChart},
    text,
};

/// Memory over time; none where the programs do not sample themselves, for there it shows nothing.
pub fn memory_over_time(group: &Group) -> Option<Plot> {
    if !group.workload.sampled {
        return None;
    }
    let lines: Vec<Line> = group.ok().chain(group.python()).filter_map(|entry| line(group, entry)).collect();
    if lines.len() < 2 {
        return None;
    }
    let ends = lines.iter().filter_map(|line| Some(line.points.last()?.0));
    let (first, last) = ends.fold((f64::MAX, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    let python = lines.iter().any(|line| line.python);
    let x = Axis::log([first / 10.0, last], Unit::Seconds);
    let points = || lines.iter().flat_map(|line| &line.points);
    let y = match python {
        true => Axis::log(points().map(|point| point.1).filter(|mib| *mib > 1.0), Unit::Mib),
        false => Axis::from_zero(points().map(|point| point.1), Unit::Mib),
    };
    let said = lines.iter().map(|line| {
        let (peak, end) = (peak(line), line.points.last().map_or(0.0, |point| point.0));
        format!("{} {} after {}", line.name, text::mib(peak), text::seconds(end))
    });
    let said = list(&said.collect::<Vec<_>>());
    let heading = format!("{}: memory over time", group.workload.title);
    let mut notes = vec!["PSS of all processes of a program."];
    notes.extend(python.then_some("Dashed: Python."));
    let mut canvas = Canvas::new(&heading, &notes);
    let lines = lines.into_iter().map(|line| Line { points: thin(&line.points, &x), ..line }).collect();
    let chart = LineChart {
        lines,
        x,
        y,
        x_text: "time since the start, log scale",
        y_text: "memory   ↓ less",
        height: 420.0,
        limit: None,
    };
    chart.draw(&mut canvas);
    Some(
        canvas.finish(
            format!("{}-memory-over-time", group.workload.key),
            format!("{heading}: at most {said}."),
        ),
    )
}

fn line<'a>(group: &'a Group, entry: &Entry) -> Option<Line<'a>> {
    let samples = &entry.ran()?.observed.first()?.samples;
    let mut points: Vec<(f64, f64)> =
        samples.iter().map(|(time, kib, _)| (*time, *kib as f64 / 1024.0)).collect();
    // The last sample may be of a program that is being taken apart.
    if let [.., before, last] = points[..]
        && last.1 < 0.9 * before.1
    {
        points.pop();
    }
    (points.len() > 1).then_some(Line {
        name: text::name(&entry.row),
        model: group.workload.model(&entry.row.model)?,
        python: entry.row.python,
        points,
        markers: false,
        stops: None,
    })
}

fn peak(line: &Line) -> f64 {
    line.points.iter().map(|point| point.1).fold(0.0, f64::max)
}

/// The largest point of each two units of the width: more cannot be seen, and would make the file large.
fn thin(points: &[(f64, f64)], x: &Axis) -> Vec<(f64, f64)> {
    let x = x.clone().drawn(0.0, WIDTH / 2.0);
    let mut kept: Vec<(f64, (f64, f64))> = Vec::new();
    for &point in points {
        let place = x.at(point.0).floor();
        match kept.last_mut() {
            Some((last, old)) if *last == place => {
                if point.1 > old.1 {
                    *old = point;
                }
            }
            _ => kept.push((place, point)),
        }
    }
    kept.into_iter().map(|(_, point)| point).collect()
}
