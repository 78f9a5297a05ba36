//! The entries of `bench.toml`, as they stand there.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::workload::{Control, Printed, Vary};

/// Timed rounds by the limit of a row. One of 10 s and more has none: its observed run is the timing.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounds {
    pub under_1s: u32,
    pub under_10s: u32,
}

/// One `[[study]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    pub name: Spanned<String>,
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

/// One workload, as far as it is said here: what is not is that of the workload that it is `like`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `db`, `web`, …; may occur with several sizes.
    pub name: Option<Spanned<String>>,
    pub like: Option<Spanned<String>>,
    pub key: Option<String>,
    pub article: Option<u32>,
    pub title: Option<String>,
    pub asks: Option<String>,
    pub size: Option<u64>,
    pub sizes: Option<Vec<u64>>,
    pub latency: Option<f64>,
    pub rtts: Option<Vec<f64>>,
    pub quick: Option<Quick>,
    pub reference: Option<String>,
    /// Arguments for `bench-lab`; none where no server is asked.
    pub lab: Option<Vec<String>>,
    pub server: Option<ServerSpec>,
    pub counted: Option<bool>,
    pub limited: Option<bool>,
    pub args: Option<Vec<String>>,
    pub observed_args: Option<Vec<String>>,
    pub printed: Option<Printed>,
    #[serde(rename = "row")]
    pub rows: Option<Vec<RowSpec>>,
    pub python: Option<Vec<RowSpec>>,
    pub absent: Option<BTreeMap<String, String>>,
}

/// Fewer items and shorter waits, for `make quick`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quick {
    #[serde(default)]
    pub size: u64,
    pub sizes: Option<Vec<u64>>,
    pub latency: f64,
    pub rtts: Option<Vec<f64>>,
}

/// Takes the lab's place: its name, and the command that starts it, where it is ours to start.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSpec {
    pub name: String,
    pub command: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
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
pub enum SickWait {
    /// Until the program's time-out.
    Patience,
    /// So many times as long as a well one.
    Times(f64),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSpec {
    pub program: Spanned<String>,
    pub model: Spanned<String>,
    pub at_once: AtOnce,
    #[serde(default)]
    pub args: Vec<String>,
    pub needs: Option<Spanned<String>>,
    pub counted: Option<bool>,
    pub count_latency: Option<f64>,
    pub imports: Option<String>,
    pub control: Option<Control>,
    /// Factor on what an item waits.
    pub stretch: Option<f64>,
}

/// What a model has in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a number, \"cpus\", \"pool\" or \"all\"")]
pub enum AtOnce {
    /// So many.
    Count(u64),
    /// As many as the machine or the workload has.
    Word(Word),
}

/// How many items are in flight, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// As many as CPUs.
    Cpus,
    /// `min(32, CPUs + 4)`: ThreadPoolExecutor's default, see article 3.
    Pool,
    /// All items.
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

    /// The number, where it is one.
    pub fn count(self) -> Option<u64> {
        match self {
            AtOnce::Count(count) => Some(count),
            AtOnce::Word(_) => None,
        }
    }
}

impl Spec {
    pub fn inherit(&mut self, base: &Spec) {
        let own = self.clone();
        let base = base.clone();
        *self = Spec {
            name: own.name.or(base.name),
            like: None,
            key: own.key,
            article: own.article.or(base.article),
            title: own.title.or(base.title),
            asks: own.asks.or(base.asks),
            size: own.size.or(base.size),
            sizes: own.sizes.or(base.sizes),
            latency: own.latency.or(base.latency),
            rtts: own.rtts.or(base.rtts),
            quick: own.quick.or(base.quick),
            reference: own.reference.or(base.reference),
            lab: own.lab.or(base.lab),
            server: own.server.or(base.server),
            counted: own.counted.or(base.counted),
            limited: own.limited.or(base.limited),
            args: own.args.or(base.args),
            observed_args: own.observed_args.or(base.observed_args),
            printed: own.printed.or(base.printed),
            rows: own.rows.or(base.rows),
            python: own.python.or(base.python),
            absent: own.absent.or(base.absent),
        };
    }

    pub fn name(&self) -> &str {
        self.name.as_ref().map(|name| name.get_ref().as_str()).unwrap_or_default()
    }

    pub fn all_rows(&self) -> impl Iterator<Item = &RowSpec> {
        self.rows.iter().flatten().chain(self.python.iter().flatten())
    }

    /// Its sizes: one, but where the study varies them.
    pub fn sizes(&self, quick: bool) -> Vec<u64> {
        let (sizes, one) = match (&self.quick, quick) {
            (Some(quick), true) => (&quick.sizes, Some(quick.size)),
            _ => (&self.sizes, self.size),
        };
        sizes.clone().unwrap_or(one.into_iter().collect())
    }

    /// The round-trip times in seconds.
    pub fn rtts(&self, quick: bool) -> Vec<f64> {
        let rtts = if quick { self.quick.as_ref().and_then(|q| q.rtts.clone()) } else { self.rtts.clone() };
        rtts.unwrap_or_default()
    }

    /// What an item waits, in seconds.
    pub fn latency(&self, quick: bool) -> f64 {
        let quick = self.quick.as_ref().filter(|_| quick).map(|quick| quick.latency);
        quick.or(self.latency).unwrap_or_default()
    }
}
