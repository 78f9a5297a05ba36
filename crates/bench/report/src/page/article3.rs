//! What article 3 shows of its sleepers: its metrics, its diagrams, its verdicts, from our figures.

use std::collections::BTreeMap;

use crate::{
    format::{code, fixed, mib, or_dash, whole},
    markdown::Table,
    measurements::Measurement,
    page::{
        findings::{beyond_noise, fastest, least, names, wider},
        sequence,
        tables::{default_of, python_name},
    },
    published::Figures,
    results::{Entry, Group},
};

/// Most tasks whose lines are all in the observed record, and whose diagram is still to be read.
const DRAWN: u64 = 4;

/// A tick of the kernel's clock at 250 Hz, in seconds: CPU times that are nearer to each other are not told apart.
const CPU_GRAIN_S: f64 = 0.004;

/// The part of the page that only article 3 has.
pub fn section(group: &Group, article: &BTreeMap<String, Figures>) -> String {
    let mut text = metrics(group, article);
    if group.workload.size <= DRAWN {
        text += &sequence::all(group);
    } else {
        text += &verdicts(group);
        text += &more_workers(group);
    }
    text
}

/// A column of the metrics table.
struct Column {
    head: String,
    wall: Option<f64>,
    user: Option<f64>,
    system: Option<f64>,
    cpu_percent: String,
    memory: String,
    voluntary: Option<u64>,
    involuntary: Option<u64>,
    minor: Option<u64>,
    major: Option<u64>,
    scheduler: &'static str,
}

impl Column {
    fn ours(entry: &Entry) -> Self {
        let figures = &entry.figures;
        Column {
            head: code(&entry.row.program),
            wall: figures.wall_median_s,
            user: figures.user_s,
            system: figures.system_s,
            cpu_percent: fixed(figures.cpu_percent, 1),
            memory: or_dash(figures.max_rss_kib, |kib| format!("{} MiB", mib(Some(kib)))),
            voluntary: figures.voluntary,
            involuntary: figures.involuntary,
            minor: figures.minor_faults,
            major: figures.major_faults,
            scheduler: scheduler(&entry.row.model),
        }
    }

    fn article(model: &str, figures: &Figures) -> Self {
        Column {
            head: format!("article: {}", python_name(model)),
            wall: figures.wall_s,
            user: figures.user_s,
            system: figures.system_s,
            cpu_percent: or_dash(figures.cpu_percent, |percent| percent.to_string()),
            memory: or_dash(figures.max_rss_mb, |mb| format!("{mb} MB")),
            voluntary: figures.voluntary,
            involuntary: figures.involuntary,
            minor: figures.minor_faults,
            major: figures.major_faults,
            scheduler: match model {
                "threaded" => "kernel (threads)",
                _ => "user space (event loop)",
            },
        }
    }
}

fn scheduler(model: &str) -> &'static str {
    match model {
        "threaded" => "kernel (threads)",
        "green" => "user space (coroutines)",
        "tokio" => "user space (event loop on epoll)",
        "glommio" | "compio" => "user space (event loop on io_uring)",
        _ => "kernel (processes)",
    }
}

