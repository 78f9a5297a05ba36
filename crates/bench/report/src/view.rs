//! Results as templates see them: a machine has groups, a group has rows, a row has figures.

use bench_data::{
    results::{Group, Results},
    stats::{self, Estimate, Interval, RELEVANT_MS, RELEVANT_RATIO, Verdict},
    workload::Control,
};
use minijinja::{Value, context, value::Serde};

use crate::{
    columns::COLUMNS,
    number::{self, Unit},
    plots::{self, Plot},
    row::{self, Row},
};

pub fn machine(name: &str, results: &Results, plots: &[Plot]) -> Value {
    let groups: Vec<Value> = results.groups.iter().map(|data| group(name, results, data)).collect();
    let keys = results.groups.iter().map(|data| data.workload.key.clone());
    let by_key = Value::from_pairs(keys.zip(groups.clone()));
    let plots = Value::from_pairs(plots.iter().map(|plot| (plot.name.clone(), plot.alt.clone())));
    context! { name, groups, by_key, plots, ..Value::from(Serde(&results.machine)) }
}

fn group(machine: &str, results: &Results, group: &Group) -> Value {
    let folder = format!("{machine}/raw/{}", group.workload.key);
    let rows: Vec<(Row, Value)> =
        Row::in_group(results, group).map(|row| (row, figures(&row, &folder))).collect();
    let select = |wanted: &dyn Fn(&Row) -> bool| -> Vec<Value> {
        rows.iter().filter(|(row, _)| wanted(row)).map(|(_, value)| value.clone()).collect()
    };
    let first = |wanted: &dyn Fn(&Row) -> bool| select(&|row| row.ran() && wanted(row)).into_iter().next();
    let in_rust = |row: &Row| !row.entry.row.python && !row.is_control();
    let baselines = select(&|row| in_rust(row) && row.is_baseline());
    let full = |row: &&(Row, Value)| in_rust(&row.0) && row.0.entry.row.at_once == group.workload.size;
    let walls: Vec<f64> = rows.iter().filter(full).filter_map(|(row, _)| row.figures.wall_median_s).collect();
    let facts = group.facts();
    let reference = group.reference().map_or("", |entry| &entry.row.slug);
    let rounds = || group.sittings.iter().flat_map(|sitting| &sitting.rounds);
    context! {
        machine,
        // The programs in Rust: models, then what they are set against.
        rows => [select(&|row| in_rust(row) && !row.is_baseline()), baselines].concat(),
        all => select(&|row| !row.is_control()),
        python => select(&|row| row.entry.row.python && row.ran()),
        by_slug => Value::from_pairs(rows.iter().map(|(row, value)| (row.entry.row.slug.clone(), value.clone()))),
        by_name => Value::from_pairs(
            rows.iter().flat_map(|(row, value)| [row.way(), row.label()].map(|name| (name, value.clone())))
        ),
        pairs => pairs(group, &rows),
        // All programs with every item in flight take the same time, to within a hundredth.
        alike => walls.len() > 2 && stats::range(&walls).is_some_and(|(low, high)| high < 1.01 * low),
        resolves => resolution(&rows),
        same => first(&|row| row.entry.row.control == Some(Control::Same)),
        planted => first(&|row| row.entry.row.control == Some(Control::Planted)),
        reference => first(&|row| row.is_reference()),
        reference_name => &group.workload.reference,
        page => row::page(group),
        // Measured at once: a workload, or a study of several sizes, faults or networks.
        part => if row::page(group) == group.workload.name { &group.workload.key } else { &group.workload.study },
        condition => row::condition(group),
        wait => format!("{} s", group.workload.latency_s),
        sick_wait => group.workload.fault.as_ref().map(|fault| format!("{} s", fault.wait_s)),
        day => facts.day(),
        last => group.sittings.last().map(|sitting| &sitting.facts.date),
        commit => facts.version_for_people(),
        facts => Value::from(Serde(facts)),
        sittings => group.sittings.len(),
        rejected => group.rejected,
        rounds => group.sittings[0].rounds.iter().filter(|round| round.slug == reference).count(),
        timed => rounds().count(),
        disturbed => rounds().filter(|round| round.disturbed()).count(),
        again => rounds().filter(|round| round.tries > 1 && !round.disturbed()).count(),
        folder,
        ..Value::from(Serde(&group.workload))
    }
}

