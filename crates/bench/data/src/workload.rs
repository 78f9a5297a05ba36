//! `raw/<key>/workload.toml`: one workload of the matrix at one size, with one fault or none, over one network or none,
//! resolved for the machine that measures it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stats;

/// What a study varies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vary {
    #[default]
    Nothing,
    Server,
    Size,
    Fault,
    Rtt,
    /// Nothing, but it is followed in time: which thread sleeps when, and in which system call.
    Time,
}

/// A way of waiting, as the tables and plots show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub name: String,
    pub waits: String,
    pub threads: String,
    /// How many items it has in flight when it is not bounded, for people.
    pub at_once: String,
    pub python: String,
    pub light: String,
    pub dark: String,
    pub marker: Marker,
    /// The cases in which to take it, after "take it when".
    #[serde(default)]
    pub advice: String,
    /// The same for its program with all items in flight, where that is another row.
    #[serde(default)]
    pub advice_all: String,
    /// Folders of the programs to read beside it: the first that the workload has.
    #[serde(default)]
    pub neighbour: Vec<String>,
    /// Not a way of waiting but what the others are set against: no column of the matrix.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub baseline: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Marker {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Left,
    Right,
    Pentagon,
    Plus,
    Cross,
    Star,
}

/// What is wrong with some of the items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub name: String,
    pub title: String,
    pub sick: u64,
    pub wait_s: f64,
    /// Whether they end as errors, or only late.
    pub fails: bool,
}

/// Who answers the items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Server {
    /// `bench-lab`, with these arguments besides `--dir`.
    Lab(Vec<String>),
    /// A server of this name that this command starts.
    Own { name: String, command: Vec<String> },
    /// Somebody else's, under this name.
    Foreign { name: String },
}

/// Two lines of output that show what is in flight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    pub started: String,
    pub finished: String,
}

/// A workload with everything that the driver and the report need to know of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    pub version: u32,
    /// Place in `bench.toml`, from 0.
    pub order: usize,
    pub study: String,
    pub vary: Vary,
    pub name: String,
    /// Name of its folder in `raw/`, and of its rows for people.
    pub key: String,
    pub article: u32,
    pub title: String,
    pub asks: String,
    pub size: u64,
    pub latency_s: f64,
    /// CPUs that the model's default concurrency was taken from.
    pub cpus: u64,
    pub quick: bool,
    pub reference: String,
    /// Whether what an item waits is known, and so the limit.
    pub limited: bool,
    /// Whether its programs do nothing but wait: timed in rounds at a tenth of the delay, and compared by the
    /// milliseconds over the wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_waits: bool,
    /// Whether its rounds are to show differences.
    #[serde(default = "yes")]
    pub verdict: bool,
    /// Round-trip time of the network that the lab plays, in seconds, where it plays one.
    pub rtt_s: Option<f64>,
    /// Why a model has no program here.
    pub absent: BTreeMap<String, String>,
    /// Who answers; none where nobody is asked.
    pub server: Option<Server>,
    pub printed: Option<Printed>,
    pub fault: Option<Fault>,
    /// All models, in the order of the columns: those of today's `bench.toml`, since how they are shown is no measurement.
    #[serde(skip)]
    pub models: Vec<Model>,
    pub rows: Vec<Row>,
}

/// The reference once more, to see what the method makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// The same again (A/A): no difference may be shown.
    Same,
    /// Asked for longer sleeps: the difference has to be found.
    Planted,
}

fn yes() -> bool {
    true
}

/// What a row is compared with, and the one thing in which the two differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Name of the other row, with its arguments.
    pub from: String,
    /// `driver`, `event loop`, …
    #[serde(rename = "in")]
    pub what: String,
}

/// A row at a tenth of its delay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Short {
    pub latency_s: f64,
    pub limit_s: f64,
    pub argv: Vec<String>,
}

/// One program with its arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Name and extra arguments, as people read it; no two rows of a workload have the same.
    pub program: String,
    pub slug: String,
    pub model: String,
    /// Whether it is one of the article's own programs, in Python.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub python: bool,
    pub control: Option<Control>,
    /// Items in flight that the model allows.
    pub at_once: u64,
    /// Lowest wall time that the model allows: `ceil(size / at_once) * latency`, in seconds.
    pub limit_s: f64,
    pub rounds: u32,
    /// Further blocks of as many rounds, where the machine scatters.
    #[serde(default)]
    pub blocks: u32,
    /// Runs at the article's delay that are timed and nothing else.
    #[serde(default)]
    pub timed: u32,
    /// The same at the short delay, for a row that takes too long at the article's.
    #[serde(default)]
    pub timed_short: u32,
    pub observed: u32,
    /// Whether one run more notes when each item began and ended.
    #[serde(default)]
    pub traced: bool,
    /// The command: a program of the workspace or of `scripts/python`, and its arguments. `{lab}` is the folder that the
    /// server writes, `{http}` the URL in its `http.url`.
    pub argv: Vec<String>,
    /// The command of the run in which the program samples its own memory, where it does: `{memory}` is the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sample: Vec<String>,
    /// A command that shows whether the machine has what the row needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probe: Vec<String>,
    /// Why it is not tried.
    pub skip: Option<String>,
    /// What its interpreter imports before it starts, as Python says it.
    pub imports: Option<String>,
    /// The command whose system calls are counted, where they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub count: Vec<String>,
    pub differs: Option<Difference>,
    /// The same row at a tenth of its delay, where such runs are made.
    pub short: Option<Short>,
}

impl Workload {
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    pub fn has_python(&self) -> bool {
        self.rows.iter().any(|row| row.python)
    }

    /// How many comparisons it makes in one language: its timed rows with the reference, and the declared pairs.
    pub fn comparisons(&self, python: bool) -> usize {
        let rows =
            self.rows.iter().filter(|row| row.python == python && row.control.is_none() && row.rounds > 0);
        rows.map(|row| usize::from(row.program != self.reference) + usize::from(row.differs.is_some())).sum()
    }

    /// Confidence of each interval of these.
    pub fn confidence(&self, python: bool) -> f64 {
        stats::simultaneous(self.comparisons(python))
    }

    /// The command of a row's timed rounds.
    pub fn round_argv<'a>(&self, row: &'a Row) -> &'a [String] {
        if self.only_waits { row.short_argv() } else { &row.argv }
    }

    /// What a row waits at least in one of its timed rounds, in seconds.
    pub fn round_limit_s(&self, row: &Row) -> f64 {
        if self.only_waits { row.short_limit_s() } else { row.limit_s }
    }

    /// Whether a row is the one that the others are compared with.
    pub fn is_reference(&self, row: &Row) -> bool {
        row.program == self.reference && row.control.is_none()
    }

    /// Whether a row is not a way of waiting but what the others are set against.
    pub fn is_baseline(&self, row: &Row) -> bool {
        self.model(&row.model).is_some_and(|model| model.baseline)
    }
}

impl Row {
    /// The executable or script, without arguments.
    pub fn file(&self) -> &str {
        self.argv.first().map(String::as_str).unwrap_or_default()
    }

    /// The command of its observed runs, and of the count of its system calls.
    pub fn short_argv(&self) -> &[String] {
        self.short.as_ref().map_or(&self.argv, |short| &short.argv)
    }

    /// What it waits at least in one of those, in seconds.
    pub fn short_limit_s(&self) -> f64 {
        self.short.as_ref().map_or(self.limit_s, |short| short.limit_s)
    }

    /// Its file's name without the workload's: `tokio-mini`, or of Python `asyncio`.
    pub fn bare_name(&self) -> &str {
        let file = self.file().split('.').next().unwrap_or_default();
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
