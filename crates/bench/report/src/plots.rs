//! The pictures of a results directory, each as one call of [`chart`].

mod time;

use std::collections::BTreeSet;

use bench_data::results::Results;

use crate::{
    chart::{Axis, Mark, Point, Scale, Series, Shape, chart},
    columns,
    row::Row,
};

pub struct Plot {
    /// Name of its file without `.svg`: `db-wall`.
    pub name: String,
    pub svg: String,
    /// Describes it in one sentence.
    pub alt: String,
}

/// Fewer items than this make rows that are all alike: a table says it.
const FEW: u64 = 10;
/// Programs this many times slower than the reference lie beyond the picture of ratios.
pub const NEAR: f64 = 1.6;

/// A group's rows without its controls.
type Rows<'a> = Vec<Row<'a>>;

pub fn all(results: &Results) -> Vec<Plot> {
    let rows = |group| Row::in_group(results, group).filter(|row| !row.is_control()).collect();
    let groups: Vec<Rows> = results.groups.iter().map(rows).filter(|rows: &Rows| !rows.is_empty()).collect();
    let study = |name: &str| -> Vec<Rows> {
        groups.iter().filter(|rows| rows[0].group.workload.study == name).cloned().collect()
    };
    let same_workload = |a: &Rows, b: &Rows| a[0].group.workload.name == b[0].group.workload.name;
    let mut plots: Vec<Plot> = study("bench").iter().find_map(|rows| overview(rows)).into_iter().collect();
    for rows in ["bench", "mariadb", "own"].into_iter().flat_map(study) {
        if rows[0].group.workload.size >= FEW {
            plots.extend([wall(&rows), ratio(&rows), over(&rows)].into_iter().flatten());
        }
        plots.extend([memory(&rows), time::in_flight(&rows), time::memory(&rows)].into_iter().flatten());
    }
    for mut rows in study("shapes").into_iter().take(1) {
        plots.extend(wall(&rows));
        // Each program once, as it is by default; those that take one at a time would be cut off.
        rows.dedup_by_key(|row| row.entry.row.bare_name().to_owned());
        rows.retain(|row| row.entry.row.rounds > 0);
        plots.extend(time::in_flight(&rows));
    }
    for sizes in study("scale").chunk_by(same_workload) {
        plots.extend(["wall", "memory"].iter().filter_map(|column| growth(sizes, column)));
        plots.extend(["wall", "memory"].iter().filter_map(|column| bound(sizes, column)));
    }
    plots.extend(study("faults").iter().filter_map(|rows| faults(rows)));
    plots.extend(study("network").chunk_by(same_workload).filter_map(|routes| round_trips(routes.last()?)));
    plots.extend(study("timeline").iter().flat_map(|rows| time::timelines(rows)));
    plots
}

fn overview(rows: &[Row]) -> Option<Plot> {
    let workload = &rows[0].group.workload;
    let point = |row: &Row| {
        let marks = vec![(Shape::Marker, vec![(value(row, "wall")?, value(row, "memory")?)])];
        Some(Series { marks, ..series(row)? })
    };
    let limit = workload.limited.then_some(workload.latency_s);
    let (x, y) = (Axis { reference: limit, ..axis("wall", "←") }, axis("memory", "↓"));
    let notes = if limit.is_some() { "Upright line: the limit, which is the wait of one query." } else { "" };
    let heading = format!("{} databases that each take {} s", workload.size, workload.latency_s);
    let summary = format!("wall time against memory, {}", range(rows, "wall"));
    let points: Vec<Series> = rows.iter().filter_map(point).collect();
    plot(["overview", &heading, notes, &summary], &points, &x, Some(&y)).filter(|_| workload.name == "db")
}

fn wall(rows: &[Row]) -> Option<Plot> {
    let notes = "Marker: median; line: lowest to highest; upright stroke: the limit, which is the lowest that the \
                 model allows.";
    plot_rows(rows, ["wall", "wall", "wall time", notes], axis("wall", "←"), |row| {
        let figures = row.figures;
        let range = figures.wall_range_s.filter(|_| figures.runs > Some(1));
        let range = range.map(|(low, high)| Shape::Line.in_row([low, high]));
        let limit = figures.limit_s.map(|limit| Shape::Limit.in_row([limit]));
        Some(vec![limit, range, marker(value(row, "wall")?)])
    })
}

/// Wall time ÷ that of the reference, of the programs that are near it.
fn ratio(rows: &[Row]) -> Option<Plot> {
    let reference = rows.iter().find(|row| row.is_reference() && row.ran())?;
    let near = |row: &Row| row.is_reference() || row.figures.ratio.is_some_and(|ratio| ratio.estimate < NEAR);
    let rows: Rows = rows.iter().copied().filter(near).collect();
    let notes = format!("Line: 95 % interval. Left out: programs that take more than {NEAR} times as long.");
    let heading = format!("wall time ÷ that of {}", name(reference));
    let axis = Axis { reference: Some(1.0), ..Axis::new(Scale::Around, "← better", "") };
    plot_rows(&rows, ["ratio", "times", &heading, &notes], axis, |row| {
        let interval = row.figures.ratio.and_then(|ratio| ratio.interval);
        let interval = interval.map(|interval| Shape::Interval.in_row([interval.low, interval.high]));
        let ratio = if row.is_reference() { 1.0 } else { row.figures.ratio?.estimate };
        Some(vec![interval, marker(ratio)])
    })
}

