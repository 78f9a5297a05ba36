//! Charts as SVG: one function, rows or lines. For light and dark pages, legible on a phone; the same data make the same bytes.

mod axis;
mod canvas;
mod marker;
#[cfg(test)]
mod tests;

use bench_data::workload::Model;

pub use axis::{Axis, Scale};
use canvas::{Canvas, LINE, MARGIN, WIDTH, width};
use marker::{closed, open, rectangle};

/// A place on both axes.
pub type Point = (f64, f64);

/// Height of a row, and of one with a note.
const ROW: (f64, f64) = (24.0, 2.0 * LINE + 6.0);
const INDENT: f64 = 12.0;
/// Half the height of a bar.
const BAR: f64 = 6.0;
/// From a point to the cross that says that the line stops there.
const STUB: f64 = 18.0;

#[derive(Default)]
pub struct Series {
    pub name: String,
    /// In rows: under the name.
    pub note: String,
    /// In rows: at the right edge.
    pub figure: String,
    /// Whose colour and marker; none: those of text.
    pub model: Option<Model>,
    /// Hollow markers and dashed lines: Python.
    pub hollow: bool,
    pub marks: Vec<Mark>,
}

impl Series {
    /// The class of its colour.
    fn class(&self) -> String {
        self.model.as_ref().map_or("ink".to_owned(), |model| format!("m-{}", model.name))
    }
}

/// A shape and its points.
pub type Mark = (Shape, Vec<Point>);

#[derive(Clone, Copy)]
pub enum Shape {
    /// The model's marker on each point.
    Marker,
    /// With its radius.
    Dot(f64),
    /// From one value of the horizontal axis to another, with a cap at each end.
    Interval,
    Line,
    Area,
    /// From one value of the horizontal axis to another.
    Bar,
    Outline,
    /// An upright stroke through a row.
    Limit,
    /// The series ends here although its axis continues.
    Stop,
}

impl Shape {
    /// In the middle of a row, at these values of the horizontal axis.
    pub fn in_row<const N: usize>(self, values: [f64; N]) -> Mark {
        (self, values.map(|value| (value, 0.5)).into())
    }
}

/// All series over one pair of axes, their names in a column at the right edge; without `y` a row for each series, under each
/// other. `notes` say how to read it; `alt` is for readers who cannot see it.
pub fn chart([heading, notes, alt]: [&str; 3], series: &[Series], x: &Axis, y: Option<&Axis>) -> String {
    let mut canvas = Canvas::new(heading, notes);
    let points = series.iter().flat_map(|series| &series.marks).flat_map(|(_, points)| points);
    let (places, heights) = (points.clone().map(|point| point.0), points.map(|point| point.1));
    match y {
        None => rows(&mut canvas, series, x.fitted(places)),
        Some(y) => lines(&mut canvas, series, x.fitted(places), y.fitted(heights)),
    }
    canvas.finish(alt, series)
}

/// A mark's height is from 0 at its row's lower edge to 1 at the upper one.
fn rows(canvas: &mut Canvas, series: &[Series], x: Axis) {
    let indent = |row: &Series| if row.hollow { INDENT } else { 0.0 };
    let widest = |width: &dyn Fn(&Series) -> f64| series.iter().map(width).fold(0.0, f64::max);
    let names = widest(&|row| indent(row) + width(&row.name).max(width(&row.note)));
    let figures = widest(&|row| width(&row.figure)).max(12.0);
    let x = x.drawn(MARGIN + names + 14.0, WIDTH - MARGIN - figures - 14.0);
    let height = |row: &Series| if row.note.is_empty() { ROW.0 } else { ROW.1 };
    let bottom = canvas.top + series.iter().map(height).sum::<f64>() + 4.0;
    frame(canvas, &x, (canvas.top, bottom));
    let mut top = canvas.top + 2.0;
    for row in series {
        let middle = top + height(row) / 2.0;
        let above = if row.note.is_empty() { 0.0 } else { LINE / 2.0 };
        canvas.text(&row.name, (MARGIN + indent(row), middle - above + 5.0), "start", "ink");
        canvas.text(&row.note, (MARGIN + indent(row), middle + above + 4.0), "start", "muted");
        let class = if row.marks.is_empty() { "muted" } else { "ink" };
        canvas.text(&row.figure, (WIDTH - MARGIN, middle + 5.0), "end", class);
        let band = Axis { range: Some((0.0, 1.0)), ..Axis::new(Scale::Zero, "", "") };
        let band = band.drawn(top + height(row) - 5.0, top + 5.0);
        row.marks.iter().for_each(|mark| draw(canvas, row, mark, &x, &band));
        top += height(row);
    }
    below(canvas, &x, bottom);
}

