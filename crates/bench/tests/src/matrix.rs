//! The programs of bench.toml, Rust and Python: a new row there is under the tests without a line of its own.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::ops::Deref;
use std::thread::available_parallelism;

use bench_data::matrix::{self, Matrix};

use crate::{root, with_each};

/// The workloads of the articles, and those whose programs ask a server.
pub const ALL: &str = "db web sleep prices";
pub const ASK_THE_LAB: &str = "db web prices";

/// A program of the matrix, under its package, or its file and flags.
#[derive(Clone, Debug)]
pub struct Program(matrix::Program);

impl Deref for Program {
    type Target = matrix::Program;

    fn deref(&self) -> &matrix::Program {
        &self.0
    }
}

impl Program {
    /// How many of `total` items it waits for at once without `--concurrency`.
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

    pub fn any(&self) -> bool {
        true
    }

    pub fn has_no_flags(&self) -> bool {
        !self.name.contains(' ')
    }

    pub fn is_rust(&self) -> bool {
        !self.python
    }

    /// Whether its user can choose how many items are in flight.
    pub fn is_concurrent(&self) -> bool {
        !["sequential", "baseline"].contains(&self.model.as_str())
    }

    /// Whether it is in Rust and concurrent.
    pub fn is_rust_concurrent(&self) -> bool {
        self.is_rust() && self.is_concurrent()
    }

    /// Whether it can have a thousand items in flight: a worker process for each would be too many.
    pub fn is_light(&self) -> bool {
        self.is_rust_concurrent() && self.model != "multiprocess"
    }

    /// Whether it has a MySQL client: the baseline knows one query and one way to log in.
    pub fn is_client(&self) -> bool {
        self.is_rust() && self.model != "baseline"
    }

    /// Whether it asks through a driver that blocks a thread, or a coroutine.
    pub fn is_blocking(&self) -> bool {
        ["sequential", "multiprocess", "threaded", "green", "tokio-blocking"].contains(&self.model.as_str())
    }

    pub fn is_on_io_uring(&self) -> bool {
        self.is_rust() && ["glommio", "compio"].contains(&self.model.as_str())
    }
}

impl Display for Program {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The programs of these workloads for which this holds; where one in Python has an event loop, once more with
/// `--uvloop`.
pub fn programs(workloads: &str, chosen: fn(&Program) -> bool) -> Vec<Program> {
    let matrix = Matrix::read(&root().join("bench.toml")).unwrap_or_else(|error| panic!("{error:#}"));
    let mut programs = Vec::new();
    for program in matrix.programs() {
        let event_loop =
            program.python && ["asyncio", "aiomysql"].iter().any(|library| program.name.contains(library));
        let with_uvloop = matrix::Program { name: format!("{} --uvloop", program.name), ..program.clone() };
        programs
            .extend([Some(program), event_loop.then_some(with_uvloop)].into_iter().flatten().map(Program));
    }
    programs.retain(|it| workloads.split(' ').any(|workload| workload == it.workload) && chosen(it));
    // The one that a test has added in a copy of the workspace.
    let added = env::var("PROGRAM").ok();
    programs.retain(|program| added.as_ref().is_none_or(|added| program.name == *added));
    assert!(!programs.is_empty() || added.is_some(), "no programs of {workloads}");
    programs
}

/// Does the same with each of these programs, eight at a time.
pub fn each(workloads: &str, chosen: fn(&Program) -> bool, test: impl Fn(&Program) + Sync) {
    with_each(programs(workloads, chosen), test);
}
