//! A chart of points and lines over two axes, each with its name where it ends.

use bench_data::workload::Model;

use super::{
    axis::Axis,
    canvas::{Anchor, Canvas, LINE, MARGIN, TEXT, WIDTH, width},
    labels::{self, Place, Rect},
};

/// A chart of lines.
pub struct LineChart<'a> {
    /// The lines; of one point where it is a cloud of points.
    pub lines: Vec<Line<'a>>,
    /// From left to right.
    pub x: Axis,
    /// From below.
    pub y: Axis,
    /// Under the horizontal axis.
    pub x_text: &'a str,
    /// Over the upright axis.
    pub y_text: &'a str,
    /// Height of the axes.
    pub height: f64,
    /// Something at a value of the horizontal axis, and its name.
    pub limit: Option<(f64, String)>,
}

/// One line.
pub struct Line<'a> {
    /// Name of the program.
    pub name: String,
    /// Whose colour and marker it has.
    pub model: &'a Model,
    /// Hollow and dashed.
    pub python: bool,
    /// From left to right; one at least.
    pub points: Vec<(f64, f64)>,
    /// Whether every point is a measurement of its own, with a marker, and not the last alone.
    pub markers: bool,
    /// Where the next point would be, had it not failed or been skipped.
    pub stops: Option<f64>,
}

impl LineChart<'_> {
    /// Draws it below what is there.
    pub fn draw(&self, canvas: &mut Canvas) {
        let far = self.x.clone().drawn(0.0, 1.0);
        let at_edge = |line: &Line| {
            line.points.len() > 1
                && line.stops.is_none()
                && line.points.last().is_some_and(|p| far.at(p.0) > 0.9)
        };
        let (top, bottom) = (canvas.top + LINE + 6.0, canvas.top + LINE + 6.0 + self.height);
        let y = self.y.clone().drawn(bottom, top);
        let y_ticks = y.ticks(true);
        let left = MARGIN + y_ticks.iter().map(|(_, text)| width(text)).fold(0.0, f64::max) + 8.0;
        let margin = self.lines.iter().filter(|line| at_edge(line)).map(|line| width(&line.name) + 24.0);
        let right = WIDTH - MARGIN - margin.fold(16.0, f64::max);
        let x = self.x.clone().drawn(left, right);

        canvas.text(self.y_text, (MARGIN, canvas.top + 15.0), Anchor::Start, "ink");
        for (place, text) in y_ticks {
            canvas.line(&[(left, place), (right, place)], "grid", 1.0, "");
            canvas.text(&text, (left - 6.0, place + 5.0), Anchor::End, "muted");
        }
        for (place, text) in x.ticks(false) {
            canvas.line(&[(place, top), (place, bottom)], "grid", 1.0, "");
            canvas.text(&text, (place, bottom + 18.0), Anchor::Middle, "muted");
        }
        canvas.line(&[(left, top), (left, bottom), (right, bottom)], "muted", 1.0, "");
        canvas.text(self.x_text, (left, bottom + 18.0 + LINE), Anchor::Start, "ink");
        let mut taken = Vec::new();
        let limit = self.limit.as_ref().map(|(value, name)| (x.at(*value), name));
        if let Some((place, _)) = limit {
            canvas.line(&[(place, top), (place, bottom)], "ink", 2.0, "");
            taken.push(Rect(place - 2.0, top, place + 2.0, bottom));
        }

        let mut ends = Vec::new();
        for line in &self.lines {
            let class = canvas.class(line.model);
            let points: Vec<(f64, f64)> =
                line.points.iter().map(|point| (x.at(point.0), y.at(point.1))).collect();
            let Some(&last) = points.last() else { continue };
            canvas.line(&points, &class, 2.0, if line.python { "5 3" } else { "" });
            let mut end = last;
            if let Some(stop) = line.stops {
                end = (last.0 + 0.4 * (x.at(stop) - last.0), last.1);
                canvas.line(&[last, end], &class, 1.5, "2 3");
                canvas.cross(end, &class);
                taken.extend(along(last, end));
                taken.push(Rect::around(end, 6.0));
            }
            let marked = if line.markers { &points[..] } else { &points[points.len() - 1..] };
            for point in marked {
                canvas.marker(line.model, *point, 10.0, line.python);
                taken.push(Rect::around(*point, 6.0));
            }
            // Names keep off the lines too.
            taken.extend(points.windows(2).flat_map(|pair| along(pair[0], pair[1])));
            ends.push((line, end));
        }
        if let Some((place, name)) = limit {
            let heights =
                (1..).map(|line| top + TEXT * f64::from(line)).take_while(|height| *height < bottom);
            let mut starts = heights.map(|height| (place + 8.0, height));
            let rect = |start: &(f64, f64)| Rect::of_text(*start, width(name));
            let start = starts.find(|start| !taken.iter().any(|other| other.meets(&rect(start))));
            let start = start.unwrap_or((place + 8.0, top + TEXT));
            canvas.text(name, start, Anchor::Start, "ink");
            taken.push(rect(&start));
        }
        let (edge, mut inner): (Vec<_>, Vec<_>) = ends.into_iter().partition(|(line, _)| at_edge(line));
        taken.extend(name_edge(canvas, edge, right, (top, bottom)));
        inner.sort_by(|a, b| a.1.1.total_cmp(&b.1.1));
        let wanted: Vec<_> = inner.iter().map(|(line, end)| (*end, width(&line.name))).collect();
        let bounds = Rect(left + 2.0, top, WIDTH - MARGIN, bottom - 2.0);
        for ((line, end), place) in inner.iter().zip(labels::beside(&wanted, &taken, &bounds)) {
            lead(canvas, *end, &place);
            let class = canvas.class(line.model);
            canvas.text(&line.name, place.at, place.anchor, &class);
        }
        canvas.top = bottom + 18.0 + LINE + 6.0;
    }
}

