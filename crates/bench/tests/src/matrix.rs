//! The programs of bench.toml, Rust and Python: a new row there is under the tests without a line of its own.

use std::fmt::{self, Display, Formatter};
use std::thread::available_parallelism;

use bench_data::matrix::{self, Matrix};

use crate::root;

/// A program, and how many items it waits for at once without `--concurrency`.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its package, or its file and flags.
    pub name: String,
    pub workload: String,
    /// From the articles, in Python.
    pub python: bool,
    pub model: String,
    at_once: matrix::AtOnce,
}

impl Program {
    /// How many of `total` items it waits for at once.
    pub fn at_once(&self, total: usize) -> usize {
        let cpus = available_parallelism().map_or(1, usize::from);
        self.at_once.resolve(total as u64, cpus as u64) as usize
    }

    /// What it has one of for each item in flight, and how many file descriptors it needs for `count` of them.
    pub fn file_descriptors(&self, count: usize) -> (&'static str, usize) {
        match self.model.as_str() {
            "multiprocess" => ("worker processes", 2 * count + 20), // two pipes each
            _ => ("connections", count + 20),
        }
    }

    /// Whether its user can choose how many items are in flight.
    pub fn is_concurrent(&self) -> bool {
        !["sequential", "baseline"].contains(&self.model.as_str())
    }

    /// Whether it can have a thousand items in flight: a worker process for each would be too many.
    pub fn is_light(&self) -> bool {
        self.is_concurrent() && !self.python && self.model != "multiprocess"
    }
}

impl Display for Program {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The Rust programs of a workload.
pub fn programs(workload: &str) -> Vec<Program> {
    let programs = all().into_iter().filter(|program| !program.python);
    programs.filter(|program| program.workload == workload).collect()
}

/// All programs of `make bench`; where one in Python has an event loop, once more with `--uvloop`.
pub fn all() -> Vec<Program> {
    let matrix = Matrix::read(&root().join("bench.toml")).unwrap_or_else(|error| panic!("{error:#}"));
    let mut programs = Vec::new();
    for row in matrix.programs() {
        let event_loop =
            row.python && ["asyncio", "aiomysql"].iter().any(|library| row.name.contains(library));
        let flags: &[&str] = if event_loop { &["", " --uvloop"] } else { &[""] };
        programs.extend(flags.iter().map(|flag| Program {
            name: format!("{}{flag}", row.name),
            workload: row.workload.clone(),
            python: row.python,
            model: row.model.clone(),
            at_once: row.at_once,
        }));
    }
    programs
}
