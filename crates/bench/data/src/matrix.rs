//! `bench.toml`: what is measured, before it is resolved for one machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use toml::{Table, Value};

use crate::{
    files, stats,
    workload::{Control, Model, Printed, Vary},
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
    needs: BTreeMap<String, Vec<String>>,
    pub(crate) rounds: Rounds,
    /// Observed runs of the rows under ten seconds.
    pub(crate) observed: u32,
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
    /// A row that would wait longer is not tried, in seconds.
    pub budget_s: Option<f64>,
    pub rounds: Option<Rounds>,
    pub observed: Option<u32>,
    #[serde(default, rename = "fault")]
    pub faults: Vec<FaultSpec>,
    #[serde(rename = "workload")]
    pub workloads: Vec<Spec>,
}

#[derive(Clone, Deserialize)]
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
    #[serde(default)]
    pub rtts: Vec<f64>,
    pub quick: Quick,
    pub reference: String,
    /// Arguments for `bench-lab`; none where no server is asked.
    pub lab: Option<Vec<String>>,
    pub server: Option<ServerSpec>,
    #[serde(default = "yes")]
    pub counted: bool,
    #[serde(default = "yes")]
    pub limited: bool,
    #[serde(default)]
    pub only_waits: bool,
    #[serde(default = "yes")]
    pub verdict: bool,
    pub rounds: Option<Rounds>,
    pub uneven: Option<Uneven>,
    pub args: Vec<String>,
    #[serde(default)]
    pub sample: Vec<String>,
    pub printed: Option<Printed>,
    #[serde(rename = "row")]
    pub rows: Vec<RowSpec>,
    #[serde(default)]
    pub python: Vec<RowSpec>,
    #[serde(default)]
    pub absent: BTreeMap<String, String>,
}

/// Some items take `times` as long as the others: `{slow}` of them, evenly spread.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uneven {
    pub share: f64,
    pub times: u32,
}

fn yes() -> bool {
    true
}

/// Fewer items and shorter waits, for `make quick`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quick {
    #[serde(default)]
    pub size: u64,
    pub sizes: Option<Vec<u64>>,
    pub latency: f64,
    pub rtts: Option<Vec<f64>>,
}

/// Replaces the lab: its name, and the command that starts it, where it is ours to start.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerSpec {
    pub name: String,
    pub command: Option<Vec<String>>,
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

#[derive(Clone, Deserialize)]
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
#[serde(untagged, expecting = "a number, \"cpus\", \"pool\" or \"all\"")]
pub enum AtOnce {
    Count(u64),
    Word(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    Cpus,
    /// `min(32, CPUs + 4)`: ThreadPoolExecutor's default, see article 3.
    Pool,
    All,
}

impl AtOnce {
    /// How many of `size` items are in flight on a machine with `cpus` CPUs.
    pub fn resolve(self, size: u64, cpus: u64) -> u64 {
        match self {
            AtOnce::Count(count) => count,
            AtOnce::Word(Word::Cpus) => cpus,
            AtOnce::Word(Word::Pool) => 32.min(cpus + 4),
            AtOnce::Word(Word::All) => size,
        }
        .clamp(1, size)
    }
}

impl Matrix {
    pub fn read(path: &Path) -> Result<Self> {
        files::parse(path, Self::parse)
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let merged = merged(text.parse()?)?;
        let matrix: Matrix = merged.try_into().map_err(|error| located(text, &error))?;
        for study in &matrix.studies {
            for spec in &study.workloads {
                matrix.check(study, spec).map_err(|error| {
                    let quoted = error.to_string().split('"').nth(1).map(|name| format!("\"{name}\""));
                    let line = quoted.and_then(|name| line_of(text, |line| line.contains(&name)));
                    anyhow!("{}workload {:?} of {}: {error}", at(line), spec.name, study.name)
                })?;
            }
        }
        matrix.check_folders()?;
        Ok(matrix)
    }

