//! `README.md` of a results directory: the page that people read.

mod article3;
mod faults;
mod findings;
mod mariadb;
mod network;
mod python;
mod scale;
mod sequence;
mod summary;
mod tables;

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    format::{code, fixed, list, mib},
    machine::Machine,
    markdown::Table,
    published::Published,
    results::{Group, Results},
};

pub use findings::{beyond_noise, fastest, noise};
pub use network::{Route, routes};
pub use scale::{Growth, growths};
pub use summary::headlines;

/// Noise of a single run, as a part of its time: sessions on a shared machine were seen to differ by this much.
pub const ONE_RUN_NOISE: f64 = 0.05;

/// Noise that is assumed at least, as a part of the time: five waits for a timer agree to some microseconds, but two
/// series of them differ by more.
pub const LEAST_NOISE: f64 = 0.005;

/// The whole page.
pub fn page(results: &Results, published: &Published) -> String {
    let all = [&results.groups, &results.scale, &results.faults, &results.network];
    let quick = all.into_iter().flatten().any(|group| group.workload.quick);
    let command = if quick { "make quick" } else { "make bench" };
    let mut page = format!(
        "Made by `{command}`; `make report` makes it again from `raw/`. All figures: [measurements.csv](measurements.csv), \
         all facts of the machine: [machine.toml](machine.toml).\n\n# {}\n\n",
        title(&results.machine)
    );
    if quick {
        page += "**A quick run: fewer items, shorter waits, two rounds. It tests the pipeline; its figures are not to be quoted.**\n\n";
    }
    page += &machine(&results.machine);
    if !results.groups.is_empty() {
        page += "\n## Which way of waiting?\n\n";
        page += &summary::matrix(&results.groups);
    }
    for group in &results.groups {
        page.push('\n');
        page += &workload(group, results, published);
    }
    if !results.scale.is_empty() {
        page += &scale::section(&results.scale);
    }
    if !results.faults.is_empty() {
        page += &faults::section(results);
    }
    if !results.network.is_empty() {
        page += &network::section(results, published);
    }
    page += "\n## How to read this\n\n";
    page += &notes(results);
    page
}

/// CPU and its cores, for headings.
pub fn title(machine: &Machine) -> String {
    let virtualised = if machine.virtualisation == "none" { "" } else { ", virtual" };
    format!("{}, {} CPUs{virtualised}", machine.cpu, machine.cpus)
}

fn machine(machine: &Machine) -> String {
    let cores = machine.cores.map_or(String::new(), |cores| format!(", {cores} cores"));
    let mut text = format!(
        "{}{cores}, {:.1} GiB of memory, {}, kernel {}, {}. Before the start: load average {:.2}, {:.0} % of the CPUs busy.\n",
        machine.cpu,
        machine.memory_mib as f64 / 1024.0,
        machine.distribution,
        machine.kernel,
        machine.compiler,
        machine.load_before,
        machine.busy_percent,
    );
    if !machine.warnings.is_empty() {
        text += "\nBefore the start, the machine check warned:\n\n";
        for warning in &machine.warnings {
            text += &format!("- {warning}\n");
        }
    }
    text
}

fn workload(group: &Group, results: &Results, published: &Published) -> String {
    let workload = &group.workload;
    let mut text = format!(
        "## {} ({}, article {})\n\n{}\n\n",
        workload.title, workload.key, workload.article, workload.asks
    );
    // A quick run asks for something else.
    let models = if workload.quick { BTreeMap::new() } else { published.of(&workload.name, workload.size) };
    text += "**What the figures say**\n\n";
    for sentence in findings::all(group, results) {
        text += &format!("- {sentence}\n");
    }
    if let Some(server) = &workload.server {
        text += &mariadb::section(group, server, results);
    }
    text += "\n**Time**, in seconds\n\n";
    text += &tables::time(group).to_string();
    let key = &workload.key;
    text += &format!("\n![Wall time of every program beside its limit](plots/{key}-wall.svg)\n");
    text += "\n**Memory**, in MiB\n\n";
    text += &tables::memory(group).to_string();
    text += &format!("\n![Peak memory of every program](plots/{key}-memory.svg)\n");
    text += &format!("\n![Memory of every program over time](plots/{key}-memory-over-time.svg)\n");
    if group.python().count() > 0 {
        text += &format!(
            "\n![Memory of every Python program over time](plots/{key}-memory-over-time-python.svg)\n"
        );
    }
    text += "\n**CPU and kernel work**\n\n";
    text += &tables::work(group).to_string();
    text += &tables::notes(group);
    if group.python().count() > 0 {
        text += &python::section(group);
    }
    if workload.article == 3 {
        text += &article3::section(group, &models);
    } else if !models.is_empty() {
        text += "\n**The article's figures beside ours** (its Python programs on its machine; only the ratios compare)\n\n";
        text += &tables::published(group, &models).to_string();
    }
    text
}