/// Time over the wait, of programs that only wait.
fn over(rows: &[Row]) -> Option<Plot> {
    let axis = Axis::new(Scale::Log, "time over the wait, log scale   ← better", " ms");
    let notes = "Median of rounds at a tenth of the delay.";
    plot_rows(rows, ["over", "over", "time over the wait", notes], axis, |row| {
        Some(vec![marker(value(row, "over")?)])
    })
}

fn memory(rows: &[Row]) -> Option<Plot> {
    let notes = "Peak PSS of all processes of a program. Marker: median; line: lowest to highest.";
    plot_rows(rows, ["memory", "memory", "memory", notes], axis("memory", "←"), |row| {
        let range = row.figures.pss_range_kib;
        let range = range.map(|(low, high)| Shape::Line.in_row([low, high].map(|kib| kib as f64 / 1024.0)));
        Some(vec![range, marker(value(row, "memory")?)])
    })
}

fn faults(rows: &[Row]) -> Option<Plot> {
    let heading = format!("wall time when {}", rows[0].group.workload.fault.as_ref()?.title);
    let notes =
        "Small dot: half of the healthy items are answered; larger dot: 99 %; marker: the program ends.";
    plot_rows(rows, ["", "wall", &heading, notes], axis("wall", "←"), |row| {
        let (half, most, wall) = (value(row, "half")?, value(row, "most")?, value(row, "wall")?);
        let (line, dots) = (Shape::Line.in_row([half, wall]), [(half, 3.0), (most, 4.5)]);
        let [small, large] = dots.map(|(value, radius)| Some(Shape::Dot(radius).in_row([value])));
        Some(vec![Some(line), small, large, marker(wall)])
    })
}

fn round_trips(rows: &[Row]) -> Option<Plot> {
    let notes = "Bar: as the server counted. Dot: from the growth of the wall time with the network's round-trip time.";
    let axis = Axis::new(Scale::Zero, "← better", "");
    let plot = plot_rows(rows, ["", "trips", "round trips per item", notes], axis, |row| {
        let trips = value(row, "trips")?;
        let bar = if row.entry.row.python { Shape::Outline } else { Shape::Bar };
        let slope = value(row, "slope").map(|slope| Shape::Dot(5.0).in_row([slope]));
        Some(vec![Some(bar.in_row([0.0, trips])), slope])
    });
    plot.map(|plot| Plot { name: format!("network-{}-round-trips", rows[0].group.workload.name), ..plot })
}

/// How a column grows with the number of items.
fn growth(sizes: &[Rows], column: &str) -> Option<Plot> {
    let size = |row: &Row| row.group.workload.size;
    let rows: Rows = sizes.iter().flatten().filter(|row| !row.is_bounded()).copied().collect();
    let label = |row: &Row| name(row).replace(&format!(" {}", size(row)), " N");
    let lines = lines(&rows, label, |row| size(row) as f64, column);
    let (first, last) = (&rows.first()?.group.workload, rows.last().map(size)?);
    let heading = format!("{}, {} to {last} items: {}", first.name, first.size, measure(column).0);
    let largest: Rows = rows.iter().filter(|row| size(row) == last).copied().collect();
    let summary = format!("at {last} items {}", range(&largest, column));
    let (x, y) = (Axis::new(Scale::Log, "items, log scale", ""), axis(column, "↓"));
    let notes = "N: as many threads as items. ×: failed, or would have taken too long.";
    let name = format!("scale-{}-{column}", first.name);
    plot([&name, &heading, notes, &summary], &lines, &x, Some(&y)).filter(|_| sizes.len() > 1)
}

/// A column over the limit on items in flight, at the size at which most limits were measured.
fn bound(sizes: &[Rows], column: &str) -> Option<Plot> {
    let measured = |rows: &&Rows| rows.iter().filter(|row| row.is_bounded() && row.ran()).count();
    let rows = sizes.iter().max_by_key(|rows| (measured(rows), rows[0].group.workload.size))?;
    let program = |row: &Row| row.entry.row.bare_name().to_owned();
    let bounded: Vec<String> = rows.iter().filter(|row| row.is_bounded()).map(program).collect();
    let rows: Rows = rows.iter().filter(|row| bounded.contains(&program(row))).copied().collect();
    let lines = lines(&rows, program, |row| row.entry.row.at_once as f64, column);
    let workload = &rows.first()?.group.workload;
    let limit = "limit on the items in flight";
    let heading = format!("{}, {} items: {} by the {limit}", workload.name, workload.size, measure(column).0);
    let (x, y) = (Axis::new(Scale::Log, &format!("{limit}, log scale"), ""), axis(column, "↓"));
    let name = format!("scale-{}-bound-{column}", workload.name);
    plot([&name, &heading, "", &range(&rows, column)], &lines, &x, Some(&y))
}

