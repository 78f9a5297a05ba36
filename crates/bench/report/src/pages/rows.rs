//! Cells that several tables share.

use bench_data::{
    results::{Entry, Group},
    workload::Server,
};

use crate::{
    format::{self, code, mib, wall},
    markdown::Table,
};

/// The name of its program.
pub fn name(entry: &Entry) -> String {
    code(&entry.row.program)
}

/// Programs, in a list.
pub fn names(entries: &[&Entry]) -> String {
    format::codes(entries.iter().map(|entry| entry.row.program.as_str()))
}

/// Whether the others are compared with it.
pub fn is_reference(group: &Group, entry: &Entry) -> bool {
    entry.row.program == group.workload.reference && entry.row.control.is_none()
}

/// The interval of its ratio to the reference.
pub fn interval(entry: &Entry) -> Option<(f64, f64)> {
    entry.figures.ratio_low.zip(entry.figures.ratio_high)
}

/// Its ratio to the reference, as figures allow to say it; nothing of the reference itself, or without figures.
pub fn ratio(group: &Group, entry: &Entry) -> Option<String> {
    let figures = &entry.figures;
    if is_reference(group, entry) || !figures.is_ok() {
        return None;
    }
    match (figures.ratio, interval(entry)) {
        (Some(ratio), interval) => Some(format::ratio(ratio, interval)),
        (None, _) => {
            let reference = group.reference()?.figures.wall_median_s?;
            Some(format::ratio(figures.wall_median_s? / reference, None))
        }
    }
}

/// The same with its verdict, for a table.
pub fn ratio_cell(group: &Group, entry: &Entry) -> String {
    let verdict = match entry.figures.verdict.as_deref() {
        Some(verdict @ ("faster" | "slower")) => format!(", {verdict}"),
        _ => String::new(),
    };
    match ratio(group, entry) {
        Some(ratio) => ratio + &verdict,
        None if is_reference(group, entry) => "reference".to_owned(),
        None => "–".to_owned(),
    }
}

/// Its memory in KiB as least, median and most of its runs: max RSS of one process, PSS of a tree.
pub fn memory(entry: &Entry) -> Option<(u64, u64, u64)> {
    let figures = &entry.figures;
    let tree = figures.processes.unwrap_or(1) > 1;
    let (min, max) = match tree {
        true => (figures.tree_pss_min_kib, figures.tree_pss_max_kib),
        false => (figures.max_rss_min_kib, figures.max_rss_max_kib),
    };
    let median = figures.memory_kib()?;
    Some((min.unwrap_or(median), median, max.unwrap_or(median)))
}

/// The median of the same as people read it.
pub fn memory_text(entry: &Entry) -> String {
    format!("{} MiB", mib(entry.figures.memory_kib()))
}

/// One row per program, the baseline and the controls last; what did not run says why.
pub fn fill<'a>(
    table: &mut Table,
    entries: impl IntoIterator<Item = &'a Entry>,
    cells: impl Fn(&Entry) -> Vec<String>,
) {
    for entry in entries {
        match entry.figures.is_ok() {
            true => table.row(std::iter::once(name(entry)).chain(cells(entry))),
            false => table.row([name(entry), outcome(entry)]),
        }
    }
}

/// Who counted what is in flight.
pub fn counter(group: &Group) -> &str {
    match &group.workload.server {
        Some(Server::Lab(_)) => "the lab",
        Some(server) => server.name(),
        None => "its output",
    }
}

/// Why there are no figures, in a word: the reason stands below the table.
pub fn outcome(entry: &Entry) -> String {
    match entry.row.skip {
        Some(_) => format!("limit {} s", wall(Some(entry.row.limit_s))),
        None => entry.figures.outcome().to_owned(),
    }
}

/// Why rows have no figures, as sentences.
pub fn reasons<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&Entry>)> = Vec::new();
    for entry in entries.into_iter().filter(|entry| !entry.figures.is_ok()) {
        let status = entry.figures.status.as_str();
        match reasons.iter_mut().find(|(reason, _)| *reason == status) {
            Some((_, entries)) => entries.push(entry),
            None => reasons.push((status, vec![entry])),
        }
    }
    reasons.iter().map(|(reason, entries)| format!("{}: {reason}.", names(entries))).collect()
}

/// The rows in Rust without the controls, the baseline last.
pub fn programs(group: &Group) -> Vec<&Entry> {
    let mut entries = rust(group);
    entries.retain(|entry| entry.row.control.is_none());
    entries
}

/// The rows in Rust in the order of the Time table: programs, baseline, controls.
pub fn rust(group: &Group) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = group.entries.iter().filter(|entry| !entry.row.python).collect();
    entries.sort_by_key(|entry| (entry.row.control.is_some(), group.workload.is_baseline(&entry.row)));
    entries
}
