//! `README.md` of a results directory: two screens.

use std::collections::BTreeMap;

use bench_data::{
    facts::{Facts, Machine},
    results::{Entry, Group},
    workload::Vary,
};

use crate::{
    format::{code, list, mib, wall},
    markdown::{Table, bullets, details},
    pages::{
        answer::answer,
        book::{Book, anchor, machine_title},
        rows, sure,
    },
};

/// The whole page.
pub fn page(book: &Book) -> String {
    let results = book.results;
    let groups: Vec<&Group> = results.groups.iter().collect();
    let mut text = format!("# {}\n", machine_title(&results.machine));
    for mark in sure::marks(&groups) {
        text += &format!("\n**{mark}**\n");
    }
    let links = book.parts.iter().map(|part| format!("[{}]({}.md)", part.title(), part.name));
    text += &format!(
        "\nPages: {}. All figures: [measurements.csv](measurements.csv). `make report` makes this page again from `raw/`.\n",
        links.collect::<Vec<_>>().join(", ")
    );
    let asked: Vec<&Group> = groups.iter().copied().filter(|g| g.workload.vary == Vary::Nothing).collect();
    if !asked.is_empty() {
        text += "\n## The answer\n";
        text += &book.picture_at_the_right("overview");
        text += &bullets(asked.iter().map(|group| headline(group)));
        text += &format!(
            "\n<br clear=\"both\">\n\n## The matrix\n\nWall time in seconds / peak memory in MiB: max RSS of one process, \
             PSS of a tree.\n\n{}",
            matrix(&asked)
        );
        text += &absent(&asked);
    }
    text += &format!("\n## How sure\n{}\n{}", sure::vintages(&groups), certainty(book));
    text += &details("The machine, its tools and crates", &machine(&results.machine, groups[0].facts()));
    text
}

fn headline(group: &Group) -> String {
    let workload = &group.workload;
    let what = format!("{} × {} s", workload.size, workload.latency_s);
    format!("[{}]({}) ({what}): {}", workload.title, anchor(group), answer(group))
}

/// Models as rows, workloads as columns.
fn matrix(groups: &[&Group]) -> Table {
    let heads = groups.iter().map(|group| format!("[{}]({})", group.workload.key, anchor(group)));
    let mut table = Table::figures(std::iter::once("way of waiting".to_owned()).chain(heads));
    let mut labels: Vec<(usize, String)> = Vec::new();
    for group in groups {
        for (entry, label) in labelled(group) {
            let model = group.workload.models.iter().position(|model| model.name == entry.row.model);
            let label = (model.unwrap_or(usize::MAX), label);
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    labels.sort_by_key(|(model, label)| (*model, label.len()));
    for (_, label) in labels {
        let cells = groups.iter().map(|group| {
            let entry = labelled(group).find(|(_, own)| *own == label).map(|(entry, _)| entry);
            entry.map_or("–".to_owned(), |entry| match entry.figures.is_ok() {
                true => {
                    format!("{} / {}", wall(entry.figures.wall_median_s), mib(entry.figures.memory_kib()))
                }
                false => rows::outcome(entry),
            })
        });
        table.row(std::iter::once(label.clone()).chain(cells));
    }
    table
}

/// The programs in Rust with what they are called in the matrix: their name, and how many in flight where they say it.
fn labelled(group: &Group) -> impl Iterator<Item = (&Entry, String)> {
    let programs = group.entries.iter().filter(|entry| !entry.row.python && entry.row.control.is_none());
    programs.map(|entry| {
        let more = match entry.row.program.contains(' ') {
            true if entry.row.at_once == group.workload.size => ", all in flight".to_owned(),
            true => format!(", {} in flight", entry.row.at_once),
            false => String::new(),
        };
        (entry, format!("{}{more}", entry.row.bare_name()))
    })
}

/// Why cells are empty.
fn absent(groups: &[&Group]) -> String {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for group in groups {
        for (model, reason) in &group.workload.absent {
            reasons.entry(reason).or_default().push(code(&format!("{}-{model}", group.workload.name)));
        }
        let failed = group.entries.iter().filter(|entry| !entry.row.python && !entry.figures.is_ok());
        failed.for_each(|entry| reasons.entry(&entry.figures.status).or_default().push(rows::name(entry)));
    }
    let reasons = reasons.into_iter().map(|(reason, mut names)| {
        names.sort();
        names.dedup();
        format!("{}: {reason}.", list(&names))
    });
    details("Why cells are empty", &bullets(reasons))
}

/// When each part was measured, and what its controls showed. Parts that are alike share a row.
fn certainty(book: &Book) -> Table {
    let head = ["part", "measured", "commit", "sittings", "rounds", "controls"];
    let mut rows: Vec<(String, [String; 5])> = Vec::new();
    for part in &book.parts {
        let mut rest = part.groups.clone();
        while let Some(first) = rest.first().copied() {
            let varied = !matches!(first.workload.vary, Vary::Nothing | Vary::Server);
            let facts = first.facts();
            let (alike, others): (Vec<&Group>, _) = rest.into_iter().partition(|group| {
                std::ptr::eq(*group, first) || varied && group.facts().same_vintage(facts)
            });
            rest = others;
            let name = if varied { part.name } else { &first.workload.key };
            let name = format!("[{name}]({}.md)", part.name);
            let cells = [
                facts.day().to_owned(),
                facts.version_for_people(),
                first.sittings.len().to_string(),
                sure::rounds_of_reference(alike.into_iter()),
                sure::controls(first).to_owned(),
            ];
            match rows.iter_mut().find(|(_, known)| *known == cells) {
                Some((names, _)) => *names += &format!(", {name}"),
                None => rows.push((name, cells)),
            }
        }
    }
    let mut table = Table::words(head);
    for (name, cells) in rows {
        table.row(std::iter::once(name).chain(cells));
    }
    table
}

fn machine(machine: &Machine, facts: &Facts) -> String {
    let cores = machine.cores.map_or(String::new(), |cores| format!("{cores} cores, "));
    let mut text = format!(
        "{}, {cores}{} CPUs, {:.1} GiB of memory, virtualisation: {}. {}, kernel {}, {}.\n",
        machine.cpu,
        machine.cpus,
        machine.memory_mib as f64 / 1024.0,
        machine.virtualisation,
        facts.distribution,
        facts.kernel,
        facts.compiler
    );
    text += &bullets(facts.warnings.iter().map(|warning| format!("Warning: {warning}.")));
    let tools = facts.tools.iter().filter(|(name, _)| *name != "python packages");
    let tools: Vec<String> = tools.map(|(_, version)| version.clone()).collect();
    let crates: Vec<String> =
        facts.crates.iter().map(|(name, version)| format!("{name} {version}")).collect();
    for (kind, all) in [("Tools", tools), ("Crates", crates)].iter().filter(|(_, all)| !all.is_empty()) {
        text += &format!("\n{kind}: {}.\n", list(all));
    }
    text + "\nAll facts of each part are in its `raw/…/sitting-1/facts.toml`.\n"
}