/// A name and how to show it.
type Metric = (&'static str, Box<dyn Fn(&Column) -> String>);

fn metrics(group: &Group, article: &BTreeMap<String, Figures>) -> String {
    let mut columns: Vec<Column> = group.ok().map(Column::ours).collect();
    let printed = group.workload.models.iter().filter_map(|model| Some((model, article.get(model)?)));
    columns.extend(printed.map(|(model, figures)| Column::article(model, figures)));
    let (size, latency) = (group.workload.size, group.workload.latency_s);
    let seconds = |value: Option<f64>| or_dash(value, |value| format!("{value:.3} s"));
    let wall: Metric = ("Wall time", Box::new(move |c| seconds(c.wall)));
    let user: Metric = ("User CPU time", Box::new(move |c| seconds(c.user)));
    let system: Metric = ("System CPU time", Box::new(move |c| seconds(c.system)));
    let total: Metric =
        ("Total CPU time", Box::new(move |c| seconds(c.user.zip(c.system).map(|(u, s)| u + s))));
    let percent: Metric = ("CPU use, %", Box::new(|c| c.cpu_percent.clone()));
    let memory: Metric = ("Largest resident set", Box::new(|c| c.memory.clone()));
    let voluntary: Metric = ("Voluntary context switches", Box::new(|c| whole(c.voluntary)));
    let involuntary: Metric = ("Involuntary context switches", Box::new(|c| whole(c.involuntary)));
    let lines: Vec<Metric> = if size <= DRAWN {
        vec![user, system, total, percent, wall, memory, voluntary, involuntary]
    } else {
        let minor: Metric = ("Minor page faults", Box::new(|c| whole(c.minor)));
        let major: Metric = ("Major page faults", Box::new(|c| whole(c.major)));
        let tasks: Metric = ("Tasks", Box::new(move |_| size.to_string()));
        let effective: Metric = (
            "Effective concurrency",
            Box::new(move |c| fixed(c.wall.map(|wall| size as f64 * latency / wall), 1)),
        );
        let kind: Metric = ("Scheduler", Box::new(|c| c.scheduler.to_owned()));
        vec![
            wall,
            user,
            system,
            total,
            percent,
            memory,
            voluntary,
            involuntary,
            minor,
            major,
            tasks,
            effective,
            kind,
        ]
    };
    let head = columns.iter().map(|column| column.head.clone());
    let mut table = Table::figures(std::iter::once("metric".to_owned()).chain(head));
    for (name, show) in &lines {
        table.row(std::iter::once((*name).to_owned()).chain(columns.iter().map(show)));
    }
    let note = if size <= DRAWN || article.is_empty() {
        ""
    } else {
        "\nThe effective concurrency of the article's programs is taken from their wall times; for its pool the article prints about 32, but min(32, 16 CPUs + 4) is 20. What it prints without a separator, and so in doubt, is left out.\n"
    };
    format!(
        "\n**The article's metrics** (its Python programs on its machine stand beside ours)\n\n{table}{note}"
    )
}

/// The article's questions, answered by our figures.
fn verdicts(group: &Group) -> String {
    let mut table = Table::words(["question", "here", "because", "the article says"]);
    let Some(pool) = default_of(group, "threaded").filter(|entry| entry.figures.is_ok()) else {
        return String::new();
    };
    let size = group.workload.size;

    let first = fastest(group);
    let ratio =
        first.first().and_then(|best| Some(pool.figures.wall_median_s? / best.figures.wall_median_s?));
    let because = format!("the pool of {} takes {} times as long", pool.row.at_once, fixed(ratio, 1));
    table.row(["Who is done first?".to_owned(), names(&first), because, "asyncio".to_owned()]);

    let most = group.ok().filter_map(|entry| entry.figures.at_once).max();
    let all: Vec<&Entry> = group.ok().filter(|entry| entry.figures.at_once == most).collect();
    let because =
        format!("{} of {size} tasks in flight; the pool has {}", whole(most), whole(pool.figures.at_once));
    table.row(["Who keeps most waits going at once?".to_owned(), names(&all), because, "asyncio".to_owned()]);

    let cpu = least(group, CPU_GRAIN_S, |figures| figures.cpu_s());
    let shown: Vec<String> = group.ok().map(|entry| spent(entry, size)).collect();
    table.row(["Who spends least CPU time?".to_owned(), names(&cpu), shown.join("; "), "asyncio".to_owned()]);

    let memory = least(group, 0.0, Measurement::pss_kib);
    let shown: Vec<String> = group.ok().map(held).collect();
    let theirs = "threads, as they did less at a time".to_owned();
    table.row(["Who needs least memory?".to_owned(), names(&memory), shown.join("; "), theirs]);

    // Done as early as any, and of those the least memory.
    let mut best: Vec<&Entry> = first.clone();
    best.sort_by_key(|entry| entry.figures.tree_pss_kib);
    let choice: Vec<&Entry> = best.first().copied().into_iter().collect();
    let because = choice.first().map_or("–".to_owned(), |entry| {
        format!(
            "as early as any within noise, and of those the least memory: {} s, {} MiB",
            fixed(entry.figures.wall_median_s, 3),
            mib(entry.figures.tree_pss_kib)
        )
    });
    table.row([
        "Which to take for very many waits?".to_owned(),
        names(&choice),
        because,
        "asyncio".to_owned(),
    ]);
    format!("\n**Who wins**\n\n{table}")
}

fn spent(entry: &Entry, size: u64) -> String {
    let figures = &entry.figures;
    let switches = figures.switches().map(|all| all as f64 / size as f64);
    format!(
        "{} {} s, {} context switches a task",
        code(&entry.row.program),
        fixed(figures.cpu_s(), 3),
        fixed(switches, 3)
    )
}

fn held(entry: &Entry) -> String {
    let figures = &entry.figures;
    let each =
        figures.tree_pss_kib.zip(figures.at_once).map(|(kib, at_once)| kib as f64 / at_once.max(1) as f64);
    format!(
        "{} {} MiB, {} KiB for each task in flight",
        code(&entry.row.program),
        mib(figures.tree_pss_kib),
        fixed(each, 1)
    )
}

/// The article expects that more workers change little, or make it slightly worse.
fn more_workers(group: &Group) -> String {
    let sentences = || -> Option<String> {
        let pool = default_of(group, "threaded").filter(|entry| entry.figures.is_ok())?;
        let more = wider(group, pool)?;
        let wall = |entry: &Entry| entry.figures.wall_median_s;
        let (before, after) = (wall(pool)?, wall(more)?);
        let mut text = match beyond_noise(&pool.figures, &more.figures) {
            true if after < before => format!(
                "Not so here: {} threads in place of {} take {after:.3} s in place of {before:.3} s, {:.1} times as fast",
                more.row.at_once,
                pool.row.at_once,
                before / after
            ),
            true => format!(
                "So it is here: {} threads take {after:.3} s, {} take {before:.3} s",
                more.row.at_once, pool.row.at_once
            ),
            false => format!("So it is here: {after:.3} s and {before:.3} s are the same within noise"),
        };
        text += &format!(
            ", with {} context switches in place of {}, {} s of CPU in place of {} s, and {} MiB in place of {} MiB.",
            whole(more.figures.switches()),
            whole(pool.figures.switches()),
            fixed(more.figures.cpu_s(), 3),
            fixed(pool.figures.cpu_s(), 3),
            mib(more.figures.tree_pss_kib),
            mib(pool.figures.tree_pss_kib),
        );
        let event_loop = default_of(group, "tokio").filter(|entry| entry.figures.is_ok())?;
        let base = wall(event_loop)?;
        text += &match beyond_noise(&more.figures, &event_loop.figures) {
            true => format!(
                " Against {}, which takes {base:.3} s, that is {:.1} % {} time",
                code(&event_loop.row.program),
                100.0 * (after / base - 1.0).abs(),
                if after > base { "more" } else { "less" }
            ),
            false => format!(" That is as fast as {} within noise", code(&event_loop.row.program)),
        };
        text +=
            &format!(" and {:.1} times its memory", more.figures.pss_kib()? / event_loop.figures.pss_kib()?);
        Some(text + ".")
    };
    let Some(answer) = sentences() else { return String::new() };
    format!(
        "\n**What if the pool gets more workers?** The article expects little change, or a slight loss to context switches. {answer}\n"
    )
}
