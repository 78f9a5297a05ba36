//! Two machines, or one at two times or commits, side by side. The sitting is the unit: rounds are never pooled.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Result, ensure};
use bench_data::{
    results::{Group, Results},
    stats::{self, CONFIDENCE, Estimate, MIN_SITTINGS},
    workload::Workload,
};
use minijinja::{Value, context, value::Serde};

use crate::{
    columns::{self, sittings},
    functions,
    number::{self, Unit},
    pages,
    row::{self, Row},
};

/// Facts about the time and the sources of a measurement, not about its machine.
const VINTAGE: [&str; 9] =
    ["version", "date", "commit", "changed", "seed", "busy_percent", "busy", "warnings", "sources"];

/// The values of each fact on both sides.
type Facts = BTreeMap<String, [BTreeSet<String>; 2]>;

/// A program on both sides.
struct Both<'a> {
    rows: [Row<'a>; 2],
    ratios: [Vec<f64>; 2],
    /// The divisor of the wall time: a program, or the limit.
    to: String,
}

impl Both<'_> {
    /// `new` ÷ `base`.
    fn change(&self, confidence: f64) -> Option<Estimate> {
        Estimate::between_sittings(&self.ratios[1], &self.ratios[0], confidence)
    }

    fn view(&self, confidence: f64) -> Value {
        let change = self.change(confidence);
        let interval = change.and_then(|change| change.interval);
        let Row { group, entry, .. } = self.rows[0];
        let [base, new] = self.rows.map(|row| row.group.facts());
        let other_sources = !base.same_program(new, &entry.row.slug);
        context! {
            program => &entry.row.program,
            key => &group.workload.key,
            to => &self.to,
            ratios => [several(&self.ratios[0]), several(&self.ratios[1])],
            change => change.map(number::ratio),
            known => interval.is_some(),
            differs => interval.is_some_and(|interval| interval.excludes(1.0)),
            versions => other_sources.then(|| context! {
                page => row::page(group),
                base => base.version_for_people(),
                new => new.version_for_people(),
            }),
            memory => self.rows.map(|row| columns::find("memory").map(|column| column.cell(&row))),
        }
    }
}

/// Markdown that compares `new` with `base`. Workloads of one name must have the same sizes and delays.
pub fn compare(base: &Path, new: &Path) -> Result<String> {
    let results = [pages::read(base)?, pages::read(new)?];
    let results = [&results[0], &results[1]];
    let shared = shared(results)?;
    let sides = [(base, 0), (new, 1)].map(|(path, side)| {
        context! {
            path => path.display().to_string(),
            machine => Value::from(Serde(&results[side].machine)),
            sittings => shared.iter().map(|groups| groups[side].sittings.len()).max().unwrap_or(0),
            only => only_in(results[side], results[1 - side]),
        }
    });
    let mut facts = Facts::new();
    for (side, results) in results.iter().enumerate() {
        add(&mut facts, side, "", toml::Table::try_from(&results.machine)?);
        for groups in &shared {
            add(&mut facts, side, "", toml::Table::try_from(groups[side].facts())?);
        }
    }
    facts.retain(|_, [base, new]| base != new);
    let only =
        |ours: &BTreeSet<_>, theirs| ours.difference(theirs).cloned().collect::<Vec<String>>().join(", ");
    let facts = facts.iter().map(|(name, [base, new])| {
        context! { name, base => only(base, new), new => only(new, base) }
    });
    let variables = context! {
        sides,
        rows => ratios(results)?,
        facts => facts.collect::<Value>(),
        min_sittings => MIN_SITTINGS,
    };
    functions::render(&functions::environment(), "compare", variables)
}

/// All ratios that both machines have; the intervals hold together.
pub fn ratios(results: [&Results; 2]) -> Result<Vec<Value>> {
    let shared = shared(results)?;
    let rows: Vec<Both> = shared.iter().flat_map(|groups| programs(results[0], *groups)).collect();
    let intervals = rows.iter().filter_map(|both| both.change(CONFIDENCE)?.interval);
    let confidence = stats::simultaneous(intervals.count());
    Ok(rows.iter().map(|both| both.view(confidence)).collect())
}

