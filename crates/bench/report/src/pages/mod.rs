//! The pages of a results directory: `README.md`, one page for each workload, and one for each study.

mod answer;
mod article;
mod details;
mod faults;
mod network;
mod python;
mod readme;
mod rows;
mod scale;
mod sentences;
mod sure;
mod time;
mod workload;

use std::collections::BTreeMap;

use bench_data::{
    results::{Group, Results},
    workload::Vary,
};

pub use answer::answer;
pub use readme::{anchor, title};
pub use rows::{memory, memory_text, outcome};
pub use sure::{measured, rounds_of_reference, sittings};

use crate::{
    format::list,
    markdown,
    plots::{self, Plot},
};

/// The groups that share a page.
pub struct Part<'a> {
    /// Name of its page, without `.md`.
    name: &'a str,
    groups: Vec<&'a Group>,
}

impl Part<'_> {
    fn vary(&self) -> Vary {
        self.groups[0].workload.vary
    }

    fn title(&self) -> String {
        let first = &self.groups[0].workload;
        let sizes = self.groups.iter().filter(|group| group.workload.vary == Vary::Nothing).count();
        match first.vary {
            Vary::Nothing | Vary::Server if sizes > 1 => capitalised(&first.name),
            Vary::Nothing | Vary::Server => first.title.clone(),
            Vary::Size => "As it grows".to_owned(),
            Vary::Fault => "Sick hosts".to_owned(),
            Vary::Rtt => "Over a network".to_owned(),
        }
    }

    /// What makes its figures.
    fn command(&self) -> String {
        let quick = self.groups.iter().any(|group| group.workload.quick);
        match self.vary() {
            _ if quick => "make quick".to_owned(),
            Vary::Nothing | Vary::Server => "make bench".to_owned(),
            _ => format!("make {}", self.groups[0].workload.study),
        }
    }
}

/// Everything that pages are made of.
pub struct Book<'a> {
    results: &'a Results,
    plots: Vec<Plot>,
    parts: Vec<Part<'a>>,
}

impl<'a> Book<'a> {
    fn new(results: &'a Results) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for group in &results.groups {
            let name = match group.workload.vary {
                Vary::Nothing | Vary::Server => &group.workload.name,
                _ => &group.workload.study,
            };
            match parts.iter_mut().find(|part| part.name == *name) {
                Some(part) => part.groups.push(group),
                None => parts.push(Part { name, groups: vec![group] }),
            }
        }
        Book { results, plots: plots::all(results), parts }
    }

    /// The picture of this name, where there is one.
    fn picture(&self, name: &str) -> String {
        let plot = self.plots.iter().find(|plot| plot.name == name);
        plot.map_or(String::new(), |plot| format!("\n![{}](plots/{name}.svg)\n", plot.alt))
    }

    /// The pictures of `key`: those whose name is it and a word, or it alone.
    fn pictures(&self, key: &str) -> String {
        let of = |name: &str, key: &str| {
            name == key || name.strip_prefix(key).is_some_and(|rest| rest.starts_with('-'))
        };
        let longer = |name: &str| {
            let keys = self.results.groups.iter().map(|group| &group.workload.key);
            keys.clone().any(|other| other.len() > key.len() && of(name, other) && of(other, key))
        };
        let names = self.plots.iter().map(|plot| &plot.name).filter(|name| of(name, key) && !longer(name));
        names.map(|name| self.picture(name)).collect()
    }

    fn page(&self, part: &Part) -> String {
        let body = match part.vary() {
            Vary::Nothing | Vary::Server => workload::sections(self, part),
            Vary::Size => scale::sections(self, part),
            Vary::Fault => faults::sections(self, part),
            Vary::Rtt => network::sections(self, part),
        };
        let marks: String = sure::marks(&part.groups).iter().map(|mark| format!("\n**{mark}**\n")).collect();
        let vintages = sure::vintages(&part.groups);
        format!(
            "# {}\n\nMeasured by `{}` on {}. [All results of this machine](README.md), \
             [all figures](measurements.csv).\n{marks}{vintages}\n{}\nOn this page:\n\n{}{body}",
            part.title(),
            part.command(),
            title(&self.results.machine),
            glossary(),
            markdown::contents(&body),
        )
    }
}

/// All generated files of a results directory, by their path in it.
pub fn files(results: &Results) -> BTreeMap<String, String> {
    let book = Book::new(results);
    let mut files = BTreeMap::from([
        ("measurements.csv".to_owned(), results.csv.clone()),
        ("README.md".to_owned(), readme::page(&book)),
    ]);
    files.extend(book.parts.iter().map(|part| (format!("{}.md", part.name), book.page(part))));
    files.extend(book.plots.iter().map(|plot| (format!("plots/{}.svg", plot.name), plot.svg.clone())));
    files
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The words that every page uses.
fn glossary() -> &'static str {
    "- **limit**: ceil(items ÷ in flight) × latency, the least wall time that the model allows.\n\
     - **in flight**: items that wait at the same time; *peak in flight* is what the server counted.\n\
     - **PSS**: memory of a process tree, shared pages divided; a single process is compared by its max RSS, which is exact.\n\
     - **interval**: `0.93 [0.91, 0.96]` is a ratio and its 95 % interval; `≈ 0.93` has none, from one run or too few rounds.\n\
     - **round**: one run of every program, in an order drawn anew; ratios are taken within rounds.\n"
}

/// A sentence of several; nothing where there are none.
fn sentence(before: &str, parts: &[String], after: &str) -> Option<String> {
    (!parts.is_empty()).then(|| format!("{before}{}{after}", list(parts)))
}
