//! The table that answers the question of the README: one row for each way of waiting.

use std::{collections::BTreeMap, sync::LazyLock};

use anyhow::{Context, Result, bail};
use bench_data::results::{Entry, Group};

use crate::{
    format::wall,
    markdown::Table,
    markers::machines::{Machines, machine},
    pages::{self, memory_text},
};

/// The workload that has all ways of waiting.
const WORKLOAD: &str = "db";

/// When to take each way of waiting.
static ADVICE: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(include_str!("../../advice.toml")).expect("the unit test reads it"));

/// `MACHINE`: the table.
///
/// # Errors
/// No such results, or a way of waiting without advice.
pub fn table(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder] = arguments else { bail!("it takes MACHINE") };
    let results = machine(folder, machines)?;
    let group = results.groups.iter().find(|group| group.workload.key == WORKLOAD);
    let group = group.with_context(|| format!("{folder} has no raw/{WORKLOAD}"))?;
    let hosts = format!("{} hosts", group.workload.size);
    let mut table = Table::words(["way of waiting", &hosts, "take it when"]);
    for (name, entry) in ways(group) {
        let when = ADVICE.get(&name).with_context(|| format!("advice.toml has no {name:?}"))?;
        let folder = format!("crates/{WORKLOAD}/{}", entry.row.bare_name());
        let cost = match entry.figures.is_ok() {
            // A unit stays with its number, so that the columns are narrow on a phone.
            true => format!("{} s, {}", wall(entry.figures.wall_median_s), memory_text(entry))
                .replace(" s", "\u{a0}s")
                .replace(" MiB", "\u{a0}MiB"),
            false => entry.figures.outcome().to_owned(),
        };
        table.row([format!("[{name}]({folder}/src/main.rs)"), cost, when.clone()]);
    }
    Ok(format!(
        "{table}\nMedians on {}, measured {}; [intervals, plots and all other figures](results/{folder}/README.md).\n",
        pages::machine_title(&results.machine),
        group.facts().day(),
    ))
}

/// The first program of each model, and the pool with as many threads as items.
fn ways(group: &Group) -> Vec<(String, &Entry)> {
    let mut ways: Vec<(String, &Entry)> = Vec::new();
    let programs = group.entries.iter().filter(|entry| !entry.row.python && entry.row.control.is_none());
    for entry in programs.filter(|entry| !group.workload.is_baseline(&entry.row)) {
        let name = match entry.row.program.contains(' ') {
            true => format!("{}, all at once", entry.row.model),
            false => entry.row.model.clone(),
        };
        if !ways.iter().any(|(known, _)| *known == name) {
            ways.push((name, entry));
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bench_data::matrix::Matrix;

    use super::ADVICE;

    #[test]
    fn every_model_has_advice() {
        let matrix = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml");
        for model in Matrix::read(Path::new(matrix)).unwrap().models.iter().filter(|model| !model.baseline) {
            assert!(ADVICE.contains_key(&model.name), "{}", model.name);
        }
    }
}