/// The workloads that are on both sides.
fn shared(results: [&Results; 2]) -> Result<Vec<[&Group; 2]>> {
    let mut shared = Vec::new();
    for group in &results[0].groups {
        let Some(other) = find(results[1], group) else { continue };
        let Workload { key, size, latency_s, .. } = &group.workload;
        let (new_size, new_latency_s) = (&other.workload.size, &other.workload.latency_s);
        ensure!(
            (size, latency_s) == (new_size, new_latency_s),
            "different workloads do not compare: {key} has {size} items of {latency_s} s in base and {new_size} of \
             {new_latency_s} s in new"
        );
        shared.push([group, other]);
    }
    Ok(shared)
}

fn find<'a>(results: &'a Results, group: &Group) -> Option<&'a Group> {
    results.groups.iter().find(|other| other.workload.key == group.workload.key)
}

/// The programs that have figures on both sides. No controls: they are about the method.
fn programs<'a>(results: &'a Results, [base, new]: [&'a Group; 2]) -> Vec<Both<'a>> {
    let both = |row: Row<'a>| {
        let twin = row.twin(new).filter(Row::ran)?;
        let reference = &base.workload.reference;
        let alike = *reference == new.workload.reference && row.entry.row.at_once == twin.entry.row.at_once;
        let ratios = [&row, &twin].map(|row| sittings(row, |figures| Some(figures.ratio?.estimate)));
        let (ratios, to) = if alike && ratios.iter().all(|ratios| !ratios.is_empty()) {
            (ratios, format!("`{reference}`"))
        } else {
            // The reference itself, rows that ran once, and a pool that is as large as its machine.
            ([&row, &twin].map(|row| sittings(row, |figures| figures.over_limit())), "its limit".to_owned())
        };
        Some(Both { rows: [row, twin], ratios, to })
    };
    let rows = Row::in_group(results, base).filter(|row| !row.is_control() && row.ran());
    rows.filter_map(both).collect()
}

/// The median of the sittings, and their range where there are several.
fn several(ratios: &[f64]) -> Option<String> {
    let median = Unit::Ratio.digits(stats::median(ratios)?);
    let (low, high) = stats::range(ratios)?;
    Some(match ratios.len() {
        1 => median,
        _ => format!("{median} ({}–{})", Unit::Ratio.digits(low), Unit::Ratio.digits(high)),
    })
}

/// Parts and programs that only `ours` has figures for.
fn only_in(ours: &Results, theirs: &Results) -> Vec<String> {
    let part = |group: &Group| {
        let key = &group.workload.key;
        let Some(other) = find(theirs, group) else { return Some(format!("all of {key}")) };
        let missing = |row: &Row| !row.twin(other).is_some_and(|twin| twin.ran());
        let rows = Row::in_group(ours, group).filter(|row| row.ran() && missing(row));
        let rows: Vec<String> = rows.map(|row| format!("`{}`", row.entry.row.program)).collect();
        (!rows.is_empty()).then(|| format!("{} of {key}", rows.join(", ")))
    };
    ours.groups.iter().filter_map(part).collect()
}

/// The fields of a table within a record have the name of both.
fn add(facts: &mut Facts, side: usize, prefix: &str, record: toml::Table) {
    for (field, value) in record {
        let name = format!("{prefix}{field}");
        let values = match value {
            _ if VINTAGE.contains(&field.as_str()) => continue,
            toml::Value::Table(table) => {
                add(facts, side, &format!("{} ", name.trim_end_matches('s')), table);
                continue;
            }
            toml::Value::String(text) => text.split(", ").map(str::to_owned).collect(),
            value => vec![value.to_string()],
        };
        facts.entry(name).or_default()[side].extend(values);
    }
}
