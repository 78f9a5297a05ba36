//! The articles' own programs beside those in Rust.

use bench_data::{
    results::{Entry, Group},
    rounds,
    stats::Ratio,
};

use crate::{
    format::{self, fixed, mib, wall},
    markdown::{Table, bullets},
    pages::rows::{name, reasons},
};

/// The table; nothing where Python was not measured.
pub fn section(group: &Group) -> String {
    if group.python().count() == 0 {
        return String::new();
    }
    let head = ["in Python", "in Rust", "median, s", "of that, start", "÷ Rust [95 %]", "MiB", "÷ Rust"];
    let mut table = Table::figures(head);
    for entry in group.python() {
        let twin = twin(group, entry);
        let figures = &entry.figures;
        let memory = |entry: &Entry| entry.figures.memory_kib().map(|kib| kib as f64);
        let over = twin.and_then(|twin| Some(memory(entry)? / memory(twin)?));
        table.row([
            name(entry),
            twin.map_or("–".to_owned(), name),
            wall(figures.wall_median_s),
            fixed(figures.start_s, 3),
            twin.and_then(|twin| against(group, entry, twin)).unwrap_or("–".to_owned()),
            mib(figures.memory_kib()),
            fixed(over, 1),
        ]);
    }
    let failed = reasons(group.entries.iter().filter(|entry| entry.row.python));
    format!(
        "Start: the interpreter and its imports alone, without the program.\n\n{table}{}",
        bullets(failed)
    )
}

/// The program in Rust that waits in the same way, for as many at a time.
fn twin<'a>(group: &'a Group, entry: &Entry) -> Option<&'a Entry> {
    group.ok().find(|other| (&other.row.model, other.row.at_once) == (&entry.row.model, entry.row.at_once))
}

/// Its wall time over that of its twin in the same rounds.
fn against(group: &Group, entry: &Entry, twin: &Entry) -> Option<String> {
    let pairs = rounds::pairs(&group.sittings[0].rounds, &entry.row.slug, &twin.row.slug);
    let (own, other): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let ratio = Ratio::paired(&own, &other);
    match ratio.and_then(|ratio| Some((ratio.estimate, ratio.interval?))) {
        Some((estimate, interval)) => Some(format::ratio(estimate, Some((interval.low, interval.high)))),
        None => Some(format::ratio(entry.figures.wall_median_s? / twin.figures.wall_median_s?, None)),
    }
}
