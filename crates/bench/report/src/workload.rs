//! `raw/<workload>/workload.toml`: one workload of the matrix, resolved for the machine that measures it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The make target that measures a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// `make bench`.
    #[default]
    Bench,
    /// `make bench-db DATABASE=mariadb`.
    Mariadb,
    /// `DATABASE_URLS=FILE make bench-db`.
    Own,
    /// `make scale`.
    Scale,
    /// `make faults`.
    Faults,
    /// `make network`.
    Network,
}

impl Part {
    /// Whether its rows stand in `measurements.csv`; the others have a file of their own.
    pub fn is_main(self) -> bool {
        matches!(self, Part::Bench | Part::Mariadb | Part::Own)
    }

    /// Whether `PYTHON=1` adds rows to it.
    pub fn has_python(self) -> bool {
        self.is_main() || self == Part::Network
    }
}

/// What is wrong with some of the items.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `refuse`, `hang`, `slow`.
    pub name: String,
    /// Heading.
    pub title: String,
    /// Number of sick items.
    pub sick: u64,
    /// Whether they end as errors, or only late.
    pub fails: bool,
}

/// In the place of a model: the least that the machine can do for the workload.
pub const FLOOR: &str = "floor";

/// For serde, which takes no constant.
pub fn yes() -> bool {
    true
}

/// A workload with everything that the report needs to know of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Version of the raw files.
    pub version: u32,
    /// Place in `bench.toml`, from 0.
    pub order: usize,
    /// `db`, `web`, `sleep`, `prices`.
    pub name: String,
    /// Name of its folder; with the size where a name occurs more than once.
    pub key: String,
    /// What measures it.
    #[serde(default)]
    pub part: Part,
    /// Number of the article that asks it.
    pub article: u32,
    /// Heading.
    pub title: String,
    /// What is asked, as a sentence.
    pub asks: String,
    /// Number of items.
    pub size: u64,
    /// What one item waits, in seconds.
    pub latency_s: f64,
    /// CPUs that the model's default concurrency was taken from.
    pub cpus: u64,
    /// Made by `make quick`.
    pub quick: bool,
    /// Whether the lab answered (and counted).
    pub lab: bool,
    /// The server in the lab's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Whether what an item waits is known, and so the limit.
    #[serde(default = "yes")]
    pub limited: bool,
    /// Whether the programs sample their own memory in the observed run.
    pub sampled: bool,
    /// Whether system calls are counted.
    pub counted: bool,
    /// Where some items are sick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Round-trip time of the network that the lab plays, in seconds, where it plays one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_s: Option<f64>,
    /// All models, in the order of the columns.
    pub models: Vec<String>,
    /// Why a model has no program here.
    pub absent: BTreeMap<String, String>,
    /// The programs, in the order of the tables.
    pub rows: Vec<Row>,
}

/// One program with its arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Name and extra arguments, as people read it.
    pub program: String,
    /// Name of its folder.
    pub slug: String,
    /// Arguments that this row has beyond those of its workload.
    pub args: Vec<String>,
    /// Which way of waiting.
    pub model: String,
    /// Whether it is one of the article's own programs, in Python.
    #[serde(default)]
    pub python: bool,
    /// Items in flight that the model allows.
    pub at_once: u64,
    /// Least wall time that the model allows: `ceil(size / at_once) * latency`, in seconds.
    pub limit_s: f64,
    /// Rounds; 0 where the observed run is the timing.
    pub runs: u32,
    /// Shows whether the machine has what the row needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// Why it is not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<String>,
    /// Times the start of its interpreter and its imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The observed run.
    pub observe: String,
    /// A round of hyperfine (of bench-observe, where items are sick: hyperfine takes no exit code but 0); `{round}` to
    /// be replaced by two digits.
    pub time: String,
    /// Whether its system calls are counted, where those of its workload are.
    #[serde(default = "yes")]
    pub counted: bool,
    /// The count of system calls.
    pub count: String,
    /// `limit_s` of that count, in seconds.
    pub count_limit_s: f64,
    /// Latency of that count where it is shorter than the workload's, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_latency_s: Option<f64>,
}

impl Workload {
    /// Reads `workload.toml`.
    ///
    /// # Errors
    /// Missing, cut off, or of another version.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        check_version(path, toml::from_str(&text).map_err(|error| anyhow!(error)))?;
        toml::from_str(&text).with_context(|| format!("cannot use {}", path.display()))
    }
}

/// The one field that files of every version have.
#[derive(Deserialize)]
pub struct Version {
    version: u32,
}

/// Tells a file of another version from one that is broken.
///
/// # Errors
/// Both, each with what to do.
pub fn check_version(path: &Path, version: Result<Version>) -> Result<()> {
    let Version { version } = version.with_context(|| format!("cannot use {}", path.display()))?;
    ensure!(
        version == crate::SCHEMA,
        "{} has version {version}, this bench-report reads version {}: measure again",
        path.display(),
        crate::SCHEMA
    );
    Ok(())
}

impl Row {
    /// Whether it is no model but what the others are set against.
    pub fn is_floor(&self) -> bool {
        self.model == FLOOR
    }

    /// Its model; `mini` where it has another driver than its model's first program.
    pub fn variant(&self) -> &str {
        if self.program.ends_with("-mini") { "mini" } else { &self.model }
    }

    /// Its file's name without the workload's: `tokio-mini`, or of Python `asyncio`.
    pub fn bare_name(&self) -> &str {
        let file = self.program.split([' ', '.']).next().unwrap_or_default();
        file.split_once(['-', '_']).map_or(file, |(_, name)| name)
    }
}

/// `text` with every run of other characters than letters and digits as one `-`.
pub fn slug(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}
