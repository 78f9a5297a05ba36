//! The pictures of a results directory, each as one call of [`chart`].

mod time;

use std::sync::Arc;

use crate::{
    chart::{Axis, Mark, Point, Series, Shape, Text, chart},
    columns::{self, Figure},
    folder::{Folder, Group, Row},
};

pub struct Plot {
    /// Name of its file without `.svg`: `db-wall`.
    pub name: String,
    pub svg: String,
    /// What is seen on it, in one sentence.
    pub alt: String,
}

/// Fewer items than this make rows that are all alike: a table says it.
const FEW: u64 = 10;
/// Programs this many times slower than the reference lie beyond the picture of ratios.
const NEAR: f64 = 1.6;

pub fn all(folder: &Arc<Folder>) -> Vec<Plot> {
    let groups = folder.groups();
    let study = |name: &str| -> Vec<Group> {
        groups.iter().filter(|group| group.data().workload.study == name).cloned().collect()
    };
    let same_workload = |a: &Group, b: &Group| a.data().workload.name == b.data().workload.name;
    let mut plots: Vec<Plot> = study("bench").iter().find_map(overview).into_iter().collect();
    for group in ["bench", "mariadb", "own"].into_iter().flat_map(study) {
        plots.extend([wall(&group), ratio(&group), memory(&group)].into_iter().flatten());
        plots.extend([time::in_flight(&group), time::memory(&group)].into_iter().flatten());
    }
    for sizes in study("scale").chunk_by(same_workload) {
        plots.extend(["wall", "memory", "cpu-each"].iter().filter_map(|column| growth(sizes, column)));
        plots.extend(["wall", "memory"].iter().filter_map(|column| bound(sizes, column)));
    }
    plots.extend(study("faults").iter().filter_map(faults));
    plots.extend(study("network").chunk_by(same_workload).filter_map(round_trips));
    plots.extend(study("timeline").iter().flat_map(time::timelines));
    plots
}

fn overview(group: &Group) -> Option<Plot> {
    let workload = &group.data().workload;
    let rows: Vec<Row> = group.rows().filter(|row| ok(row) && workload.name == "db").collect();
    let point = |row: &Row| {
        let marks = vec![Mark::Marker((value(row, "wall")?, value(row, "memory")?))];
        Some(Series { marks, ..series(row)? })
    };
    let limit = workload.limited.then_some(workload.latency_s);
    let shape = Shape::Lines { x: axis("wall", "←").reference(limit), y: axis("memory", "↓") };
    let notes = if limit.is_some() { "Upright line: the limit, which is the wait of one query." } else { "" };
    let heading = format!("{} databases that each take {} s", workload.size, workload.latency_s);
    let said = format!("wall time against memory, {}", ends(rows.iter(), "wall"));
    plot("overview", &heading, notes, &said, &rows.iter().filter_map(point).collect::<Vec<_>>(), &shape)
}

fn wall(group: &Group) -> Option<Plot> {
    let notes = "Marker: median; line: lowest to highest; upright stroke: the limit, which is the lowest that the \
                 model allows.";
    let rows = programs(group, |_| group.data().workload.size >= FEW);
    rows_of(group, &rows, ["wall", "wall", "wall time", notes], axis("wall", "←"), |row| {
        let figures = row.figures();
        let range = figures.wall_min_s.zip(figures.wall_max_s).filter(|_| figures.runs > Some(1));
        let range = range.map(|(low, high)| Mark::Line(vec![(low, 0.5), (high, 0.5)]));
        let limit = figures.limit_s.map(Mark::Limit);
        Some(limit.into_iter().chain(range).chain([marker(value(row, "wall")?)]).collect())
    })
}

/// Wall time ÷ that of the reference, of the programs that are near it.
fn ratio(group: &Group) -> Option<Plot> {
    let reference = group.rows().find(|row| row.is_reference() && ok(row))?;
    let near = |row: &Row| row.is_reference() || row.figures().ratio.is_some_and(|ratio| ratio < NEAR);
    let rows = programs(group, |row| near(row) && group.data().workload.size >= FEW);
    let notes = format!("Line: 95 % interval. Left out: programs that take more than {NEAR} times as long.");
    let heading = format!("wall time ÷ that of {}", name(&reference));
    let axis = Axis::around("← better", "").reference(Some(1.0));
    rows_of(group, &rows, ["ratio", "times", &heading, &notes], axis, |row| {
        let figures = row.figures();
        let interval = figures.ratio_interval.map(|i| Mark::Interval((i.low, 0.5), (i.high, 0.5)));
        let ratio = if row.is_reference() { 1.0 } else { figures.ratio? };
        Some(interval.into_iter().chain([marker(ratio)]).collect())
    })
}

fn memory(group: &Group) -> Option<Plot> {
    let notes = "Peak PSS of all processes of a program. Marker: median; line: lowest to highest.";
    let (rows, axis) = (programs(group, |_| true), axis("memory", "←"));
    rows_of(group, &rows, ["memory", "memory", "memory", notes], axis, |row| {
        let range = row.figures().tree_pss_min_kib.zip(row.figures().tree_pss_max_kib);
        let range = range.map(|(low, high)| [low, high].map(|kib| (kib as f64 / 1024.0, 0.5)).to_vec());
        Some(range.map(Mark::Line).into_iter().chain([marker(value(row, "memory")?)]).collect())
    })
}

