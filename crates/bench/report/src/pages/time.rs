//! The Time table: what a reader came for.

use bench_data::results::{Entry, Group};

use crate::{
    format::{code, fixed, wall, whole},
    markdown::Table,
    pages::rows,
};

/// Median, ratio to the reference, wall ÷ limit and peak in flight of `entries`.
pub fn table<'a>(group: &Group, entries: impl IntoIterator<Item = &'a Entry>) -> Table {
    let ratio = format!("÷ {} [95 %]", code(&group.workload.reference));
    let mut head = vec!["program".to_owned(), "median, s".to_owned(), ratio];
    head.extend(group.workload.limited.then(|| "÷ limit".to_owned()));
    head.push("peak in flight".to_owned());
    let mut table = Table::figures(head);
    rows::fill(&mut table, entries, |entry| {
        let figures = &entry.figures;
        let mut cells = vec![wall(figures.wall_median_s), rows::ratio_cell(group, entry)];
        cells.extend(group.workload.limited.then(|| fixed(figures.over_limit(), 2)));
        cells.push(whole(figures.in_flight));
        cells
    });
    table
}