fn lines(canvas: &mut Canvas, series: &[Series], x: Axis, y: Axis) {
    canvas.text(&y.title, (MARGIN, canvas.top + 15.0), "start", "ink");
    let top = canvas.top + LINE + 8.0;
    let bottom = top + (LINE * series.len() as f64).max(260.0);
    let y = y.drawn(bottom, top);
    let ticks = y.ticks(|_, _| 28.0);
    let left = MARGIN + ticks.iter().map(|(_, text)| width(text)).fold(0.0, f64::max) + 8.0;
    let names = series.iter().map(|line| width(&line.name)).fold(0.0, f64::max);
    let right = WIDTH - MARGIN - names - 44.0;
    let x = x.drawn(left + 8.0, right);
    for (place, text) in ticks {
        canvas.path("thin grid", &open([(left, place), (right, place)]));
        canvas.text(&text, (left - 6.0, place + 5.0), "end", "muted");
    }
    frame(canvas, &x, (top, bottom));
    canvas.path("thin muted", &open([(left, top), (left, bottom), (right, bottom)]));
    let end = |line: &Series| {
        let (shape, points) = line.marks.last()?;
        let (point, stub) = (points.last()?, if matches!(shape, Shape::Stop) { STUB + 4.0 } else { 0.0 });
        Some((x.at(point.0) + stub, y.at(point.1)))
    };
    let mut ends: Vec<(Point, &Series)> = series.iter().filter_map(|line| Some((end(line)?, line))).collect();
    ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    let heights = spread(ends.iter().map(|(end, _)| end.1).collect(), (top, bottom));
    for ((end, _), height) in ends.iter().zip(&heights) {
        canvas
            .path("lead muted", &open([(end.0 + 7.0, end.1), (right + 2.0, end.1), (right + 16.0, *height)]));
    }
    for line in series {
        line.marks.iter().for_each(|mark| draw(canvas, line, mark, &x, &y));
    }
    for ((_, line), height) in ends.iter().zip(heights) {
        draw_marker(canvas, line, (right + 24.0, height));
        canvas.text(&line.name, (right + 34.0, height + 5.0), "start", &line.class());
    }
    below(canvas, &x, bottom);
}

/// The grid behind the series.
fn frame(canvas: &mut Canvas, x: &Axis, (top, bottom): (f64, f64)) {
    for (place, _) in x.ticks_beside() {
        canvas.path("thin grid", &open([(place, top), (place, bottom)]));
    }
    if let Some(value) = x.reference {
        canvas.path("line muted", &open([(x.at(value), top), (x.at(value), bottom)]));
    }
}

/// Under the series: ticks and the title of the horizontal axis.
fn below(canvas: &mut Canvas, x: &Axis, bottom: f64) {
    canvas.path("thin muted", &open([(x.start, bottom), (x.end, bottom)]));
    for (place, text) in x.ticks_beside() {
        canvas.text(&text, (place, bottom + 17.0), "middle", "muted");
    }
    let wide = width(&x.title);
    let left = x.start.min(WIDTH - MARGIN - wide);
    canvas.text(&x.title, (left, bottom + 17.0 + LINE), "start", "ink");
    canvas.top = bottom + 17.0 + LINE + 4.0;
}

fn draw(canvas: &mut Canvas, series: &Series, (shape, points): &Mark, x: &Axis, y: &Axis) {
    let places = thinned(points.iter().map(|point| (x.at(point.0), y.at(point.1))));
    let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return };
    let upright = |x: f64, half: f64| open([(x, first.1 - half), (x, first.1 + half)]);
    let bar = || rectangle((first.0, first.1 - BAR), (last.0, last.1 + BAR));
    let (style, path) = match shape {
        Shape::Marker => return places.into_iter().for_each(|place| draw_marker(canvas, series, place)),
        Shape::Dot(radius) => ("fill seam", marker::circle(first, *radius)),
        Shape::Interval => ("line", [open(places), upright(first.0, 6.0), upright(last.0, 6.0)].concat()),
        Shape::Line if series.hollow => ("line dash", open(places)),
        Shape::Line => ("line", open(places)),
        Shape::Area => ("fill", closed(places)),
        Shape::Bar => ("fill", bar()),
        Shape::Outline => ("hollow", bar()),
        Shape::Limit => return canvas.path("line ink", &upright(first.0, 9.0)),
        Shape::Stop => {
            let (x, y) = (first.0 + STUB, first.1);
            canvas.path(&format!("lead {}", series.class()), &open([first, (x, y)]));
            let stroke = |dy: f64| open([(x - 5.0, y - dy), (x + 5.0, y + dy)]);
            ("line", [stroke(5.0), stroke(-5.0)].concat())
        }
    };
    canvas.path(&format!("{style} {}", series.class()), &path);
}

fn draw_marker(canvas: &mut Canvas, series: &Series, place: Point) {
    let Some(model) = &series.model else { return };
    let style = if series.hollow { "hollow" } else { "fill seam" };
    canvas.path(&format!("{style} {}", series.class()), &marker::path(model.marker, place, 10.0));
}

/// Without the points that lie on the one before, but with the last: they are not seen, and would make the file large.
fn thinned(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut points: Vec<Point> = points.collect();
    let last = points.pop();
    points.dedup_by(|point, before| (point.0 - before.0).abs() < 0.5 && (point.1 - before.1).abs() < 0.5);
    points.extend(last);
    points
}

/// Moves heights, in ascending order, to be a line apart: downwards, and up again from the lower end.
fn spread(mut heights: Vec<f64>, (top, bottom): (f64, f64)) -> Vec<f64> {
    let gap = LINE - 1.0;
    let mut free = top;
    for height in &mut heights {
        *height = height.max(free);
        free = *height + gap;
    }
    let mut free = bottom.max(top + gap * heights.len().saturating_sub(1) as f64);
    for height in heights.iter_mut().rev() {
        *height = height.min(free);
        free = *height - gap;
    }
    heights
}