fn faults(group: &Group) -> Option<Plot> {
    let fault = group.data().workload.fault.as_ref()?;
    let notes =
        "Small dot: half of the healthy items are answered; larger dot: 99 %; marker: the program ends.";
    let (rows, axis) = (programs(group, |_| true), axis("wall", "←"));
    let plot =
        rows_of(group, &rows, ["", "wall", &format!("wall time when {}", fault.title), notes], axis, |row| {
            let (half, most, wall) = (value(row, "half")?, value(row, "most")?, value(row, "wall")?);
            let line = Mark::Line(vec![(half, 0.5), (wall, 0.5)]);
            Some(vec![line, Mark::Dot((half, 0.5), 3.0), Mark::Dot((most, 0.5), 4.5), marker(wall)])
        });
    plot.map(|plot| Plot { name: group.data().workload.key.clone(), ..plot })
}

fn round_trips(groups: &[Group]) -> Option<Plot> {
    let group = groups.last()?;
    let notes = "Bar: as the server counted. Dot: from the growth of the wall time with the network's round-trip time.";
    let (rows, axis) = (programs(group, |_| true), Axis::zero("← better", ""));
    let plot = rows_of(group, &rows, ["", "trips", "round trips per item", notes], axis, |row| {
        let trips = value(row, "trips")?;
        let bar = if row.entry().row.python { Mark::Outline(0.0, trips) } else { Mark::Bar(0.0, trips) };
        let slope = value(row, "slope").map(|slope| Mark::Dot((slope, 0.5), 5.0));
        Some([bar].into_iter().chain(slope).collect())
    });
    plot.map(|plot| Plot { name: format!("network-{}-round-trips", group.data().workload.name), ..plot })
}

/// How a column grows with the number of items.
fn growth(sizes: &[Group], column: &str) -> Option<Plot> {
    let (workload, largest) = (&sizes.first()?.data().workload, sizes.last()?);
    let size = |row: &Row| row.group.data().workload.size;
    let rows: Vec<Row> = sizes.iter().flat_map(Group::rows).filter(|row| !row.is_bounded()).collect();
    let label = |row: &Row| name(row).replace(&format!(" {}", size(row)), " N");
    let lines = lines_of(&rows, label, |row| size(row) as f64, column);
    let notes = "N: as many threads as items. ×: failed, or would have taken too long.";
    let last = largest.data().workload.size;
    let heading = format!("{}, {} to {last} items: {}", workload.name, workload.size, measure(column).0);
    let said = format!("at {last} items {}", ends(rows.iter().filter(|row| size(row) == last), column));
    let shape = Shape::Lines { x: Axis::log("items, log scale", ""), y: axis(column, "↓") };
    let name = format!("scale-{}-{}", workload.name, column.trim_end_matches("-each"));
    plot(&name, &heading, notes, &said, &lines, &shape).filter(|_| sizes.len() > 1)
}

/// A column over the limit on items in flight, at the size at which most limits were measured.
fn bound(sizes: &[Group], column: &str) -> Option<Plot> {
    let measured = |group: &Group| group.rows().filter(|row| row.is_bounded() && ok(row)).count();
    let group = sizes.iter().max_by_key(|group| (measured(group), group.data().workload.size))?;
    let program = |row: &Row| row.entry().row.bare_name().to_owned();
    let bounded: Vec<String> = group.rows().filter(Row::is_bounded).map(|row| program(&row)).collect();
    let rows: Vec<Row> = group.rows().filter(|row| bounded.contains(&program(row))).collect();
    let lines = lines_of(&rows, program, |row| row.entry().row.at_once as f64, column);
    let workload = &group.data().workload;
    let (words, limit) = (measure(column).0, "limit on the items in flight");
    let heading = format!("{}, {} items: {words} by the {limit}", workload.name, workload.size);
    let shape = Shape::Lines { x: Axis::log(&format!("{limit}, log scale"), ""), y: axis(column, "↓") };
    plot(
        &format!("scale-{}-bound-{column}", workload.name),
        &heading,
        "",
        &ends(rows.iter(), column),
        &lines,
        &shape,
    )
}

/// A row for each program with the figure of a column, where two have one. `words`: the picture's name, the column, the
/// heading, the notes.
fn rows_of(
    group: &Group,
    rows: &[Row],
    [what, column, heading, notes]: [&str; 4],
    x: Axis,
    marks: impl Fn(&Row) -> Option<Vec<Mark>>,
) -> Option<Plot> {
    let line = |row: &Row| {
        let figure = columns::find(column)?.text(row, true).unwrap_or(row.outcome());
        Some(Series { figure, marks: marks(row).unwrap_or_default(), ..series(row)? })
    };
    let lines: Vec<Series> = rows.iter().filter_map(line).collect();
    let drawn = lines.iter().filter(|line| !line.marks.is_empty()).count();
    let workload = &group.data().workload;
    let (name, heading) = (format!("{}-{what}", workload.key), format!("{}: {heading}", workload.title));
    plot(&name, &heading, notes, &ends(rows.iter(), column), &lines, &Shape::Rows { x }).filter(|_| drawn > 1)
}

