//! A chart with a row for each program: its name, what was measured along an axis, and the figure.

use bench_data::workload::Model;

use super::{
    axis::Axis,
    canvas::{Anchor, Canvas, LINE, MARGIN, WIDTH, width},
};

/// Height of a row.
const ROW: f64 = 24.0;

/// How far Python's rows stand in.
const INDENT: f64 = 12.0;

/// A chart of rows.
pub struct RowChart<'a> {
    /// The rows, from the top.
    pub rows: Vec<Item<'a>>,
    /// What the values lie on.
    pub axis: Axis,
    /// At the left end of the axis: which direction is better.
    pub better: &'a str,
    /// At its right end: what kind of axis it is.
    pub scale: &'a str,
    /// A value that all are compared with.
    pub line: Option<f64>,
}

/// One row.
pub struct Item<'a> {
    /// Name of the program.
    pub name: String,
    /// Whose colour and marker it has.
    pub model: &'a Model,
    /// Hollow, and under the row of the same model.
    pub python: bool,
    /// What is drawn.
    pub marks: Vec<Mark>,
    /// A line from the least to the most.
    pub interval: Option<(f64, f64)>,
    /// The least that the model allows.
    pub limit: Option<f64>,
    /// The figure at the right end, or why there is none.
    pub value: String,
}

/// Something drawn at a value.
#[derive(Clone, Copy)]
pub enum Mark {
    /// The model's marker.
    Marker(f64),
    /// A dot of this radius.
    Dot(f64, f64),
    /// A bar from 0.
    Bar(f64),
}

impl Mark {
    /// Where it lies, or ends.
    pub fn value(&self) -> f64 {
        match *self {
            Mark::Marker(value) | Mark::Dot(value, _) | Mark::Bar(value) => value,
        }
    }
}

impl RowChart<'_> {
    /// Draws it below what is there.
    pub fn draw(&self, canvas: &mut Canvas) {
        let indent = |item: &Item| if item.python { INDENT } else { 0.0 };
        let names = self.rows.iter().map(|item| indent(item) + width(&item.name)).fold(0.0, f64::max);
        let values = self.rows.iter().map(|item| width(&item.value)).fold(0.0, f64::max);
        let (left, right) = (MARGIN + names + 14.0, WIDTH - MARGIN - values - 12.0);
        let axis = self.axis.clone().drawn(left, right);
        let (top, bottom) = (canvas.top, canvas.top + ROW * self.rows.len() as f64 + 4.0);
        for (x, text) in axis.ticks(false) {
            canvas.line(&[(x, top), (x, bottom)], "grid", 1.0, "");
            canvas.text(&text, (x, bottom + 16.0), Anchor::Middle, "muted");
        }
        if let Some(value) = self.line {
            canvas.line(&[(axis.at(value), top), (axis.at(value), bottom)], "muted", 1.5, "");
        }
        for (i, item) in self.rows.iter().enumerate() {
            let y = top + ROW * (i as f64 + 0.5) + 2.0;
            canvas.text(&item.name, (MARGIN + indent(item), y + 5.0), Anchor::Start, "ink");
            let class = if item.marks.is_empty() { "muted" } else { "ink" };
            canvas.text(&item.value, (WIDTH - MARGIN, y + 5.0), Anchor::End, class);
            if let Some(limit) = item.limit {
                let x = axis.at(limit);
                canvas.line(&[(x, y - 9.0), (x, y + 9.0)], "ink", 2.0, "");
            }
            let class = canvas.class(item.model);
            if let Some((low, high)) = item.interval {
                canvas.line(&[(axis.at(low), y), (axis.at(high), y)], &class, 2.5, "");
            }
            for mark in &item.marks {
                match *mark {
                    Mark::Marker(value) => canvas.marker(item.model, (axis.at(value), y), 10.0, item.python),
                    Mark::Dot(value, radius) => canvas.dot(item.model, (axis.at(value), y), radius),
                    Mark::Bar(value) => {
                        canvas.bar((left, y - 7.0), (axis.at(value) - left, 14.0), &class, item.python)
                    }
                }
            }
        }
        canvas.line(&[(left, bottom), (right, bottom)], "muted", 1.0, "");
        canvas.text(self.better, (left, bottom + 16.0 + LINE), Anchor::Start, "ink");
        canvas.text(self.scale, (WIDTH - MARGIN, bottom + 16.0 + LINE), Anchor::End, "muted");
        canvas.top = bottom + 16.0 + LINE + 4.0;
    }
}
