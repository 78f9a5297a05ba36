//! `make scale`: the same programs with ever more items.

mod bounds;
mod growth;

use bench_data::{measurement::Measurement, results::Group};

use crate::{
    format::{self, code, fixed, mib, wall, whole},
    markdown::{Table, bullets, details},
    pages::{
        book::{Book, Part},
        rows, sure, time,
    },
};
use growth::{Cost, Growth, growths};

/// All sections of the page.
pub fn sections(book: &Book, part: &Part) -> String {
    let mut text = "\nThe same programs with 10 items and more, each up to where it fails or would wait longer than the \
        budget. A *marginal cost* is the slope between the smallest and the largest size that ran, so what a process \
        costs before its first item is not in it; memory counts per item in flight, as the server counted them.\n"
        .to_owned();
    for growth in growths(&part.groups) {
        text += &section(book, &growth);
    }
    text
}

fn section(book: &Book, growth: &Growth) -> String {
    let name = growth.name;
    let first = growth.groups[0];
    let measured = sure::study(&growth.groups);
    let mut text = format!("\n## {name}: {} s per item\n\n{measured}", first.workload.latency_s);
    text += &bullets(sentences(growth));
    if let Some((largest, smaller)) = growth.groups.split_last() {
        text += &format!("\n### {name}: {} items\n\n{}", largest.workload.size, table_of(largest));
        for group in smaller.iter().rev() {
            text += &details(&format!("{name} with {} items", group.workload.size), &table_of(group));
        }
    }
    text += &book.pictures(&format!("scale-{name}"));
    // A slope through figures of several days or commits would be about these, too.
    if sure::one_vintage(&growth.groups) {
        text += &slopes(growth);
    }
    text += &bounds::section(growth);
    text + &details(&format!("What the lab used: {name}"), &lab(growth))
}

/// The same figure at all sizes, and what an item more costs.
fn slopes(growth: &Growth) -> String {
    let mut text = format!("\n### How it grows: {}\n", growth.name);
    let wall_table = growth.table(&[], |figures| wall(figures.wall_median_s));
    text += &details("Wall time, s", &wall_table.to_string());
    let kib: Cost = ("per item in flight, KiB", |line| fixed(line.memory_per_item(), 2));
    let memory = growth.table(&[kib], |figures| mib(figures.memory_kib()));
    text += &details("Peak memory, MiB, and its marginal cost", &memory.to_string());
    let micros: Cost = ("per item, µs", |line| fixed(line.cpu_per_item().map(|s| s * 1e6), 1));
    let cpu = growth.table(&[micros], |figures| fixed(figures.cpu_s().map(|seconds| seconds * 1e3), 1));
    text += &details("CPU time, ms, and its marginal cost", &cpu.to_string());
    let switches = growth.table(&[], |figures| whole(figures.switches()));
    text + &details("Context switches", &switches.to_string())
}

/// The Time table of one size, with memory.
fn table_of(group: &Group) -> String {
    let entries = rows::rust(group).into_iter().filter(|entry| !growth::is_bounded(group, entry));
    time::table(group, entries).to_string()
}

fn sentences(growth: &Growth) -> Vec<String> {
    let mut sentences = Vec::new();
    let Some(largest) = growth.groups.last() else { return sentences };
    let size = largest.workload.size;
    let plain = |name: &str| {
        let mut lines = growth.unbounded().filter_map(|line| line.ok(size));
        lines.find(|figures| figures.program == name)
    };
    let reference = plain(&largest.workload.reference);
    let multi = plain(&format!("{}-multi", largest.workload.reference));
    sentences.extend(reference.zip(multi).and_then(|(one, many)| more_threads(one, many)));
    let partly: Vec<String> = growth
        .unbounded()
        .filter_map(|line| {
            let seen = line
                .ok(size)?
                .in_flight
                .filter(|seen| 2 * seen < line.at(size).map_or(0, |e| e.row.at_once))?;
            Some(format!("{} {seen}", code(&line.label)))
        })
        .collect();
    sentences.extend(format::sentence(
        &format!("All at once is not all in flight: of {size}, the first are done before the last begin. Peak in flight: "),
        &partly,
        ".",
    ));
    for line in &growth.lines {
        let failed = line
            .entries
            .iter()
            .filter_map(|(size, e)| Some((size, e.figures.status.strip_prefix("failed: ")?)));
        sentences
            .extend(failed.map(|(size, reason)| format!("{} fails at {size}: {reason}.", code(&line.label))));
    }
    let skipped: Vec<String> = growth
        .unbounded()
        .filter_map(|line| {
            let (size, _) =
                line.entries.iter().find(|(_, entry)| entry.figures.status.starts_with("skipped: would"))?;
            Some(format!("{} from {size}", code(&line.label)))
        })
        .collect();
    sentences.extend(format::sentence("Over the budget, and so not tried: ", &skipped, "."));
    for line in &growth.lines {
        let other = line.entries.iter().find_map(|(_, entry)| {
            entry.figures.status.strip_prefix("skipped: ").filter(|reason| !reason.starts_with("would"))
        });
        sentences.extend(other.map(|reason| format!("{} was skipped: {reason}.", code(&line.label))));
    }
    sentences
}

/// Whether more threads pay for an event loop.
fn more_threads(one: &Measurement, many: &Measurement) -> Option<String> {
    let time = match many.verdict.as_deref() {
        Some("none") => "no difference in time is shown".to_owned(),
        Some(verdict) => format!("it is {verdict}"),
        None => format!("it takes ≈ {} times as long, without a verdict", fixed(many.ratio, 2)),
    };
    Some(format!(
        "On tokio's default runtime, {} items: {time} ({} s in place of {} s), with {} MiB in place of {} MiB.",
        one.size,
        wall(many.wall_median_s),
        wall(one.wall_median_s),
        mib(many.memory_kib()),
        mib(one.memory_kib())
    ))
}

/// Whether the lab held the programs up.
fn lab(growth: &Growth) -> String {
    let mut table =
        Table::figures(["items", "program", "lab CPU, s", "÷ wall", "per item, µs", "dropped connects"]);
    for group in &growth.groups {
        let runs = group.ok().filter_map(|entry| {
            let figures = &entry.figures;
            Some((entry, figures.lab_cpu_s?, figures.lab_cpu_s? / figures.wall_median_s?))
        });
        // Who asks the most of it.
        if let Some((entry, cpu, share)) = runs.max_by(|a, b| a.2.total_cmp(&b.2)) {
            table.row([
                group.workload.size.to_string(),
                rows::name(entry),
                fixed(Some(cpu), 3),
                fixed(Some(share), 2),
                fixed(Some(cpu * 1e6 / group.workload.size as f64), 1),
                whole(entry.figures.listen_drops),
            ]);
        }
    }
    if table.is_empty() {
        return String::new();
    }
    format!(
        "In the run that keeps it busiest. It has one thread: at 1.00 it would hold the program up.\n\n{table}"
    )
}
