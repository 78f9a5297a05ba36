//! The folded tables: memory, CPU time and kernel work.

use bench_data::{
    observed::Observed,
    raw::Ran,
    results::{Entry, Group},
};

use crate::{
    format::{self, count, fixed, mib, or_dash, wall, whole},
    markdown::{Table, bullets},
    pages::rows,
    published::{Figures, Models},
};

/// Samples of a run below which a short peak may be missed.
const ENOUGH_SAMPLES: u64 = 20;

/// Memory of one process and of all.
pub fn memory(group: &Group) -> String {
    let mut table = Table::figures(["program", "MiB", "least–most", "runs", "processes", "PSS, MiB"]);
    rows::fill(&mut table, rows::programs(group), |entry| {
        let figures = &entry.figures;
        let range = rows::memory(entry).filter(|_| figures.observed > Some(1));
        vec![
            mib(figures.memory_kib()),
            or_dash(range, |(least, _, most)| format!("{}–{}", mib(Some(least)), mib(Some(most)))),
            whole(figures.observed),
            whole(figures.processes),
            mib(figures.tree_pss_kib),
        ]
    });
    format!(
        "Median of the observed runs: max RSS of one process, PSS of a tree.\n\n{table}{}",
        bullets(samples(group))
    )
}

/// How finely PSS was sampled.
fn samples(group: &Group) -> Vec<String> {
    let ran: Vec<(&Entry, &Ran)> = group
        .entries
        .iter()
        .filter_map(|entry| Some((entry, entry.ran()?)))
        .filter(|(e, _)| !e.row.python)
        .collect();
    let intervals = ran.iter().flat_map(|(_, ran)| &ran.observed).map(|run| run.interval_ms);
    let (least, most) = intervals.fold((f64::MAX, 0f64), |(least, most), ms| (least.min(ms), most.max(ms)));
    let mut sentences = Vec::new();
    if most > 0.0 {
        sentences.push(format!("PSS was sampled every {least:.1} to {most:.1} ms."));
    }
    // The first recordings have the samples alone, not their number before thinning.
    let taken = |run: &Observed| run.sampled.max(run.samples.len() as u64);
    let few = |ran: &Ran| ran.observed.iter().map(taken).min().filter(|taken| *taken < ENOUGH_SAMPLES);
    let few: Vec<String> = ran
        .iter()
        .filter_map(|(entry, ran)| {
            Some(format!("{} ({})", rows::name(entry), count(few(ran)? as usize, "sample")))
        })
        .collect();
    sentences.extend(format::sentence(
        &format!("Fewer than {ENOUGH_SAMPLES} samples, so that a short peak of PSS may be missed: "),
        &few,
        ".",
    ));
    if group.workload.sampled {
        sentences.push(
            "In the observed runs each program also samples its own resident set every 10 ms: about 100 of its \
             voluntary context switches a second are the sampler's. Timed and counted runs are without it."
                .to_owned(),
        );
    }
    sentences
}

/// CPU time and what the kernel had to do, with the article's own figures where it prints them.
pub fn work(group: &Group, article: &Models) -> String {
    let size = group.workload.size as f64;
    let mut cpu = Table::figures([
        "program",
        "wall, s",
        "user, s",
        "system, s",
        "CPU, s",
        "CPU, %",
        "effective concurrency",
    ]);
    rows::fill(&mut cpu, rows::programs(group), |entry| {
        let figures = &entry.figures;
        vec![
            wall(figures.wall_median_s),
            fixed(figures.user_s, 3),
            fixed(figures.system_s, 3),
            fixed(figures.cpu_s(), 3),
            fixed(figures.cpu_percent, 1),
            fixed(figures.effective_concurrency, 1),
        ]
    });
    let mut kernel = Table::figures([
        "program",
        "max RSS, MiB",
        "voluntary switches",
        "involuntary",
        "minor faults",
        "major",
        "system calls",
        "per item",
    ]);
    rows::fill(&mut kernel, rows::programs(group), |entry| {
        let figures = &entry.figures;
        vec![
            mib(figures.max_rss_kib),
            whole(figures.voluntary),
            whole(figures.involuntary),
            whole(figures.minor_faults),
            whole(figures.major_faults),
            whole(figures.syscalls),
            fixed(figures.syscalls.map(|calls| calls as f64 / size), 1),
        ]
    });
    for (model, figures) in
        in_order(group, article).into_iter().filter(|(_, figures)| figures.user_s.is_some())
    {
        cpu.row(article_cpu(&model, figures, size * group.workload.latency_s));
        kernel.row(article_kernel(&model, figures));
    }
    format!(
        "{} tasks. Context switches and page faults are medians of the observed runs, CPU times of the timed ones.\n\n\
         {cpu}\n{kernel}{}",
        group.workload.size,
        bullets(notes(group))
    )
}

fn in_order<'a>(group: &Group, article: &'a Models) -> Vec<(String, &'a Figures)> {
    let models = group.workload.models.iter();
    models
        .filter_map(|model| Some((format!("article: {}", model.python), article.get(&model.name)?)))
        .collect()
}

fn article_cpu(name: &str, figures: &Figures, waited: f64) -> [String; 7] {
    let seconds = |value: Option<f64>| or_dash(value, |value| value.to_string());
    let total = figures.user_s.zip(figures.system_s).map(|(user, system)| user + system);
    [
        name.to_owned(),
        seconds(figures.wall_s),
        seconds(figures.user_s),
        seconds(figures.system_s),
        fixed(total, 2),
        seconds(figures.cpu_percent),
        fixed(figures.wall_s.map(|wall| waited / wall), 1),
    ]
}

fn article_kernel(name: &str, figures: &Figures) -> [String; 8] {
    [
        name.to_owned(),
        or_dash(figures.max_rss_mb, |mb| format!("{mb} MB")),
        whole(figures.voluntary),
        whole(figures.involuntary),
        whole(figures.minor_faults),
        whole(figures.major_faults),
        whole(None),
        whole(None),
    ]
}

fn notes(group: &Group) -> Vec<String> {
    let mut notes = Vec::new();
    if group.ok().all(|entry| entry.figures.syscalls.is_none()) {
        notes.push("System calls were not counted.".to_owned());
    }
    let shorter: Vec<&Entry> = group.ok().filter(|entry| entry.row.count_latency_s.is_some()).collect();
    if let Some(latency) = shorter.first().and_then(|entry| entry.row.count_latency_s) {
        let names: Vec<String> = shorter.iter().map(|entry| rows::name(entry)).collect();
        notes.push(format!(
            "The system calls of {} were counted with waits of {latency} s in place of {} s.",
            format::list(&names),
            group.workload.latency_s
        ));
    }
    let lab = group.ok().filter_map(|entry| entry.figures.lab_cpu_s.zip(entry.figures.wall_median_s));
    let most = lab.map(|(cpu, wall)| 100.0 * cpu / wall).max_by(f64::total_cmp);
    notes.extend(most.map(|most| {
        let server = rows::counter(group);
        format!("Of one CPU, {server} itself used {most:.0} % at most, in the run that asked most of it.")
    }));
    let models = group.workload.models.iter().filter(|model| group.ok().any(|e| e.row.model == model.name));
    notes.extend(models.map(|model| format!("{}: {}; threads: {}.", model.name, model.waits, model.threads)));
    notes
}
