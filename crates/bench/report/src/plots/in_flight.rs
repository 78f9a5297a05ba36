//! How many items are in flight while time goes by, a strip for each program: from the lab's trace.

use bench_data::{
    results::{Entry, Group},
    trace::Item,
    workload::Model,
};

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Anchor, Canvas, LINE, MARGIN, Plot, WIDTH, width},
    text,
};

/// Height of what is drawn in a strip.
const STRIP: f64 = 34.0;

/// Height of a strip with the room around it.
const STEP: f64 = STRIP + 14.0;

/// What is shown at most, in times that one item waits: the slow ones do the same over and over.
const WAITS: f64 = 6.0;

struct Strip<'a> {
    name: String,
    model: &'a Model,
    /// From each time on, how many are in flight.
    steps: Vec<(f64, u64)>,
    peak: u64,
    end: f64,
}

/// The strips of one workload; none where the lab noted nothing.
pub fn in_flight(group: &Group) -> Option<Plot> {
    let workload = &group.workload;
    let strips: Vec<Strip> = group.ok().filter_map(|entry| strip(group, entry)).collect();
    let end = strips.iter().map(|strip| strip.end).fold(0.0, f64::max);
    if strips.is_empty() {
        return None;
    }
    let shown = end.min(WAITS * workload.latency_s);
    let heading = format!("{}: items in flight", workload.title);
    let notes = [
        "Beside each: its peak, which is the height of its strip, and when it ends.",
        "→ it goes on like that.",
    ];
    let mut canvas = Canvas::new(&heading, if end > shown { &notes } else { &notes[..1] });
    let about = |strip: &Strip| {
        let arrow = if strip.end > shown { " →" } else { "" };
        format!("{}, {}{arrow}", strip.peak, text::seconds(strip.end))
    };
    let names = strips.iter().map(|strip| width(&strip.name).max(width(&about(strip)))).fold(0.0, f64::max);
    let (left, right) = (MARGIN + names + 12.0, WIDTH - MARGIN - 20.0);
    let x = Axis::from_zero([shown / 1.05], Unit::Seconds).drawn(left, right);
    let bottom = canvas.top + STEP * strips.len() as f64;
    for (place, tick) in x.ticks(false) {
        canvas.line(&[(place, canvas.top), (place, bottom)], "grid", 1.0, "");
        canvas.text(&tick, (place, bottom + 18.0), Anchor::Middle, "muted");
    }
    for strip in &strips {
        let floor = canvas.top + STEP - 4.0;
        canvas.text(&strip.name, (MARGIN, floor - 20.0), Anchor::Start, "ink");
        canvas.text(&about(strip), (MARGIN, floor - 2.0), Anchor::Start, "muted");
        let class = canvas.class(strip.model);
        canvas.area(&outline(strip, &x, shown, floor), &class);
        canvas.line(&[(left, floor), (right, floor)], "muted", 1.0, "");
        canvas.top += STEP;
    }
    canvas.text("time since the first connection", (left, bottom + 18.0 + LINE), Anchor::Start, "ink");
    canvas.top = bottom + 18.0 + LINE + 4.0;
    let said: Vec<String> = strips
        .iter()
        .map(|s| format!("{} has at most {} and ends after {}", s.name, s.peak, text::seconds(s.end)))
        .collect();
    Some(canvas.finish(format!("{}-in-flight", workload.key), format!("{heading}: {}.", list(&said))))
}

fn strip<'a>(group: &'a Group, entry: &Entry) -> Option<Strip<'a>> {
    let trace = &entry.ran()?.trace;
    let steps = steps(trace.iter().filter(|item| item.workload == group.workload.name));
    Some(Strip {
        name: text::name(&entry.row),
        model: group.workload.model(&entry.row.model)?,
        peak: steps.iter().map(|step| step.1).max()?,
        end: steps.last()?.0,
        steps,
    })
}

/// From when on how many items are in flight, in seconds since the first connection.
pub fn steps<'a>(items: impl Iterator<Item = &'a Item> + Clone) -> Vec<(f64, u64)> {
    let first = items.clone().map(|item| item.accepted_s).fold(f64::MAX, f64::min);
    let changes = items.flat_map(|item| [(item.begin_s - first, 1), (item.end_s - first, -1)]);
    let mut changes: Vec<(f64, i64)> = changes.collect();
    // At the same time, what ends goes first.
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut now = 0;
    let steps = changes.into_iter().map(|(time, change)| {
        now += change;
        (time, now.max(0) as u64)
    });
    steps.collect()
}

/// The area under the steps, at most four corners for each unit of its width.
fn outline(strip: &Strip, x: &Axis, shown: f64, floor: f64) -> Vec<(f64, f64)> {
    let height = |count: u64| floor - STRIP * count as f64 / strip.peak as f64;
    let mut corners = vec![(x.at(0.0), floor)];
    let mut last = (x.at(0.0), 0);
    for &(time, count) in strip.steps.iter().filter(|step| step.0 <= shown) {
        let place = x.at(time);
        if place - last.0 >= 0.5 {
            corners.extend([(last.0, height(last.1)), (place, height(last.1))]);
            last.0 = place;
        }
        last.1 = count;
    }
    let end = x.at(strip.end.min(shown));
    // At the very end nothing is in flight; where it goes on, the last count goes on.
    corners.extend([(last.0, height(last.1)), (end, height(last.1)), (end, floor)]);
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_flight_is_what_began_and_has_not_ended() {
        let item = |begin_s, end_s| Item {
            workload: "db".to_owned(),
            item: String::new(),
            accepted_s: 8.0,
            begin_s: 8.0 + begin_s,
            end_s: 8.0 + end_s,
        };
        let items = [item(0.0, 1.0), item(0.5, 1.5), item(1.0, 2.0)];
        assert_eq!(steps(items.iter()), [(0.0, 1), (0.5, 2), (1.0, 1), (1.0, 2), (1.5, 1), (2.0, 0)]);
    }

    #[test]
    fn many_that_begin_together_make_an_upright_edge() {
        let matrix = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml");
        let models = bench_data::matrix::Matrix::read(std::path::Path::new(matrix)).unwrap().models;
        let steps = (1..=100).map(|count| (0.001, count)).chain([(0.1, 0)]).collect();
        let strip = Strip { name: String::new(), model: &models[0], steps, peak: 100, end: 0.1 };
        let x = Axis::from_zero([0.1], Unit::Seconds).drawn(0.0, 200.0);
        let corners = outline(&strip, &x, 0.1, STRIP);
        assert!(
            corners.windows(2).all(|pair| pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1),
            "{corners:?}"
        );
        assert!(corners.iter().any(|corner| corner.1 == 0.0), "{corners:?}");
    }
}