/// Names the lines that end at the right edge, one under the other, with their markers; says what the names cover.
fn name_edge(
    canvas: &mut Canvas,
    mut ends: Vec<(&Line, (f64, f64))>,
    right: f64,
    (top, bottom): (f64, f64),
) -> Vec<Rect> {
    ends.sort_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let wanted: Vec<f64> = ends.iter().map(|(_, end)| end.1).collect();
    let mut taken = Vec::new();
    for ((line, end), y) in ends.into_iter().zip(labels::spread(&wanted, top, bottom)) {
        if (y - end.1).abs() > 4.0 {
            canvas.line(&[(end.0 + 6.0, end.1), (right + 5.0, y)], "muted", 0.8, "1 3");
        }
        canvas.marker(line.model, (right + 12.0, y), 10.0, line.python);
        let class = canvas.class(line.model);
        canvas.text(&line.name, (right + 22.0, y + 5.0), Anchor::Start, &class);
        taken.push(Rect::of_text((right + 2.0, y + 5.0), 20.0 + width(&line.name)));
    }
    taken
}

/// A thin dotted line from a point to its name, where the name is not beside it.
fn lead(canvas: &mut Canvas, (x, y): (f64, f64), place: &Place) {
    let to = (place.at.0, place.at.1 - 0.3 * TEXT);
    let (dx, dy) = (to.0 - x, to.1 - y);
    if dy.abs() < 20.0 {
        return;
    }
    let far = dx.hypot(dy);
    // Ends at the text's edge: its left, its right, its upper or its lower one.
    let end = match place.anchor {
        Anchor::Start => (to.0 - 3.0, to.1),
        Anchor::End => (to.0 + 3.0, to.1),
        Anchor::Middle => (to.0, to.1 - dy.signum() * 0.6 * TEXT),
    };
    canvas.line(&[(x + 8.0 * dx / far, y + 8.0 * dy / far), end], "muted", 0.8, "1 3");
}

/// Small rectangles along a line.
fn along(from: (f64, f64), to: (f64, f64)) -> Vec<Rect> {
    let far = (to.0 - from.0).hypot(to.1 - from.1);
    let steps = (far / 8.0).ceil().max(1.0);
    let place = |part: f64| (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1));
    (0..=steps as usize).map(|step| Rect::around(place(step as f64 / steps), 1.5)).collect()
}
