//! `bench.toml`: what is measured, before it is resolved for one machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use toml::{Table, Value, toml};

use crate::{
    files,
    resolve::Place,
    stats,
    workload::{Control, Model, Printed, Server, Vary, Workload},
};

pub use crate::programs::Program;

/// Study of the `[[workload]]`s that stand outside of a `[[study]]`: `make bench`.
pub const BENCH: &str = "bench";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// The concurrency models, in the order of all tables.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
    /// A command for each thing that a row may need of the machine.
    pub(crate) needs: BTreeMap<String, Vec<String>>,
    #[serde(rename = "study")]
    pub(crate) studies: Vec<Study>,
}

/// Timed rounds of a row, by what it waits at least. A row of 10 s and more is not timed in rounds.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rounds {
    pub under_1s: u32,
    pub under_10s: u32,
    /// Rounds of the rows under a second on a machine that scatters: in blocks of `under_1s`.
    #[serde(default)]
    pub up_to: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Study {
    pub name: String,
    pub vary: Vary,
    /// Whether `PYTHON=1` adds rows to it.
    #[serde(default)]
    pub python: bool,
    #[serde(default, rename = "fault")]
    pub faults: Vec<FaultSpec>,
    #[serde(rename = "workload")]
    pub workloads: Vec<Spec>,
}

/// A workload with what it takes over from the one that it is like, from its study and from the whole matrix.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// `db`, `web`, …; may occur with several sizes.
    pub name: String,
    pub key: Option<String>,
    pub article: u32,
    pub title: String,
    pub asks: String,
    pub size: u64,
    pub sizes: Option<Vec<u64>>,
    pub latency: f64,
    pub rtts: Vec<f64>,
    /// The same with fewer items and shorter waits, for `make quick`.
    pub quick: Option<Box<Spec>>,
    pub reference: String,
    pub server: Option<Server>,
    pub counted: bool,
    pub limited: bool,
    pub only_waits: bool,
    pub verdict: bool,
    /// A row that would wait longer is not tried, in seconds.
    pub budget_s: Option<f64>,
    pub rounds: Rounds,
    /// Observed runs of the rows under ten seconds.
    pub observed: u32,
    pub uneven: Option<Uneven>,
    pub args: Vec<String>,
    pub sample: Vec<String>,
    pub printed: Option<Printed>,
    #[serde(rename = "row")]
    pub rows: Vec<RowSpec>,
    pub python: Vec<RowSpec>,
    pub absent: BTreeMap<String, String>,
}

/// Some items take `times` as long as the others: `{slow}` of them, evenly spread.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uneven {
    pub share: f64,
    pub times: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultSpec {
    pub name: String,
    pub title: String,
    /// Part of the items that are sick.
    pub share: f64,
    pub wait: SickWait,
    pub lab: Vec<String>,
    #[serde(default)]
    pub args: Vec<String>,
    #[serde(default)]
    pub fails: bool,
}