/// A row for each program with the figure of a column, where two have one: in the order of the table, those in Python under
/// their Rust twins. `what` is the picture's name behind that of the group.
fn plot_rows(
    rows: &[Row],
    [what, column, heading, notes]: [&str; 4],
    x: Axis,
    marks: impl Fn(&Row) -> Option<Vec<Option<Mark>>>,
) -> Option<Plot> {
    let line = |row: &Row| {
        let figure = columns::find(column)?.text(row, true).filter(|_| row.ran());
        let marks = marks(row).into_iter().flatten().flatten().collect();
        Some(Series { figure: figure.unwrap_or_else(|| row.outcome()), marks, ..series(row)? })
    };
    let (python, mut rows): (Rows, Rows) = rows.iter().copied().partition(|row| row.entry.row.python);
    for row in python {
        let kind = |row: &Row| (row.entry.row.model.clone(), row.entry.row.at_once);
        let twin = rows.iter().rposition(|other| kind(other) == kind(&row));
        rows.insert(twin.map_or(rows.len(), |twin| twin + 1), row);
    }
    let lines: Vec<Series> = rows.iter().filter_map(line).collect();
    let workload = &rows.first()?.group.workload;
    let (name, heading) = (format!("{}-{what}", workload.key), format!("{}: {heading}", workload.title));
    let drawn = lines.iter().filter(|line| !line.marks.is_empty()).count();
    plot([name.trim_end_matches('-'), &heading, notes, &range(&rows, column)], &lines, &x, None)
        .filter(|_| drawn > 1)
}

/// A line for each label through its rows, with a mark where it stops before others.
fn lines(rows: &[Row], label: impl Fn(&Row) -> String, x: impl Fn(&Row) -> f64, column: &str) -> Vec<Series> {
    let last = rows.iter().map(&x).fold(0.0, f64::max);
    let labels: BTreeSet<String> = rows.iter().map(&label).collect();
    let line = |name: String| {
        let rows: Vec<&Row> = rows.iter().filter(|row| label(row) == name).collect();
        let point = |row: &&Row| Some((x(row), value(row, column).filter(|value| *value > 0.0)?));
        let mut points: Vec<Point> = rows.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let end = *points.last()?;
        let stop = (end.0 < last).then(|| (Shape::Stop, vec![end]));
        let marks = [(Shape::Line, points.clone()), (Shape::Marker, points)].into_iter().chain(stop);
        Some(Series { name, marks: marks.collect(), ..series(rows.first()?)? })
    };
    labels.into_iter().filter_map(line).collect()
}

fn plot(words: [&str; 4], lines: &[Series], x: &Axis, y: Option<&Axis>) -> Option<Plot> {
    let [name, heading, notes, summary] = words;
    let python = lines.iter().any(|line| line.hollow);
    let notes = format!("{notes}{}", if python { " Hollow: Python." } else { "" });
    let alt = format!("{heading}, {summary}.");
    let svg = chart([heading, &notes, &alt], lines, x, y);
    (!lines.is_empty()).then_some(Plot { name: name.to_owned(), svg, alt })
}

/// The lowest and the highest figure of a column, and whose they are.
fn range(rows: &[Row], column: &str) -> String {
    let mut rows: Vec<(f64, &Row)> = rows.iter().filter_map(|row| Some((value(row, column)?, row))).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let text =
        |(_, row): &(f64, &Row)| Some(format!("{} ({})", columns::find(column)?.text(row, true)?, name(row)));
    match (rows.first().and_then(text), rows.last().and_then(text)) {
        (Some(low), Some(high)) if low != high => format!("from {low} to {high}"),
        (low, _) => low.unwrap_or_default(),
    }
}

/// A column in words, and its unit.
fn measure(column: &str) -> (&'static str, &'static str) {
    if column == "memory" { ("memory", " MiB") } else { ("wall time", " s") }
}

/// The axis of a column, the same in every picture; the arrow shows where it is better.
fn axis(column: &str, arrow: &str) -> Axis {
    let (words, unit) = measure(column);
    Axis::new(Scale::Log, &format!("{words}, log scale   {arrow} better"), unit)
}

fn marker(value: f64) -> Option<Mark> {
    Some(Shape::Marker.in_row([value]))
}

fn value(row: &Row, column: &str) -> Option<f64> {
    columns::find(column)?.number(row).filter(|_| row.ran())
}

fn series(row: &Row) -> Option<Series> {
    let model = row.group.workload.model(&row.entry.row.model)?.clone();
    Some(Series { name: name(row), hollow: row.entry.row.python, model: Some(model), ..Series::default() })
}

/// `tokio`, `threaded 500` where the program has more than its model's default; of Python `asyncio.py uvloop`.
fn name(row: &Row) -> String {
    let row = &row.entry.row;
    let words = row.program.split(' ').skip(1).filter(|word| *word != "--concurrency");
    let words: Vec<&str> = words.map(|word| word.trim_start_matches('-')).collect();
    let suffix = if row.python { ".py" } else { "" };
    format!("{}{suffix} {}", row.bare_name(), words.join(" ")).trim_end().to_owned()
}
