//! `make timeline`: each model on a few items, in time.

use crate::pages::{
    book::{Book, Part},
    rows,
};

/// All sections of the page: a picture each.
pub fn sections(book: &Book, part: &Part) -> String {
    let mut text = "\nOne run of each program, under `strace`, which makes what a thread does between its sleeps \
        take longer than it does: the pictures show who waits where, and no speed. The lab notes what becomes of \
        each host. What is drawn is in the raw files: `waits.txt` and `trace.csv`.\n"
        .to_owned();
    for entry in part.groups.iter().flat_map(|group| group.ok()) {
        text += &format!("\n## {}\n", rows::name(entry));
        text += &book.picture(&format!("timeline-{}", entry.row.bare_name()));
    }
    text
}
