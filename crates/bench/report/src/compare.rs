//! Two machines, or one at two times or commits, side by side. The sitting is the unit: rounds are never pooled.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Result, ensure};
use bench_data::stats::{self, CONFIDENCE, Estimate, MIN_SITTINGS};
use minijinja::{Value, context};
use serde::Serialize;

use crate::{
    columns,
    folder::{Folder, Group, Row},
    functions,
    number::{self, Unit},
};

/// Facts that say when and from what something was measured, not on what.
const VINTAGE: [&str; 8] =
    ["version", "date", "commit", "changed", "seed", "busy_percent", "busy", "warnings"];

/// A program on both sides.
struct Both {
    base: Row,
    new: Row,
    ratios: [Vec<f64>; 2],
    /// The program or limit that the wall time is divided by.
    to: String,
}

impl Both {
    /// `new` ÷ `base`.
    fn change(&self, confidence: f64) -> Option<Estimate> {
        Estimate::between_sittings_at(&self.ratios[1], &self.ratios[0], confidence)
    }
}

/// Markdown that compares `new` with `base`.
///
/// # Errors
/// Unusable results, or workloads of the same name with other sizes or latencies.
pub fn compare(base: &Path, new: &Path) -> Result<String> {
    let folders = [Folder::read(base)?, Folder::read(new)?];
    let groups: Vec<[Group; 2]> = folders[0]
        .groups()
        .into_iter()
        .filter_map(|group| folders[1].group(&group.data().workload.key).map(|other| [group, other]))
        .collect();
    for [base, new] in &groups {
        let [a, b] = [&base.data().workload, &new.data().workload];
        ensure!(
            (a.size, a.latency_s) == (b.size, b.latency_s),
            "different workloads do not compare: {} has {} items of {} s in base and {} of {} s in new",
            a.key,
            a.size,
            a.latency_s,
            b.size,
            b.latency_s
        );
    }
    let rows: Vec<Both> = groups.iter().flat_map(|[base, new]| both(base, new)).collect();
    let known =
        rows.iter().filter(|both| both.change(CONFIDENCE).is_some_and(|change| change.interval.is_some()));
    let confidence = stats::simultaneous(known.count());
    let rows: Vec<Value> = rows
        .iter()
        .map(|both| {
            let change = both.change(confidence);
            let interval = change.and_then(|change| change.interval);
            context! {
                program => &both.base.entry().row.program,
                key => &both.base.group.data().workload.key,
                to => &both.to,
                base => several(&both.ratios[0]),
                new => several(&both.ratios[1]),
                change => change.map(|change| number::ratio(change.estimate, interval)),
                known => interval.is_some(),
                differs => interval.is_some_and(|interval| interval.excludes(1.0)),
                memory => [&both.base, &both.new].map(memory),
            }
        })
        .collect();
    let sides = [(base, 0), (new, 1)].map(|(path, side)| {
        let sittings = groups.iter().map(|groups| groups[side].data().sittings.len()).max();
        context! {
            path => path.display().to_string(),
            machine => Value::from_dyn_object(folders[side].clone()),
            sittings => sittings.unwrap_or(0),
            only => only_in(&folders[side], &folders[1 - side]),
        }
    });
    let programs: BTreeMap<[String; 2], Vec<String>> =
        groups.iter().fold(BTreeMap::new(), |mut programs, groups| {
            let versions = [&groups[0], &groups[1]].map(|group| group.data().facts().version_for_people());
            let pages = programs.entry(versions).or_insert_with(Vec::new);
            let page = groups[0].page().to_owned();
            if !pages.contains(&page) {
                pages.push(page);
            }
            programs
        });
    let same = programs.keys().all(|[base, new]| base == new);
    let programs = programs.into_iter().map(|([base, new], pages)| context! { base, new, pages });
    let variables = BTreeMap::from([
        ("sides", Value::from(sides.to_vec())),
        ("rows", Value::from(rows)),
        ("same_programs", Value::from(same)),
        ("programs", programs.collect()),
        ("facts", differing(&groups)?),
        ("min_sittings", Value::from(MIN_SITTINGS)),
    ]);
    functions::render(&functions::environment(), "compare", variables)
}