/// The difference to the reference that a table can show: the median half-width of its intervals, without those of the
/// programs that are far away.
fn resolution(rows: &[(Row, Value)]) -> Option<String> {
    let rows = rows.iter().map(|(row, _)| row).filter(|row| !row.entry.row.python && !row.is_control());
    let (mut percent, mut ms) = (Vec::new(), Vec::new());
    for figures in rows.map(|row| row.figures) {
        let ratio = figures.ratio.filter(|ratio| ratio.estimate < plots::NEAR);
        let half = |ratio: Estimate| ratio.interval.map(|i| 50.0 * (i.high - i.low) / ratio.estimate);
        percent.extend(ratio.and_then(half));
        ms.extend(figures.over_difference_ms.and_then(|more| more.interval).map(|i| (i.high - i.low) / 2.0));
    }
    let percent = stats::median(&percent).map(|value| Unit::Percent.text(value));
    percent.or(stats::median(&ms).map(|value| Unit::Millis.text(value)))
}

fn figures(row: &Row, folder: &str) -> Value {
    let entry = &row.entry.row;
    let columns = || COLUMNS.iter().filter(|column| row.ran() || column.is_name());
    let numbers = columns().filter_map(|column| Some((column.name, column.number(row)?)));
    let texts = columns().filter_map(|column| Some((column.name, column.text(row, true)?)));
    let cells = columns().map(|column| (column.name, column.cell(row)));
    let model = row.group.workload.model(&entry.model);
    let is_variant = entry.at_once == row.group.workload.size && entry.program.contains(' ');
    context! {
        name => entry.bare_name(),
        advice => model.map(|model| if is_variant { &model.advice_all } else { &model.advice }),
        way => row.way(),
        code => format!("`{}`", entry.program),
        label => row.label(),
        ok => row.ran(),
        // A reader of Markdown would take `<N>` in it for a tag.
        status => row.entry.status().replace('<', "&lt;"),
        outcome => row.outcome(),
        is_reference => row.is_reference(),
        reference_name => &row.group.workload.reference,
        differs => row.figures.ratio.and_then(|ratio| ratio.interval).map(|interval| interval.excludes(1.0)),
        bounded => row.is_bounded(),
        baseline => row.is_baseline(),
        plain => !entry.program.contains(' '),
        folder => format!("{folder}/{}", entry.slug),
        texts => Value::from_pairs(texts),
        cells => Value::from_pairs(cells),
        ..context! { ..Value::from_pairs(numbers), ..Value::from(Serde(entry)) }
    }
}

/// Two programs that differ in one thing only, as bench.toml declares.
fn pairs(group: &Group, rows: &[(Row, Value)]) -> Vec<Value> {
    let pair = |(row, to): &(Row, Value)| {
        let difference = row.entry.row.differs.as_ref()?;
        let (other, from) = rows.iter().find(|(row, _)| row.entry.row.program == difference.from)?;
        let confidence = group.workload.confidence(row.entry.row.python);
        let (workload, sitting) = (&group.workload, &group.sittings[0]);
        let estimate = sitting.compare(workload, &row.entry.row, &other.entry.row, confidence)?;
        let (text, band, equal) = match workload.only_waits {
            true => (number::more_ms(estimate), RELEVANT_MS, 0.0),
            false => (number::ratio(estimate), RELEVANT_RATIO, 1.0),
        };
        let verdict = |interval: Interval| {
            let most = (interval.high - equal).abs().max((interval.low - equal).abs());
            let percent = (100.0 * most).ceil();
            let most = if workload.only_waits { format!("{most:.1} ms") } else { format!("{percent} %") };
            match Verdict::of(&interval, &band) {
                Verdict::Unresolved => format!("unresolved, at most {most} either way"),
                verdict => verdict.word().to_owned(),
            }
        };
        Some(context! {
            from,
            to,
            what => &difference.what,
            ratio => text,
            verdict => estimate.interval.map_or("–".to_owned(), verdict),
        })
    };
    rows.iter().filter(|(row, _)| row.ran()).filter_map(pair).collect()
}