/// How long a sick item is waited for.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SickWait {
    /// Until the program's time-out.
    Patience,
    /// A multiple of the wait for a healthy one.
    Times(f64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowSpec {
    pub program: String,
    pub model: String,
    pub at_once: AtOnce,
    #[serde(default)]
    pub args: Vec<String>,
    pub needs: Option<String>,
    pub counted: Option<bool>,
    pub imports: Option<String>,
    pub control: Option<Control>,
    /// Instead of those that its limit gives; 0 where it runs once.
    pub rounds: Option<u32>,
    /// Factor on what an item waits.
    pub stretch: Option<f64>,
    /// The row that it differs from in one thing.
    pub differs_from: Option<String>,
    /// That thing.
    #[serde(rename = "in")]
    pub what: Option<String>,
}

impl RowSpec {
    /// Its name in the tables, before anything in it is filled in.
    pub fn label(&self) -> String {
        std::iter::once(&self.program).chain(&self.args).cloned().collect::<Vec<_>>().join(" ")
    }
}

/// What a model has in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", expecting = "a number, \"cpus\", \"pool\" or \"all\"")]
pub enum AtOnce {
    Cpus,
    /// `min(32, CPUs + 4)`: ThreadPoolExecutor's default, see article 3.
    Pool,
    All,
    #[serde(untagged)]
    Count(u64),
}

impl AtOnce {
    /// How many of `size` items are in flight on a machine with `cpus` CPUs.
    pub fn resolve(self, size: u64, cpus: u64) -> u64 {
        match self {
            AtOnce::Count(count) => count,
            AtOnce::Cpus => cpus,
            AtOnce::Pool => 32.min(cpus + 4),
            AtOnce::All => size,
        }
        .clamp(1, size)
    }
}

impl Matrix {
    pub fn read(path: &Path) -> Result<Self> {
        files::parse(path, Self::parse)
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        // The merged tables have lost their places: an error is looked for by the name in it.
        let at = |name: Option<String>| {
            let line = name.and_then(|name| text.lines().position(|line| line.contains(&name)));
            line.map_or(String::new(), |line| format!("line {}: ", line + 1))
        };
        let matrix: Matrix = merged(text.parse()?)?.try_into().map_err(|error: toml::de::Error| {
            let message = error.to_string().trim().replace('\n', " ");
            let field = message.split("unknown field `").nth(1).and_then(|rest| rest.split('`').next());
            anyhow!("{}{message}", at(field.map(|field| format!("{field} ="))))
        })?;
        let mut keys = BTreeSet::new();
        for study in &matrix.studies {
            for spec in &study.workloads {
                matrix.check(spec).map_err(|error| {
                    let name = error.to_string().split('"').nth(1).map(|name| format!("\"{name}\""));
                    anyhow!("{}workload {:?} of {}: {error}", at(name), spec.name, study.name)
                })?;
            }
            // With 1000 CPUs no row is too slow for rounds, so a workload has the most comparisons that it can have.
            let place = Place { cpus: 1000, quick: false, count: true, python: true, size: None };
            for workload in matrix.resolve(&study.name, &[], &place)? {
                check_rows(&workload).with_context(|| format!("workload {:?}", workload.key))?;
                ensure!(keys.insert(workload.key.clone()), "two workloads have the key {:?}", workload.key);
            }
        }
        Ok(matrix)
    }

    fn check(&self, spec: &Spec) -> Result<()> {
        let quick = spec.quick.as_ref().context("it has no `quick`")?;
        ensure!(spec.sizes().iter().chain(&quick.sizes()).all(|size| *size > 0), "a size has no items");
        let models = || self.models.iter().map(|model| &model.name);
        let labels = || spec.all_rows().map(|(row, _)| row.label());
        known("reference", &spec.reference, spec.rows.iter().map(|row| &row.program))?;
        spec.absent.keys().try_for_each(|model| known("absent model", model, models()))?;
        for (row, _) in spec.all_rows() {
            known("model", &row.model, models())?;
            row.needs.iter().try_for_each(|need| known("need", need, self.needs.keys()))?;
            row.differs_from.iter().try_for_each(|from| known("counterpart", from, labels()))?;
            ensure!(
                row.differs_from.is_some() == row.what.is_some(),
                "{:?} needs both `differs_from` and `in`, or neither",
                row.program
            );
        }
        Ok(())
    }

    pub fn studies(&self) -> Vec<&str> {
        self.studies.iter().map(|study| study.name.as_str()).collect()
    }
}

/// Refuses rows that would overwrite each other in `raw/`, and rows that are to show a difference and cannot.
fn check_rows(workload: &Workload) -> Result<()> {
    let mut slugs = BTreeSet::new();
    for row in &workload.rows {
        ensure!(slugs.insert(&row.slug), "two rows have the folder {:?}", row.slug);
        let comparisons = workload.comparisons(row.python);
        let (rounds, needed) = (row.rounds, stats::rounds_needed(comparisons));
        let enough = rounds == 0 || rounds >= needed || !workload.verdict || row.control.is_some();
        ensure!(
            enough,
            "{rounds} rounds of {:?} are too few for {comparisons} comparisons: it takes {needed}, or `verdict = false`",
            row.program
        );
    }
    Ok(())
}

impl Spec {
    pub fn all_rows(&self) -> impl Iterator<Item = (&RowSpec, bool)> {
        self.rows.iter().map(|row| (row, false)).chain(self.python.iter().map(|row| (row, true)))
    }

    /// One, unless its study varies them.
    pub fn sizes(&self) -> Vec<u64> {
        self.sizes.clone().unwrap_or(vec![self.size])
    }
}

/// Completes each workload, and makes those outside a study one of their own.
fn merged(mut matrix: Table) -> Result<Table> {
    let mut bench = toml! { name = "bench" vary = "nothing" python = true };
    bench.extend(matrix.remove_entry("workload"));
    let mut studies = vec![Value::Table(bench)];
    if let Some(Value::Array(others)) = matrix.remove("study") {
        studies.extend(others);
    }
    // A study may have them, or the whole matrix.
    let shared = |table: &mut Table| ["rounds", "observed", "budget_s"].map(|name| table.remove_entry(name));
    let mut defaults = toml! {
        counted = true limited = true verdict = true only_waits = false
        rtts = [] sample = [] python = [] absent = {}
    };
    defaults.extend(shared(&mut matrix).into_iter().flatten());
    let over = |base: &Table, own: Table| base.clone().into_iter().chain(own).collect::<Table>();
    let mut written: Vec<Table> = Vec::new();
    for study in studies.iter_mut().filter_map(Value::as_table_mut) {
        let mut defaults = defaults.clone();
        defaults.extend(shared(study).into_iter().flatten());
        let workloads = study.get_mut("workload").and_then(Value::as_array_mut);
        for workload in workloads.into_iter().flatten().filter_map(Value::as_table_mut) {
            if let Some(like) = workload.remove("like") {
                let base = written.iter().find(|base| base.get("name") == Some(&like));
                let base = base.with_context(|| format!("no workload before it is called {like}"))?;
                *workload = over(base, std::mem::take(workload));
            }
            let mut base = workload.clone();
            base.remove("key");
            written.push(base);
            *workload = over(&defaults, std::mem::take(workload));
            if let Some(Value::Table(less)) = workload.remove("quick") {
                workload.insert("quick".to_owned(), Value::Table(over(workload, less)));
            }
        }
    }
    matrix.insert("study".to_owned(), Value::Array(studies));
    Ok(matrix)
}

fn known(what: &str, name: &str, names: impl Iterator<Item = impl Into<String>>) -> Result<()> {
    let mut names: Vec<String> = names.map(Into::into).collect();
    names.dedup();
    ensure!(
        names.iter().any(|known| known == name),
        "unknown {what} {name:?}; known are {}",
        names.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests;