fn notes(results: &Results) -> String {
    let mut text = String::new();
    let mut line = |sentence: &str| writeln!(text, "- {sentence}").unwrap_or_default();
    line(
        "**limit** = ceil(items ÷ at once) × latency: the least time that the model allows. wall ÷ limit says how near a program comes to it.",
    );
    line(
        "**median, MAD**: of hyperfine's runs, made in rounds over all programs of a workload, so that a drift of the machine hits all alike. MAD is the median absolute deviation. Where figures are compared, 0.5 % is taken as their noise at least.",
    );
    line(&format!(
        "**One run has no spread**: a program of 10 s or more runs once, and the observed run is its time. Where such a figure is compared, {:.0} % of it is taken as its noise.",
        100.0 * ONE_RUN_NOISE
    ));
    line("**× sequential**: the sequential program's wall time ÷ this one's.");
    line(
        "**at once, seen**: the most items in flight at one time, as the lab counted them, or, without a lab, as the program's output shows. **effective concurrency** = items × latency ÷ wall.",
    );
    line(
        "**max RSS** is the largest single process (GNU time); **PSS of the tree** adds up all processes, shared pages divided, sampled by bench-observe: shorter peaks than the stated interval are missed. hyperfine's own memory column is not used: it is a running maximum over all that it has waited for.",
    );
    line(
        "**Context switches and faults** come from the observed run. **User and system time** are medians of hyperfine's runs, or the observed run's.",
    );
    line(
        "**System calls** are counted by `strace -c -f` in a run of its own, because it slows the program; nothing else is taken from that run.",
    );
    line("**lab CPU** is what the servers used themselves during the observed run, on this same machine.");
    if let Some(machine) = list_crates(results) {
        line(&machine);
    }
    text
}

fn list_crates(results: &Results) -> Option<String> {
    let crates = &results.machine.crates;
    let all: Vec<String> = crates.iter().map(|(name, version)| format!("{name} {version}")).collect();
    (!all.is_empty()).then(|| format!("Crates that the programs use: {}.", list(&all)))
}

/// The table for the root README: one row a program, linked to this page, with Python's beside it.
pub fn short(results: &Results, folder: &str) -> String {
    let mut table = Table::figures([
        "workload",
        "program",
        "wall, s",
        "× sequential",
        "wall ÷ limit",
        "peak memory, MiB",
        "the same in Python",
        "wall, s",
        "× Rust",
        "peak memory, MiB",
        "× Rust",
    ]);
    for group in &results.groups {
        let sequential = group.sequential_s();
        for entry in group.entries.iter().filter(|entry| !entry.row.python && !entry.row.is_floor()) {
            let figures = &entry.figures;
            let name = format!("[{}]({folder}/README.md)", group.workload.key);
            if !figures.is_ok() {
                table.row([name, code(&entry.row.program), figures.status.clone()]);
                continue;
            }
            let mut cells = vec![
                name,
                code(&entry.row.program),
                fixed(figures.wall_median_s, 3),
                fixed(sequential.zip(figures.wall_median_s).map(|(all, wall)| all / wall), 1),
                fixed(figures.over_limit(), 2),
                mib(figures.tree_pss_kib),
            ];
            cells.extend(python::beside(group, entry));
            table.row(cells);
        }
    }
    format!(
        "On {} ([all figures, plots and findings]({folder}/README.md)):\n\n{table}",
        title(&results.machine)
    )
}
