//! The three tables of a workload, and the article's figures beside ours.

use std::collections::BTreeMap;

use crate::{
    format::{code, fixed, list, mib, or_dash, whole},
    markdown::Table,
    page::findings,
    published::Figures,
    results::{Entry, Group},
};

/// One row a program, and the floor under them; a skipped one says why.
fn rows(table: &mut Table, group: &Group, cells: impl Fn(&Entry) -> Vec<String>) {
    let (floor, programs): (Vec<&Entry>, Vec<_>) =
        group.entries.iter().partition(|entry| entry.row.is_floor());
    for entry in programs.into_iter().chain(floor) {
        let name = code(&entry.row.program);
        match entry.figures.is_ok() {
            true => table.row(std::iter::once(name).chain(cells(entry))),
            false => table.row([name, entry.figures.status.clone()]),
        }
    }
}

/// Time against the limit.
pub fn time(group: &Group) -> Table {
    let floor = group.floor();
    let head = [
        "program",
        "runs",
        "median",
        "MAD",
        "min–max",
        "limit",
        "wall ÷ limit",
        "× sequential",
        "effective concurrency",
        "at once, seen",
        "at once, allowed",
    ];
    let mut table = Table::figures(head.into_iter().chain(floor.map(|_| "wall ÷ floor")));
    rows(&mut table, group, |entry| {
        let figures = &entry.figures;
        // Each language against its own.
        let own = |other: &&Entry| other.row.python == entry.row.python && other.row.model == "sequential";
        let sequential = group.entries.iter().find(own).and_then(|entry| entry.figures.wall_median_s);
        let spread = figures.wall_min_s.zip(figures.wall_max_s).filter(|_| figures.runs > Some(1));
        let mut cells = vec![
            whole(figures.runs),
            fixed(figures.wall_median_s, 4),
            figures.wall_mad_s.map_or("one run".to_owned(), |mad| format!("{mad:.4}")),
            spread.map_or("one run".to_owned(), |(min, max)| format!("{min:.4}–{max:.4}")),
            fixed(figures.limit_s, 3),
            fixed(figures.over_limit(), 3),
            fixed(sequential.zip(figures.wall_median_s).map(|(all, wall)| all / wall), 1),
            fixed(figures.effective_concurrency, 1),
            whole(figures.at_once),
            entry.row.at_once.to_string(),
        ];
        if let Some(floor) = floor {
            cells.push(fixed(findings::over_floor(floor, entry), 3));
        }
        cells
    });
    table
}

/// Memory of one process and of all.
pub fn memory(group: &Group) -> Table {
    let own = if group.workload.sampled { vec!["peak of its own samples (RSS)"] } else { vec![] };
    let head = ["program", "max RSS of the largest process", "peak PSS of the tree", "processes"];
    let mut table = Table::figures(head.into_iter().chain(own));
    rows(&mut table, group, |entry| {
        let ran = entry.ran.as_ref();
        let mut cells = vec![
            mib(entry.figures.max_rss_kib),
            mib(entry.figures.tree_pss_kib),
            whole(ran.map(|ran| ran.observed.peak_processes)),
        ];
        if group.workload.sampled {
            cells.push(mib(ran.and_then(|ran| ran.memory.iter().map(|sample| sample.1 / 1024).max())));
        }
        cells
    });
    table
}

/// CPU time and what the kernel had to do.
pub fn work(group: &Group) -> Table {
    // A server of the user's is not ours to look at.
    let server = group.server().filter(|_| group.ok().any(|entry| entry.figures.lab_cpu_s.is_some()));
    let lab: Vec<String> = server.iter().map(|server| format!("{server} CPU, s")).collect();
    let head = [
        "program",
        "user, s",
        "system, s",
        "CPU %",
        "voluntary switches",
        "involuntary switches",
        "minor faults",
        "major faults",
        "system calls",
        "an item",
    ];
    let mut table = Table::figures(head.map(str::to_owned).into_iter().chain(lab));
    let size = group.workload.size as f64;
    rows(&mut table, group, |entry| {
        let figures = &entry.figures;
        let mut cells = vec![
            fixed(figures.user_s, 4),
            fixed(figures.system_s, 4),
            fixed(figures.cpu_percent, 1),
            whole(figures.voluntary),
            whole(figures.involuntary),
            whole(figures.minor_faults),
            whole(figures.major_faults),
            whole(figures.syscalls),
            fixed(figures.syscalls.map(|calls| calls as f64 / size), 1),
        ];
        if server.is_some() {
            cells.push(fixed(figures.lab_cpu_s, 4));
        }
        cells
    });
    table
}