/// A line for each label through its rows, with a mark where it stops before others.
fn lines_of(
    rows: &[Row],
    label: impl Fn(&Row) -> String,
    x: impl Fn(&Row) -> f64,
    column: &str,
) -> Vec<Series> {
    let last = rows.iter().map(&x).fold(0.0, f64::max);
    let mut names: Vec<String> = rows.iter().map(&label).collect();
    names.sort();
    names.dedup();
    let line = |name: String| {
        let rows: Vec<&Row> = rows.iter().filter(|row| label(row) == name).collect();
        let point = |row: &&Row| Some((x(row), value(row, column).filter(|value| *value > 0.0)?));
        let mut points: Vec<Point> = rows.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let stop = points.last().filter(|end| end.0 < last).copied().map(Mark::Stop);
        let markers: Vec<Mark> = points.iter().copied().map(Mark::Marker).chain(stop).collect();
        let marks = [vec![Mark::Line(points)], markers].concat();
        (marks.len() > 1).then_some(Series { name, marks, ..series(rows.first()?)? })
    };
    names.into_iter().filter_map(line).collect()
}

fn plot(name: &str, heading: &str, notes: &str, said: &str, lines: &[Series], shape: &Shape) -> Option<Plot> {
    let python = lines.iter().any(|line| line.hollow);
    let notes = format!("{notes}{}", if python { " Hollow: Python." } else { "" });
    let alt = format!("{heading}, {said}.");
    let svg = chart(&Text { heading, notes, alt: &alt }, lines, shape);
    (!lines.is_empty()).then_some(Plot { name: name.to_owned(), svg, alt })
}

/// The lowest and the highest figure of a column, and whose they are.
fn ends<'a>(rows: impl Iterator<Item = &'a Row>, column: &str) -> String {
    let mut rows: Vec<(f64, &Row)> = rows.filter_map(|row| Some((value(row, column)?, row))).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let said =
        |(_, row): &(f64, &Row)| Some(format!("{} ({})", columns::find(column)?.text(row, true)?, name(row)));
    match (rows.first().and_then(said), rows.last().and_then(said)) {
        (Some(low), Some(high)) if low != high => format!("from {low} to {high}"),
        (low, _) => low.unwrap_or_default(),
    }
}

/// What a column measures, in words, and its unit.
fn measure(column: &str) -> (&'static str, &'static str) {
    match column {
        "memory" => ("memory", " MiB"),
        "cpu-each" => ("CPU time per item", " µs"),
        _ => ("wall time", " s"),
    }
}

/// The axis of a column, the same in every picture; the arrow shows where it is better.
fn axis(column: &str, arrow: &str) -> Axis {
    let (words, unit) = measure(column);
    Axis::log(&format!("{words}, log scale   {arrow} better"), unit)
}

fn marker(value: f64) -> Mark {
    Mark::Marker((value, 0.5))
}

fn value(row: &Row, column: &str) -> Option<f64> {
    match (columns::find(column)?.value)(row).filter(|_| ok(row))? {
        Figure::Number(value) | Figure::Ratio(value, _) => Some(value),
        Figure::Text(_) => None,
    }
}

fn ok(row: &Row) -> bool {
    row.figures().is_ok() && row.entry().row.control.is_none()
}

fn series(row: &Row) -> Option<Series> {
    let model = row.group.data().workload.model(&row.entry().row.model)?;
    let (name, hollow) = (name(row), row.entry().row.python);
    Some(Series { name, hollow, model: Some(model.clone()), ..Series::default() })
}

/// Programs in the order of the table, those in Python under their Rust twins; no controls.
fn programs(group: &Group, drawn: impl Fn(&Row) -> bool) -> Vec<Row> {
    let rows = group.rows().filter(|row| row.entry().row.control.is_none() && drawn(row));
    let (python, mut rows): (Vec<Row>, Vec<Row>) = rows.partition(|row| row.entry().row.python);
    for row in python {
        let kind = |row: &Row| (row.entry().row.model.clone(), row.entry().row.at_once);
        let twin = rows.iter().rposition(|other| kind(other) == kind(&row));
        rows.insert(twin.map_or(rows.len(), |twin| twin + 1), row);
    }
    rows
}

/// `tokio`, `threaded 500` where the program has more than its model's default; of Python `asyncio.py uvloop`.
fn name(row: &Row) -> String {
    let row = &row.entry().row;
    let words = row.program.split(' ').skip(1).filter(|word| *word != "--concurrency");
    let words: Vec<&str> = words.map(|word| word.trim_start_matches('-')).collect();
    let suffix = if row.python { ".py" } else { "" };
    format!("{}{suffix} {}", row.bare_name(), words.join(" ")).trim_end().to_owned()
}
