//! The pages of a results directory: `README.md`, one page for each workload, and one for each study.

mod answer;
mod article;
mod book;
mod details;
mod faults;
mod network;
mod python;
mod readme;
mod rows;
mod rules;
mod scale;
mod sentences;
mod sure;
mod time;
mod timeline;
mod workload;

use std::collections::BTreeMap;

use bench_data::{results::Results, workload::Vary};

pub use answer::answer;
pub use book::{anchor, machine_title};
pub use rows::{is_reference, memory_text, outcome, ratio};
pub use rules::rules;
pub use sure::{measured, rounds_of_reference, sittings};

use crate::markdown;
use book::{Book, Part};

/// All generated files of a results directory, by their path in it.
pub fn files(results: &Results) -> BTreeMap<String, String> {
    let book = Book::new(results);
    let mut files = BTreeMap::from([
        ("measurements.csv".to_owned(), results.csv.clone()),
        ("README.md".to_owned(), readme::page(&book)),
    ]);
    files.extend(book.parts.iter().map(|part| (format!("{}.md", part.name), page(&book, part))));
    files.extend(book.plots.iter().map(|plot| (format!("plots/{}.svg", plot.name), plot.svg.clone())));
    files
}

/// The page of a part.
fn page(book: &Book, part: &Part) -> String {
    let body = match part.vary() {
        Vary::Nothing | Vary::Server => workload::sections(book, part),
        Vary::Size => scale::sections(book, part),
        Vary::Fault => faults::sections(book, part),
        Vary::Rtt => network::sections(book, part),
        Vary::Time => timeline::sections(book, part),
    };
    let marks: String = sure::marks(&part.groups).iter().map(|mark| format!("\n**{mark}**\n")).collect();
    let vintages = sure::vintages(&part.groups);
    format!(
        "# {}\n\nMeasured by `{}` on {}. [All results of this machine](README.md), \
         [all figures](measurements.csv).\n{marks}{vintages}\n{}\nOn this page:\n\n{}{body}",
        part.title(),
        part.command(),
        machine_title(&book.results.machine),
        glossary(),
        markdown::contents(&body),
    )
}

/// The words that every page uses.
fn glossary() -> &'static str {
    "- **limit**: ceil(items ÷ in flight) × latency, the least wall time that the model allows.\n\
     - **in flight**: items that wait at the same time; *peak in flight* is what the server counted.\n\
     - **PSS**: memory of a process tree, shared pages divided; a single process is compared by its max RSS, which is exact.\n\
     - **interval**: `0.93 [0.91, 0.96]` is a ratio and its 95 % interval; *faster* or *slower* is a verdict that holds for the whole table, from 1 % on; `≈ 0.93` has neither, from one run or too few rounds.\n\
     - **round**: one run of every program, in an order drawn anew; ratios are taken within rounds.\n"
}