/// The programs that have figures on both sides. No controls: they are about the method.
fn both(base: &Group, new: &Group) -> Vec<Both> {
    let rows = base.rows().filter(|row| row.entry().row.control.is_none() && row.figures().is_ok());
    let pairs = rows.filter_map(|row| Some((new.same(&row).filter(|other| other.figures().is_ok())?, row)));
    let alike = base.data().workload.reference == new.data().workload.reference;
    pairs
        .map(|(new, base)| {
            let to_reference = [&base, &new].map(|row| columns::sittings(row, |figures| figures.ratio));
            let same_pool = base.entry().row.at_once == new.entry().row.at_once;
            let (ratios, to) =
                match alike && same_pool && to_reference.iter().all(|ratios| !ratios.is_empty()) {
                    true => (to_reference, format!("`{}`", base.group.data().workload.reference)),
                    // The reference itself, rows that ran once, and a pool that is as large as its machine.
                    false => (
                        [&base, &new].map(|row| columns::sittings(row, |figures| figures.over_limit())),
                        "its limit".to_owned(),
                    ),
                };
            Both { base, new, ratios, to }
        })
        .collect()
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

fn memory(row: &Row) -> Option<String> {
    columns::find("memory")?.text(row, false)
}

/// Parts and programs with figures in `ours` alone.
fn only_in(ours: &std::sync::Arc<Folder>, theirs: &std::sync::Arc<Folder>) -> Vec<String> {
    let mut parts = Vec::new();
    for group in ours.groups() {
        let key = &group.data().workload.key;
        let Some(other) = theirs.group(key) else {
            parts.push(format!("all of {key}"));
            continue;
        };
        let alone =
            |row: &Row| row.figures().is_ok() && other.same(row).is_none_or(|other| !other.figures().is_ok());
        let rows = group.rows().filter(alone).map(|row| format!("`{}`", row.entry().row.program));
        let rows: Vec<String> = rows.collect();
        if !rows.is_empty() {
            parts.push(format!("{} of {key}", rows.join(", ")));
        }
    }
    parts
}

/// All values of each fact, by its name.
type Facts = BTreeMap<String, BTreeSet<String>>;

/// Facts of machine and tools that differ: name, values in base alone, values in new alone.
fn differing(groups: &[[Group; 2]]) -> Result<Value> {
    let mut sides = [Facts::new(), Facts::new()];
    for groups in groups {
        for (facts, group) in sides.iter_mut().zip(groups) {
            add(facts, "", &group.folder.results.machine)?;
            add(facts, "", group.data().facts())?;
        }
    }
    let names: BTreeSet<&String> = sides.iter().flat_map(Facts::keys).collect();
    let alone = |name: &String, side: usize| -> Vec<String> {
        let [ours, theirs] = [side, 1 - side].map(|side| sides[side].get(name).cloned().unwrap_or_default());
        ours.difference(&theirs).cloned().collect()
    };
    let rows = names.into_iter().map(|name| (name, alone(name, 0), alone(name, 1)));
    let rows = rows.filter(|(_, base, new)| !base.is_empty() || !new.is_empty());
    Ok(rows
        .map(|(name, base, new)| context! { name, base => base.join(", "), new => new.join(", ") })
        .collect())
}

/// Adds the fields of a record; those of a table within it by the name of both.
fn add(facts: &mut Facts, prefix: &str, record: &impl Serialize) -> Result<()> {
    for (name, value) in toml::Table::try_from(record)? {
        let texts = match value {
            _ if VINTAGE.contains(&name.as_str()) => continue,
            toml::Value::Table(table) => {
                add(facts, &format!("{} ", name.trim_end_matches('s')), &table)?;
                continue;
            }
            toml::Value::String(text) => text.split(", ").map(str::to_owned).collect(),
            value => vec![value.to_string()],
        };
        facts.entry(format!("{prefix}{name}")).or_default().extend(texts);
    }
    Ok(())
}
