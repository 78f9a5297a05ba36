//! What the user asks for: arguments and environment, checked before anything begins.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use clap::Parser;
use serde::{Deserialize, Serialize};

use bench_data::matrix::BENCH;

use crate::stop::{Outcome, refused};

/// Measures the workloads of bench.toml, and moves the results into place when they are complete: into
/// results/<machine>, or with --quick into target/quick/results/<machine>.
///
/// Whatever ends it early (Ctrl-C, a failing program, a dying lab, kill -9), the results stay as they were, and no
/// process stays behind.
#[derive(Parser)]
#[command(name = "bench-run", after_help = ENVIRONMENT)]
struct Args {
    /// Shorter waits, fewer items, two rounds: tries everything, measures nothing
    #[arg(long)]
    quick: bool,
    /// What to measure: bench, scale, faults, network or timeline
    #[arg(long, value_name = "STUDY", default_value = BENCH)]
    study: String,
    /// Go on after the last complete step of a run that was stopped
    #[arg(long)]
    resume: bool,
    /// Add a sitting of timed rounds to the results of make bench
    #[arg(long, conflicts_with_all = ["quick", "study"])]
    again: bool,
    /// Programs that are built already: nothing is installed or built
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// Names from bench.toml; all of the study when none is given
    workloads: Vec<String>,
}

const ENVIRONMENT: &str = "Environment:
  PYTHON=1            adds the articles' own programs
  DATABASE=mariadb    a MariaDB of our own answers in place of the lab (workload db)
  DATABASE_URLS=FILE  the hosts of that file answer (workload db)
  BUSY=1              measures on a busy machine, and says so in the results
  MACHINE=NAME        name of the results folder";

/// What is measured. A run that was stopped goes on only with the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// A study of bench.toml.
    pub study: String,
    /// Some of its workloads, or all where there are none.
    pub workloads: Vec<String>,
    /// Whether it only tries everything.
    pub quick: bool,
    /// Whether it adds a sitting.
    pub again: bool,
    /// Whether the rows in Python take part.
    pub python: bool,
    /// The user's own hosts.
    pub urls: Option<PathBuf>,
    /// Name of the results folder where the user gives one.
    pub machine: Option<String>,
}

/// A request, and how to follow it.
pub struct Settings {
    /// What is measured.
    pub request: Request,
    /// Whether a run that was stopped goes on.
    pub resume: bool,
    /// Whether a busy machine is measured.
    pub busy: bool,
    /// Where the programs are, when they are not to be built.
    pub bin_dir: Option<PathBuf>,
}

impl Settings {
    /// Reads arguments and environment. Ends the process where clap wants to: `--help`, unknown options.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub fn read() -> Outcome<Self> {
        Self::of(Args::parse(), |name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn of(args: Args, variable: impl Fn(&str) -> Option<String>) -> Outcome<Self> {
        let (database, urls) = (variable("DATABASE"), variable("DATABASE_URLS"));
        let mut request = Request {
            study: args.study,
            workloads: args.workloads,
            quick: args.quick,
            again: args.again,
            python: variable("PYTHON").is_some(),
            urls: urls.map(PathBuf::from),
            machine: variable("MACHINE"),
        };
        if let Some(machine) = &request.machine {
            check_name(machine)?;
        }
        if database.is_some() || request.urls.is_some() {
            let db = request.study == BENCH && !args.again && request.workloads == ["db"];
            if !db && !args.resume {
                return Err(refused("DATABASE and DATABASE_URLS are for make bench-db"));
            }
            request.workloads.clear();
            request.study = match (&request.urls, database.as_deref()) {
                (Some(_), _) => "own",
                (None, Some("mariadb")) => "mariadb",
                (None, other) => {
                    let other = other.unwrap_or_default();
                    return Err(refused(format!("DATABASE={other}: only mariadb is known")));
                }
            }
            .to_owned();
        } else if request.study == "own" {
            return Err(refused("which hosts? DATABASE_URLS=FILE make bench-db"));
        }
        Ok(Settings { resume: args.resume, busy: variable("BUSY").is_some(), bin_dir: args.bin_dir, request })
    }
}

impl Request {
    /// What is asked of a run that was stopped: where neither study nor workloads are named, those of that run.
    pub fn resumed(self, stopped: &Request) -> Self {
        if self.study != BENCH || !self.workloads.is_empty() || self.quick || self.again {
            return self;
        }
        Self {
            python: self.python || stopped.python,
            urls: self.urls.or(stopped.urls.clone()),
            machine: self.machine.or(stopped.machine.clone()),
            ..stopped.clone()
        }
    }

    /// Number of items in place of the matrix's: as many as there are hosts in the user's file.
    ///
    /// # Errors
    /// No file, or nothing in it.
    pub fn size(&self) -> Outcome<Option<u64>> {
        let Some(path) = &self.urls else { return Ok(None) };
        let shown = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| refused(format!("DATABASE_URLS: no file {shown} to read: {error}")))?;
        match text.lines().filter(|line| !line.trim().is_empty()).count() as u64 {
            0 => Err(refused(format!("DATABASE_URLS: the file {shown} is empty"))),
            hosts => Ok(Some(hosts)),
        }
    }

    /// The folder of all results.
    pub fn results(&self) -> &Path {
        Path::new(if self.quick { "target/quick/results" } else { "results" })
    }
}

fn check_name(machine: &str) -> Outcome<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if machine.starts_with(|c: char| c.is_ascii_alphanumeric()) && machine.chars().all(plain) {
        return Ok(());
    }
    Err(refused(format!("MACHINE={machine} cannot be the name of a folder")))
}