    fn check(&self, study: &Study, spec: &Spec) -> Result<()> {
        ensure!(
            spec.sizes(false).iter().chain(&spec.sizes(true)).all(|size| *size > 0),
            "a size has no items"
        );
        let models: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
        let needs: Vec<&str> = self.needs.keys().map(String::as_str).collect();
        let programs: Vec<&str> = spec.rows.iter().map(|row| row.program.as_str()).collect();
        let labels: Vec<String> = spec.all_rows().map(|(row, _)| row.label()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        known("reference", &spec.reference, &programs)?;
        spec.absent.keys().try_for_each(|model| known("absent model", model, &models))?;
        for (row, _) in spec.all_rows() {
            known("model", &row.model, &models)?;
            row.needs.iter().try_for_each(|need| known("need", need, &needs))?;
            row.differs_from.iter().try_for_each(|from| known("counterpart", from, &labels))?;
            ensure!(
                row.differs_from.is_some() == row.what.is_some(),
                "{:?} needs both `differs_from` and `in`, or neither",
                row.program
            );
        }
        let rounds = spec.rounds.or(study.rounds).unwrap_or(self.rounds);
        let families = [("Rust", spec.rows.iter()), ("Python", spec.python.iter())];
        for (language, rows) in families.into_iter().filter(|_| spec.verdict) {
            let comparisons = rows.map(|row| row.comparisons(&spec.reference)).sum();
            let needed = stats::rounds_needed(comparisons);
            let few = [rounds.under_1s, rounds.under_10s].into_iter().find(|n| (1..needed).contains(n));
            if let Some(few) = few {
                bail!(
                    "{few} rounds are too few for {comparisons} comparisons of its {language} rows: \
                     it takes {needed}, or `verdict = false`"
                );
            }
        }
        Ok(())
    }

    /// What would overwrite each other in `raw/`.
    fn check_folders(&self) -> Result<()> {
        let place = crate::resolve::Place { cpus: 2, quick: false, count: true, python: true, size: None };
        let mut keys = BTreeSet::new();
        for study in &self.studies {
            for workload in self.resolve(&study.name, &[], &place)? {
                let mut slugs = BTreeSet::new();
                let twice = workload.rows.iter().find(|row| !slugs.insert(&row.slug));
                if let Some(row) = twice {
                    bail!("two rows of {:?} have the folder {:?}", workload.key, row.slug);
                }
                ensure!(keys.insert(workload.key.clone()), "two workloads have the key {:?}", workload.key);
            }
        }
        Ok(())
    }

    /// The command that shows whether the machine has what a row needs.
    pub(crate) fn probe(&self, row: &RowSpec) -> Vec<String> {
        row.needs.as_ref().and_then(|need| self.needs.get(need)).cloned().unwrap_or_default()
    }

    pub(crate) fn study(&self, name: &str) -> Option<&Study> {
        self.studies.iter().find(|study| study.name == name)
    }

    pub fn studies(&self) -> Vec<&str> {
        self.studies.iter().map(|study| study.name.as_str()).collect()
    }
}

impl Spec {
    pub fn all_rows(&self) -> impl Iterator<Item = (&RowSpec, bool)> {
        self.rows.iter().map(|row| (row, false)).chain(self.python.iter().map(|row| (row, true)))
    }

    /// Its sizes: one, unless the study varies them.
    pub fn sizes(&self, quick: bool) -> Vec<u64> {
        match quick {
            true => self.quick.sizes.clone().unwrap_or(vec![self.quick.size]),
            false => self.sizes.clone().unwrap_or(vec![self.size]),
        }
    }

    pub fn rtts(&self, quick: bool) -> Vec<f64> {
        self.quick.rtts.clone().filter(|_| quick).unwrap_or(self.rtts.clone())
    }

    pub fn latency(&self, quick: bool) -> f64 {
        if quick { self.quick.latency } else { self.latency }
    }
}

impl RowSpec {
    /// How many comparisons it may be part of: with the reference, and with its counterpart where that is another row.
    fn comparisons(&self, reference: &str) -> usize {
        if self.control.is_some() {
            return 0;
        }
        let is_reference = self.label() == reference;
        let declared = self.differs_from.as_ref().is_some_and(|from| is_reference || from != reference);
        usize::from(!is_reference) + usize::from(declared)
    }
}

/// Completes each workload that is `like` an earlier one, and makes the workloads outside a study one of their own.
fn merged(mut matrix: Table) -> Result<Table> {
    let mut bench = Table::new();
    bench.insert("name".to_owned(), BENCH.into());
    bench.insert("vary".to_owned(), "nothing".into());
    bench.insert("python".to_owned(), true.into());
    bench.insert("workload".to_owned(), matrix.remove("workload").unwrap_or(Value::Array(Vec::new())));
    let others = matrix.remove("study").unwrap_or(Value::Array(Vec::new()));
    let mut studies = vec![Value::Table(bench)];
    studies.extend(others.as_array().into_iter().flatten().cloned());
    let mut complete: Vec<Table> = Vec::new();
    let workloads = studies.iter_mut().filter_map(|study| study.get_mut("workload")?.as_array_mut());
    for workload in workloads.flatten().filter_map(Value::as_table_mut) {
        if let Some(like) = workload.remove("like") {
            let base = complete.iter().find(|base| base.get("name") == Some(&like));
            let mut base = base.with_context(|| format!("no workload before it is called {like}"))?.clone();
            base.remove("key");
            base.extend(std::mem::take(workload));
            *workload = base;
        }
        complete.push(workload.clone());
    }
    matrix.insert("study".to_owned(), Value::Array(studies));
    Ok(matrix)
}

fn known(what: &str, name: &str, names: &[&str]) -> Result<()> {
    let mut names = names.to_vec();
    names.dedup();
    ensure!(names.contains(&name), "unknown {what} {name:?}; known are {}", names.join(", "));
    Ok(())
}

/// An error of serde with the line that has the field it names: the merged tables have lost their places.
fn located(text: &str, error: &toml::de::Error) -> anyhow::Error {
    let message = error.to_string().trim().replace('\n', " ");
    let field = message.split("unknown field `").nth(1).and_then(|rest| rest.split('`').next());
    let line = field.and_then(|field| line_of(text, |line| line.contains(&format!("{field} ="))));
    anyhow!("{}{message}", at(line))
}

fn line_of(text: &str, found: impl Fn(&str) -> bool) -> Option<usize> {
    text.lines().position(found).map(|line| line + 1)
}

fn at(line: Option<usize>) -> String {
    line.map_or(String::new(), |line| format!("line {line}: "))
}

#[cfg(test)]
mod tests;
