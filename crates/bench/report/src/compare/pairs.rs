//! Rows that both sides have, and the ratio that compares them.

use bench_data::{
    measurement::Measurement,
    results::{Entry, Group},
    stats::Ratio,
};

use crate::{format::code, sittings};

/// A program on both sides.
pub struct Pair {
    /// Name of its workload.
    pub key: String,
    /// Its name.
    pub program: String,
    /// What its wall time is divided by, for people.
    pub to: String,
    /// The ratio of each sitting.
    pub base: Vec<f64>,
    /// Likewise.
    pub new: Vec<f64>,
    /// `new` ÷ `base`.
    pub ratio: Option<Ratio>,
    /// Memory of both sides in KiB.
    pub memory: (Option<u64>, Option<u64>),
}

impl Pair {
    /// The 95 % interval of `new` ÷ `base`.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let interval = self.ratio?.interval?;
        Some((interval.low, interval.high))
    }
}

/// All programs of a workload that have figures on both sides. No controls: they are about the method.
pub fn of(base: &Group, new: &Group) -> Vec<Pair> {
    let rows = base.entries.iter().filter(|entry| entry.row.control.is_none());
    rows.filter_map(|entry| pair(base, new, entry, twin(new, entry)?)).collect()
}

/// Programs with figures in `ours` alone.
pub fn only_in<'a>(ours: &'a Group, theirs: &Group) -> Vec<&'a str> {
    let rows = ours.entries.iter().filter(|entry| entry.figures.is_ok());
    rows.filter(|entry| twin(theirs, entry).is_none()).map(|entry| entry.row.program.as_str()).collect()
}

fn twin<'a>(group: &'a Group, entry: &Entry) -> Option<&'a Entry> {
    group.entries.iter().find(|other| other.figures.is_ok() && other.row.program == entry.row.program)
}

fn pair(base: &Group, new: &Group, ours: &Entry, theirs: &Entry) -> Option<Pair> {
    if !ours.figures.is_ok() {
        return None;
    }
    let of = |value: fn(&Measurement) -> Option<f64>| {
        let all = |group: &Group, entry: &Entry| -> Vec<f64> {
            sittings::figures(group, entry).into_iter().filter_map(value).collect()
        };
        (all(base, ours), all(new, theirs))
    };
    let to_reference = of(|figures| figures.ratio);
    let alike = base.workload.reference == new.workload.reference && ours.row.at_once == theirs.row.at_once;
    let ((base_ratios, new_ratios), to) =
        match alike && !to_reference.0.is_empty() && !to_reference.1.is_empty() {
            true => (to_reference, code(&base.workload.reference)),
            // The reference itself, what ran once, and a pool that is as large as its machine.
            false => (of(Measurement::over_limit), "its limit".to_owned()),
        };
    Some(Pair {
        key: base.workload.key.clone(),
        program: ours.row.program.clone(),
        to,
        ratio: Ratio::between_sittings(&new_ratios, &base_ratios),
        base: base_ratios,
        new: new_ratios,
        memory: (ours.figures.memory_kib(), theirs.figures.memory_kib()),
    })
}