/// What a reader must know of these tables in particular.
pub fn notes(group: &Group) -> String {
    let mut text = String::new();
    let intervals = group.ok().filter_map(|entry| Some(entry.ran.as_ref()?.observed.interval_ms));
    let (least, most) = intervals.fold((f64::MAX, 0f64), |(least, most), ms| (least.min(ms), most.max(ms)));
    if most > 0.0 {
        text += &format!("\nPSS was sampled every {least:.1} to {most:.1} ms.");
    }
    if group.workload.sampled {
        text += " In the observed run each program also samples its own resident set every 10 ms: about 100 of its voluntary context switches a second are the sampler's. Timed and counted runs are without it.";
    }
    if !group.workload.counted {
        text += " System calls were not counted here.";
    }
    for entry in group.ok() {
        if let Some(latency) = entry.row.count_latency_s {
            text += &format!(
                " The system calls of {} were counted with waits of {latency} s in place of {} s: the same calls in less time.",
                code(&entry.row.program),
                group.workload.latency_s
            );
        }
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// What the article calls a model.
pub fn python_name(model: &str) -> &str {
    match model {
        "multiprocess" => "ProcessPoolExecutor",
        "threaded" => "ThreadPoolExecutor",
        "green" => "gevent",
        "tokio" => "asyncio",
        "glommio" => "asyncio on uvloop",
        other => other,
    }
}

/// The program that stands for a model: with its default concurrency.
pub fn default_of<'a>(group: &'a Group, model: &str) -> Option<&'a Entry> {
    group.entries.iter().find(|entry| entry.row.model == model && entry.row.args.is_empty())
}

/// Article and ours, model by model.
pub fn published(group: &Group, models: &BTreeMap<String, Figures>) -> String {
    let mut table = Table::figures([
        "model (the article's)",
        "wall, article",
        "wall, ours",
        "× sequential, article",
        "× sequential, ours",
        "memory, article",
        "memory, ours",
    ]);
    let theirs = models.get("sequential").and_then(|figures| figures.wall_s);
    let ours = group.sequential_s();
    let times = |all: Option<f64>, wall: Option<f64>| fixed(all.zip(wall).map(|(all, wall)| all / wall), 1);
    for model in &group.workload.models {
        let Some(article) = models.get(model) else { continue };
        let Some(entry) = default_of(group, model) else { continue };
        let wall = entry.figures.wall_median_s;
        table.row([
            match python_name(model) {
                same if same == model => model.clone(),
                python => format!("{model} ({python})"),
            },
            or_dash(article.wall_s, |wall| format!("{wall} s")),
            or_dash(wall, |wall| format!("{wall:.3} s")),
            times(theirs, article.wall_s),
            times(ours, wall),
            or_dash(article.memory_mb.or(article.max_rss_mb), |mb| format!("{mb} MB")),
            or_dash(entry.figures.tree_pss_kib, |kib| format!("{:.1} MiB", kib as f64 / 1024.0)),
        ]);
    }
    let missing: Vec<String> = group
        .workload
        .models
        .iter()
        .filter(|model| default_of(group, model).is_some() && !models.contains_key(*model))
        .cloned()
        .collect();
    let note = match missing.as_slice() {
        [] => String::new(),
        missing => format!("\nThe article prints no figures for {}.\n", list(missing)),
    };
    format!("{table}{note}")
}
