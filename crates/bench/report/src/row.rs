//! A program of a workload, and its names in pages and pictures.

use bench_data::{
    measurement::Measurement,
    results::{Entry, Group, Results},
    workload::Vary,
};

use crate::number::Unit;

#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub results: &'a Results,
    pub group: &'a Group,
    pub entry: &'a Entry,
    pub figures: &'a Measurement,
}

impl<'a> Row<'a> {
    pub fn in_group(results: &'a Results, group: &'a Group) -> impl Iterator<Item = Row<'a>> {
        group.entries.iter().map(move |entry| Row { results, group, entry, figures: &entry.figures })
    }

    pub fn ran(&self) -> bool {
        self.entry.raw.is_ok()
    }

    pub fn is_control(&self) -> bool {
        self.entry.row.control.is_some()
    }

    pub fn is_reference(&self) -> bool {
        self.group.workload.is_reference(&self.entry.row)
    }

    pub fn is_baseline(&self) -> bool {
        self.group.workload.is_baseline(&self.entry.row)
    }

    /// Its name and arguments, `N` where one is the number of items: the same in every size.
    pub fn label(&self) -> String {
        let program = &self.entry.row.program;
        let size = format!(" {}", self.group.workload.size);
        program.strip_suffix(&size).map_or(program.clone(), |program| format!("{program} N"))
    }

    /// The same program in another group.
    pub fn twin(&self, group: &'a Group) -> Option<Row<'a>> {
        Row::in_group(self.results, group)
            .find(|row| (row.label(), row.entry.row.control) == (self.label(), self.entry.row.control))
    }

    /// Its name within its workload, with the number of items in flight or other arguments where it has them.
    pub fn way(&self) -> String {
        let row = &self.entry.row;
        match row.program.split_once(' ') {
            _ if row.python => row.program.clone(),
            None => row.bare_name().to_owned(),
            Some((_, args)) if !args.starts_with("--concurrency") => format!("{} {args}", row.bare_name()),
            _ if row.at_once == self.group.workload.size => format!("{}, all at once", row.bare_name()),
            _ => format!("{}, {} at once", row.bare_name(), row.at_once),
        }
    }

    /// Whether an argument keeps fewer items in flight than the workload has.
    pub fn is_bounded(&self) -> bool {
        let row = &self.entry.row;
        row.program.contains("--concurrency") && row.at_once < self.group.workload.size
    }

    /// Stands where it lacks a figure: its limit, where it was not tried, or was timed at the short delay alone.
    pub fn outcome(&self) -> String {
        let row = &self.entry.row;
        match self.ran() {
            ran if row.skip.is_some() || ran && row.timed_short > 0 => {
                format!("limit {}", Unit::Seconds.text(row.limit_s)).replace(' ', "\u{a0}")
            }
            true => "not measured".to_owned(),
            false => self.entry.status().split(':').next().unwrap_or_default().to_owned(),
        }
    }
}

/// The page of a group without `.md`.
pub fn page(group: &Group) -> &str {
    let workload = &group.workload;
    match workload.vary {
        Vary::Nothing | Vary::Server => &workload.name,
        _ => &workload.study,
    }
}

/// The word that tells a group from the others of its study.
pub fn condition(group: &Group) -> String {
    let workload = &group.workload;
    match (&workload.fault, workload.rtt_s) {
        (Some(fault), _) => fault.title.clone(),
        (None, Some(rtt)) => format!("{} ms", (rtt * 1e6).round() / 1e3),
        (None, None) if workload.vary == Vary::Size => workload.size.to_string(),
        (None, None) => workload.key.clone(),
    }
}
