//! The programs of bench.toml, Rust and Python: a new row there is under the tests without a line of its own.

use std::fmt::{self, Display, Formatter};
use std::ops::Deref;
use std::sync::LazyLock;
use std::thread::available_parallelism;
use std::{env, fs};

use bench_data::matrix::{self, Matrix};

use crate::{root, with_each};

/// All workloads, and those of the articles.
pub const ALL: &str = "db web sleep prices shapes";
pub const ARTICLES: &str = "db web sleep prices";

/// A program of the matrix, under its package, or its file and flags.
#[derive(Clone, Debug)]
pub struct Program {
    program: matrix::Program,
    /// Whether it waits as tasks of an event loop.
    pub has_tasks: bool,
}

impl Deref for Program {
    type Target = matrix::Program;

    fn deref(&self) -> &matrix::Program {
        &self.program
    }
}

impl Program {
    /// How many of `total` items it waits for at once, where it may have `limit` in flight or as many as it likes.
    pub fn at_once(&self, total: usize, limit: Option<usize>) -> usize {
        let cpus = available_parallelism().map_or(1, usize::from);
        let own = self.at_once.resolve(total as u64, cpus as u64) as usize;
        // Shapes that wait for one at a time do so whatever they may.
        let is_serial = own == 1 && self.workload == "shapes";
        limit.filter(|_| !is_serial).map_or(own, |limit| limit.min(total))
    }

    /// The option that says how many may be in flight.
    pub fn limit(&self, limit: usize) -> String {
        format!("--{}={limit}", if self.workload == "shapes" { "limit" } else { "concurrency" })
    }

    /// Its `main.rs`.
    pub fn source(&self) -> String {
        let path = root().join(format!("crates/{}/{}/src/main.rs", self.workload, self.folder()));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn any(&self) -> bool {
        true
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
}

impl Display for Program {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The programs of the matrix; where one in Python has an event loop, once more with `--uvloop`.
pub static ALL_PROGRAMS: LazyLock<Vec<Program>> = LazyLock::new(|| {
    let matrix = Matrix::read(&root().join("bench.toml")).unwrap_or_else(|error| panic!("{error:#}"));
    let mut programs = Vec::new();
    for program in matrix.programs() {
        let model = matrix.models.iter().find(|model| model.name == program.model);
        let has_tasks = model.is_some_and(|model| model.waits.starts_with("tasks "));
        if program.python && has_tasks {
            let name = format!("{} --uvloop", program.name);
            programs.push(Program { program: matrix::Program { name, ..program.clone() }, has_tasks });
        }
        programs.push(Program { program, has_tasks });
    }
    programs
});

/// The programs of these workloads for which this holds; but the one that a test has added in a copy of the workspace,
/// where it is that.
pub fn programs(workloads: &str, chosen: fn(&Program) -> bool) -> Vec<Program> {
    let (mut programs, added) = (ALL_PROGRAMS.clone(), env::var("PROGRAM").ok());
    programs.retain(|it| workloads.split(' ').any(|workload| workload == it.workload) && chosen(it));
    programs.retain(|program| added.as_ref().is_none_or(|added| program.name == *added));
    assert!(!programs.is_empty() || added.is_some(), "no programs of {workloads}");
    programs
}

/// Does the same with each of these programs, eight at a time.
pub fn each(workloads: &str, chosen: fn(&Program) -> bool, test: impl Fn(&Program) + Sync) {
    with_each(programs(workloads, chosen), test);
}
