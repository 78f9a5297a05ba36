//! The programs of a workload, out of bench.toml: a new row there is under the tests without a line of its own.

use std::fmt::{self, Display, Formatter};
use std::thread::available_parallelism;

use bench_data::matrix::{self, Matrix};

use crate::root;

/// A program, and how many items it waits for at once without `--concurrency`.
#[derive(Clone, Debug)]
pub struct Program {
    /// As its package is called, or its file with its flags.
    pub name: String,
    /// As bench.toml calls it.
    pub model: String,
    at_once: matrix::AtOnce,
}

impl Program {
    /// How many of `total` items it waits for at once.
    pub fn at_once(&self, total: usize) -> usize {
        self.at_once.resolve(total as u64, cpus() as u64) as usize
    }

    /// So many items that it cannot wait for all of them at once, where its model has a bound of its own.
    pub fn items(&self) -> usize {
        40.min(self.at_once(40) + 2)
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

fn cpus() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// The Rust programs of a workload, each with its default bound.
pub fn programs(workload: &str) -> Vec<Program> {
    let of = found(workload).into_iter().filter(|program| !program.python);
    of.map(|program| Program { name: program.name, model: program.model, at_once: program.at_once }).collect()
}

/// The Python programs of a workload: each file, and where it has an event loop, once more with `--uvloop`.
pub fn python(workload: &str) -> Vec<Program> {
    let of = found(workload).into_iter().filter(|program| program.python);
    of.flat_map(|matrix::Program { name, model, at_once, .. }| {
        let event_loop = ["asyncio", "aiomysql"].iter().any(|library| name.contains(library));
        let flags: &[&str] = if event_loop { &["", " --uvloop"] } else { &[""] };
        let named = |flag| Program { name: format!("{name}{flag}"), model: model.clone(), at_once };
        flags.iter().map(named).collect::<Vec<_>>()
    })
    .collect()
}

fn found(workload: &str) -> Vec<matrix::Program> {
    let matrix = Matrix::read(&root().join("bench.toml")).unwrap_or_else(|error| panic!("{error:#}"));
    let found: Vec<_> =
        matrix.programs().into_iter().filter(|program| program.workload == workload).collect();
    assert!(!found.is_empty(), "bench.toml has no workload {workload}");
    found
}
