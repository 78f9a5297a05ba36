//! The programs of a workload, out of bench.toml: a new row there is under the tests without a line of its own.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::thread::available_parallelism;

use serde::Deserialize;

/// A program, and how many items it waits for at once without `--concurrency`.
#[derive(Clone, Debug)]
pub struct Program {
    /// As its package is called.
    pub name: String,
    /// As bench.toml calls it.
    pub model: String,
    /// As bench.toml says it: a number, `cpus`, `pool` or `all`.
    pub bound: toml::Value,
}

impl Program {
    /// How many of `total` items it waits for at once.
    pub fn at_once(&self, total: usize) -> usize {
        let cpus = available_parallelism().map_or(1, usize::from);
        let bound = match (self.bound.as_integer(), self.bound.as_str()) {
            (Some(number), _) => number as usize,
            (_, Some("cpus")) => cpus,
            (_, Some("pool")) => 32.min(cpus + 4),
            _ => total,
        };
        bound.min(total)
    }

    /// What it has one of for each item that it waits for, and how many file descriptors it needs for `count` of them.
    pub fn file_descriptors(&self, count: usize) -> (&'static str, usize) {
        match self.model.as_str() {
            "multiprocess" => ("worker processes", 2 * count + 20), // two pipes each
            _ => ("connections", count + 20),
        }
    }

    /// Whether there is a bound that its user can choose.
    pub fn is_concurrent(&self) -> bool {
        self.model != "sequential"
    }
}

impl Display for Program {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[derive(Deserialize)]
struct Matrix {
    workload: Vec<Workload>,
}

#[derive(Deserialize)]
struct Workload {
    name: String,
    #[serde(default)]
    row: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    program: String,
    model: String,
    at_once: toml::Value,
    #[serde(default)]
    args: Vec<String>,
}

/// The programs of a workload, each with its default bound.
pub fn programs(workload: &str) -> Vec<Program> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml");
    let matrix: Matrix = toml::from_str(&fs::read_to_string(file).expect("bench.toml")).expect("its tables");
    let rows = matrix.workload.into_iter().find(|it| it.name == workload).expect("such a workload").row;
    let rows = rows.into_iter().filter(|row| row.args.is_empty());
    rows.map(|row| Program { name: row.program, model: row.model, bound: row.at_once }).collect()
}
