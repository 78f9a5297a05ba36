//! One figure in a sentence.

use anyhow::{Context, Result, bail, ensure};
use bench_data::{
    files,
    results::{Entry, Group, Results},
    rounds,
    stats::Ratio,
};

use crate::{
    format::{self, fixed, mib, three, wall, whole},
    markers::machines::{Machines, machine},
};

/// `MACHINE KEY SLUG FIELD`: `intel… db db-tokio wall`. For the fields see [`text`].
///
/// # Errors
/// Nothing of that name, or nothing measured.
pub fn one(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder, key, slug, field] = arguments else { bail!("it takes MACHINE KEY PROGRAM FIELD") };
    let results: &Results = machine(folder, machines)?;
    let group = group(results, key)?;
    let entry = entry(group, slug)?;
    let text = text(results, group, entry, field)?;
    text.with_context(|| {
        format!("{field} of {slug} in {folder}/raw/{key} was not measured: {}", entry.figures.status)
    })
}

/// Where a machine has no figures of a program.
const MISSING: &str = "(not measured)";

/// `MACHINE KEY SLUG SLUG`: the wall time of one program ÷ that of another, in the rounds that both have.
///
/// # Errors
/// Nothing of that name.
pub fn ratio(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder, key, own, other] = arguments else { bail!("it takes MACHINE KEY PROGRAM PROGRAM") };
    let group = group(machine(folder, machines)?, key)?;
    let (own_s, other_s): (Vec<f64>, Vec<f64>) =
        rounds::pairs(&group.sittings[0].rounds, own, other).into_iter().unzip();
    Ok(Ratio::paired(&own_s, &other_s).map_or(MISSING.to_owned(), |ratio| {
        format::ratio(ratio.estimate, ratio.interval.map(|interval| (interval.low, interval.high)))
    }))
}

/// `MACHINE KEY SLUG SLUG`: CPU time that one program takes more than another, for each context switch more.
///
/// # Errors
/// Nothing of that name, or the first has not more of both.
pub fn per_switch(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder, key, own, other] = arguments else { bail!("it takes MACHINE KEY PROGRAM PROGRAM") };
    let group = group(machine(folder, machines)?, key)?;
    let of = |slug: &str| {
        let figures = &entry(group, slug)?.figures;
        anyhow::Ok(figures.cpu_s().zip(figures.switches()))
    };
    let Some(((own_s, own_switches), (other_s, other_switches))) = of(own)?.zip(of(other)?) else {
        return Ok(MISSING.to_owned());
    };
    ensure!(
        own_s > other_s && own_switches > other_switches,
        "{own} takes no more CPU time and switches than {other}"
    );
    let micros = (own_s - other_s) * 1e6 / (own_switches - other_switches) as f64;
    Ok(format!("{} µs", three(micros)))
}

/// A folder in `raw`.
///
/// # Errors
/// It is not there.
pub fn group<'a>(results: &'a Results, key: &str) -> Result<&'a Group> {
    let mut groups = results.groups.iter();
    groups.find(|group| group.workload.key == key).with_context(|| format!("there is no raw/{key}"))
}

fn entry<'a>(group: &'a Group, slug: &str) -> Result<&'a Entry> {
    let entry = group.entries.iter().find(|entry| entry.row.slug == slug);
    entry.with_context(|| format!("there is no raw/{}/{slug}", group.workload.key))
}

/// What a figure of this field is called.
pub fn label(group: &Group, field: &str) -> String {
    let label = match field {
        "ratio" => return format!("÷ {} [95 %]", format::code(&group.workload.reference)),
        "calls" => "system calls per item",
        "switches" => "context switches",
        "switches-each" => "context switches per item",
        "cpu" => "CPU time",
        "cpu-each" => "CPU time per item",
        "kept" => "kept per waiting item",
        "rss" => "max RSS",
        "pss" => "PSS of the tree",
        "half" => "half of the healthy answered after",
        "most" => "99 % of the healthy answered after",
        "start" => "of it start and imports",
        "in_flight" => "peak in flight",
        "round_trips" => "round trips per item",
        field => field,
    };
    label.to_owned()
}

/// A figure as people read it, with its unit; nothing where it was not measured. A field is one of those below, or a
/// column of measurements.csv.
///
/// # Errors
/// No such field.
pub fn text(results: &Results, group: &Group, entry: &Entry, field: &str) -> Result<Option<String>> {
    let figures = &entry.figures;
    let seconds = |value: Option<f64>| value.map(|value| format!("{} s", wall(Some(value))));
    let mebibytes = |kib: Option<u64>| kib.map(|kib| format!("{} MiB", mib(Some(kib))));
    let each = |value: f64| value / group.workload.size as f64;
    Ok(match field {
        "wall" => seconds(figures.wall_median_s),
        "memory" => mebibytes(figures.memory_kib()),
        "cpu" => figures.cpu_s().map(|seconds| format!("{} s", three(seconds))),
        "cpu-each" => figures.cpu_s().map(|seconds| format!("{:.0} µs", each(seconds * 1e6))),
        "switches" => figures.switches().map(|all| whole(Some(all))),
        "switches-each" => figures.switches().map(|all| fixed(Some(each(all as f64)), 2)),
        "calls" => figures.syscalls.map(|all| fixed(Some(each(all as f64)), 1)),
        "kept" => kept(results, group, entry).map(|kib| format!("{kib:.1} KiB")),
        "ratio" if entry.row.program == group.workload.reference => Some("reference".to_owned()),
        "ratio" => figures.ratio.map(|ratio| format::ratio(ratio, figures.ratio_low.zip(figures.ratio_high))),
        "rss" => mebibytes(figures.max_rss_kib),
        "pss" => mebibytes(figures.tree_pss_kib),
        "half" => seconds(figures.half_s),
        "most" => seconds(figures.most_s),
        "start" => seconds(figures.start_s),
        "round_trips" => figures.round_trips.map(|trips| format!("{trips:.0}")),
        column => value(&files::to_csv([figures])?, column)?,
    })
}

/// KiB for each item more in flight than with the fewest items of the study.
fn kept(results: &Results, group: &Group, entry: &Entry) -> Option<f64> {
    let same = |other: &&Group| other.workload.name == group.workload.name;
    let least = results.study(&group.workload.study).filter(same).min_by_key(|other| other.workload.size)?;
    let name = |group: &Group, entry: &Entry| {
        let size = format!(" {}", group.workload.size);
        entry
            .row
            .program
            .strip_suffix(&size)
            .map_or(entry.row.program.clone(), |program| format!("{program} N"))
    };
    let first = least.entries.iter().find(|other| name(least, other) == name(group, entry))?;
    let (first, last) = (&first.figures, &entry.figures);
    let items = last.in_flight?.checked_sub(first.in_flight?).filter(|items| *items > 0)?;
    Some((last.memory_kib()? as f64 - first.memory_kib()? as f64) / items as f64)
}

/// A column of a table with one row; nothing where it is empty.
fn value(csv: &str, column: &str) -> Result<Option<String>> {
    let mut lines = csv.lines().map(|line| line.split(','));
    let (Some(mut head), Some(mut row)) = (lines.next(), lines.next()) else { return Ok(None) };
    let place =
        head.position(|name| name == column).with_context(|| format!("no figure is called {column:?}"))?;
    Ok(row.nth(place).filter(|value| !value.is_empty()).map(str::to_owned))
}
