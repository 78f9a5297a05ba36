//! The plots of a workload's page: time, ratios to the reference, memory.

use bench_data::{
    measurement::Measurement,
    results::{Entry, Group},
};

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Canvas, Plot},
    in_flight::in_flight,
    over_time::memory_over_time,
    rows::{Item, Mark, RowChart},
    text,
};

/// Fewer items than this make bars that are all alike: a table says it.
const FEW: u64 = 10;

/// Programs this many times slower than the reference lie beyond the plot of ratios.
const NEAR: f64 = 1.6;

/// All plots of one workload, in the order of its page.
pub fn workload(group: &Group) -> Vec<Plot> {
    let many = group.workload.size >= FEW;
    let wall = many.then(|| wall(group)).flatten();
    let ratio = many.then(|| ratio(group)).flatten();
    [wall, ratio, memory(group), in_flight(group), memory_over_time(group)].into_iter().flatten().collect()
}

/// Programs in the order of the table, those in Python under their Rust twins; no controls.
fn entries(group: &Group) -> Vec<&Entry> {
    let (python, mut rows): (Vec<&Entry>, Vec<&Entry>) =
        group.entries.iter().filter(|entry| entry.row.control.is_none()).partition(|entry| entry.row.python);
    for entry in python {
        let twin =
            |other: &&Entry| other.row.model == entry.row.model && other.row.at_once == entry.row.at_once;
        let twin = rows.iter().position(|other| !other.row.python && twin(other));
        let after = twin.map(|at| at + 1 + rows[at + 1..].iter().take_while(|row| row.row.python).count());
        rows.insert(after.unwrap_or(rows.len()), entry);
    }
    rows
}

/// The row of a program; its figure is drawn by `marks`, and said.
fn item<'a>(
    group: &'a Group,
    entry: &'a Entry,
    value: Option<f64>,
    said: fn(f64) -> String,
) -> Option<Item<'a>> {
    Some(Item {
        name: text::name(&entry.row),
        model: group.workload.model(&entry.row.model)?,
        python: entry.row.python,
        marks: value.map(Mark::Marker).into_iter().collect(),
        interval: None,
        limit: None,
        value: value.map_or(entry.figures.outcome().to_owned(), said),
    })
}

/// Median wall time of each program, with its range and its limit.
fn wall(group: &Group) -> Option<Plot> {
    let workload = &group.workload;
    let rows = entries(group).into_iter().filter_map(|entry| {
        let figures = &entry.figures;
        let range = figures.wall_min_s.zip(figures.wall_max_s).filter(|_| figures.runs > Some(1));
        let limit = figures.limit_s.filter(|_| figures.is_ok());
        let item = item(group, entry, figures.wall_median_s, text::seconds)?;
        Some(Item { interval: range, limit, ..item })
    });
    let rows: Vec<Item> = rows.collect();
    let limited = rows.iter().any(|row| row.limit.is_some());
    let mut notes = vec!["Marker: median. Line: least to most."];
    notes.extend(limited.then_some("Upright stroke: the limit, which is the least that the model allows."));
    plot(group, &format!("{}: wall time", workload.title), "wall", notes, rows, |values| RowChart {
        rows: Vec::new(),
        axis: Axis::log(values, Unit::Seconds),
        better: "← faster",
        scale: "log scale",
        line: None,
    })
}

/// Wall time ÷ the reference's, with its 95 % interval, of the programs that are near it.
fn ratio(group: &Group) -> Option<Plot> {
    let reference = group.reference()?;
    let near = |figures: &Measurement| figures.ratio.is_some_and(|ratio| ratio < NEAR);
    let rows = entries(group).into_iter().filter_map(|entry| {
        let figures = &entry.figures;
        if entry.row.program == reference.row.program {
            return item(group, entry, Some(1.0), text::plain);
        }
        let interval = figures.ratio_low.zip(figures.ratio_high);
        let item = item(group, entry, figures.ratio, text::ratio)?;
        (near(figures) && interval.is_some()).then_some(Item { interval, ..item })
    });
    let rows: Vec<Item> = rows.collect();
    if rows.len() < 2 {
        return None;
    }
    let name = text::name(&reference.row);
    let left_out = format!("Left out: what is more than {NEAR} times as slow.");
    let notes = vec!["Line: 95 % interval.", &left_out];
    plot(
        group,
        &format!("{}: wall time ÷ that of {name}", group.workload.title),
        "ratio",
        notes,
        rows,
        |values| RowChart {
            rows: Vec::new(),
            axis: Axis::around(values.chain([1.0]), Unit::Number),
            better: "← faster",
            scale: "",
            line: Some(1.0),
        },
    )
}

/// Peak memory of each program, with its range.
fn memory(group: &Group) -> Option<Plot> {
    let rows = entries(group).into_iter().filter_map(|entry| {
        let figures = &entry.figures;
        let mib = |kib: u64| kib as f64 / 1024.0;
        let range = match figures.processes {
            Some(processes) if processes > 1 => figures.tree_pss_min_kib.zip(figures.tree_pss_max_kib),
            _ => figures.max_rss_min_kib.zip(figures.max_rss_max_kib),
        };
        let range = range.map(|(least, most)| (mib(least), mib(most))).filter(|_| figures.observed > Some(1));
        let item = item(group, entry, figures.memory_kib().map(mib), text::mib)?;
        Some(Item { interval: range, ..item })
    });
    let notes = vec!["One process: its resident set; several: their PSS. Line: least to most."];
    plot(
        group,
        &format!("{}: peak memory", group.workload.title),
        "memory",
        notes,
        rows.collect(),
        |values| RowChart {
            rows: Vec::new(),
            axis: Axis::log(values, Unit::Mib),
            better: "← less",
            scale: "log scale",
            line: None,
        },
    )
}

/// Draws rows on the chart that is made for all their values, where two programs at least have figures.
fn plot<'a>(
    group: &Group,
    heading: &str,
    what: &str,
    mut notes: Vec<&str>,
    rows: Vec<Item<'a>>,
    chart: impl FnOnce(Box<dyn Iterator<Item = f64> + '_>) -> RowChart<'a>,
) -> Option<Plot> {
    let drawn = rows.iter().filter(|row| !row.marks.is_empty()).count();
    if drawn < 2 {
        return None;
    }
    if rows.iter().any(|row| row.python) {
        notes.push("Hollow: Python.");
    }
    let values = rows.iter().flat_map(|row| {
        let marks = row.marks.iter().map(|mark| mark.value());
        marks.chain(row.interval.iter().flat_map(|(low, high)| [*low, *high])).chain(row.limit)
    });
    let chart = chart(Box::new(values));
    let said: Vec<String> = rows
        .iter()
        .map(|row| {
            let interval = row.interval.filter(|_| what == "ratio");
            let interval =
                interval.map(|(low, high)| format!(" [{}, {}]", text::ratio(low), text::ratio(high)));
            let limit = row.limit.map(|limit| format!(" (limit {})", text::seconds_plain(limit)));
            format!("{} {}{}{}", row.name, row.value, interval.unwrap_or_default(), limit.unwrap_or_default())
        })
        .collect();
    let said = list(&said);
    let mut canvas = Canvas::new(heading, &notes);
    RowChart { rows, ..chart }.draw(&mut canvas);
    Some(canvas.finish(format!("{}-{what}", group.workload.key), format!("{heading}: {said}.")))
}
