//! Sentences below the answer: each decides something, and stands only where the figures support it.

use bench_data::results::{Entry, Group};

use crate::{
    format::{code, mib, wall},
    pages::rows::{counter, interval, is_reference, memory, memory_text, name, ratio},
};

/// All sentences of a workload, in fixed order.
pub fn all(group: &Group) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(baseline(group));
    sentences.extend(driver(group));
    sentences.extend(runtime(group, "tokio-multi", "tokio's default runtime"));
    sentences.extend(runtime(group, "tokio-blocking", "a blocking driver in `spawn_blocking`"));
    sentences.extend(completions(group));
    sentences.extend(group.ok().filter_map(|entry| pool(group, entry)));
    sentences.extend(group.ok().filter_map(a_process));
    sentences.extend(group.ok().filter_map(|entry| in_flight(group, entry)));
    sentences
}

/// The same program with more in flight.
fn wider<'a>(group: &'a Group, entry: &Entry) -> Option<&'a Entry> {
    group.ok().find(|other| other.row.model == entry.row.model && other.row.at_once > entry.row.at_once)
}

/// The program of a model that has all items in flight, without further arguments.
fn plain<'a>(group: &'a Group, model: &str) -> Option<&'a Entry> {
    group.ok().find(|entry| entry.row.model == model && !entry.row.program.contains(' '))
}

fn baseline(group: &Group) -> Option<String> {
    let baseline = group.baseline().filter(|entry| interval(entry).is_some())?;
    let what = &group.workload.model(&baseline.row.model)?.waits;
    Some(format!(
        "The baseline {}, {what}, takes {} times as long as {}.",
        name(baseline),
        ratio(group, baseline)?,
        code(&group.workload.reference)
    ))
}

/// The same event loop with two drivers.
fn driver(group: &Group) -> Option<String> {
    let mini = format!("{}-mini", group.workload.reference);
    let mini = group.ok().find(|entry| entry.row.program == mini)?;
    mini.figures.verdict.as_deref().filter(|verdict| *verdict != "none")?;
    Some(format!(
        "The driver counts: on the same event loop {} takes {} times as long as {}, with {} in place of {}.",
        name(mini),
        ratio(group, mini)?,
        code(&group.workload.reference),
        memory_text(mini),
        memory_text(group.reference()?),
    ))
}

/// What another way to run it makes of the reference.
fn runtime(group: &Group, model: &str, what: &str) -> Option<String> {
    let (entry, reference) = (plain(group, model)?, group.reference()?);
    interval(entry)?;
    let verdict = match entry.figures.verdict.as_deref()? {
        "none" => "no difference in time of 1 % or more is shown",
        verdict => verdict,
    };
    Some(format!(
        "With {what}: {verdict}, {} times as long as {}, with {} in place of {}.",
        ratio(group, entry)?,
        name(reference),
        memory_text(entry),
        memory_text(reference)
    ))
}

/// What io_uring changes when it is asked for completions, and what it does not.
fn completions(group: &Group) -> Option<String> {
    let (compio, reference) = (plain(group, "compio")?, group.reference()?);
    interval(compio)?;
    let (few, many) = (compio.figures.syscalls?, reference.figures.syscalls?);
    let time = match compio.figures.verdict.as_deref()? {
        "none" => "no difference in time of 1 % or more is shown",
        verdict => verdict,
    };
    (few < many).then(|| {
        format!(
            "{} makes {few} system calls where {} makes {many}; {time} ({}).",
            name(compio),
            name(reference),
            ratio(group, compio).unwrap_or_default()
        )
    })
}

/// Where a pool is too small, what it costs, and what a larger one costs.
fn pool(group: &Group, entry: &Entry) -> Option<String> {
    let (at_once, size) = (entry.row.at_once, group.workload.size);
    let figures = &entry.figures;
    let waits = figures.over_limit()? < 1.1 && figures.cpu_percent? < 50.0;
    if at_once == 1 || at_once >= size || !waits {
        return None;
    }
    let mut sentence = format!(
        "{} is held up by its pool: {at_once} in flight, so {} turns of {} s are {} s of its {} s.",
        name(entry),
        size.div_ceil(at_once),
        group.workload.latency_s,
        wall(figures.limit_s),
        wall(figures.wall_median_s),
    );
    if let Some(more) = wider(group, entry) {
        sentence += &format!(
            " With {} in flight it takes {} s and {} in place of {}",
            more.row.at_once,
            wall(more.figures.wall_median_s),
            memory_text(more),
            memory_text(entry)
        );
        sentence += &marginal(entry, more)
            .map_or(String::new(), |kib| format!(": a marginal cost of {kib:.0} KiB per item in flight"));
        sentence.push('.');
    }
    Some(sentence)
}

/// KiB for each item more in flight, as both were counted; nothing where it does not exceed what runs differ by.
fn marginal(few: &Entry, many: &Entry) -> Option<f64> {
    let ((_, low, most), (least, high, _)) = (memory(few)?, memory(many)?);
    let items = many.figures.in_flight?.checked_sub(few.figures.in_flight?)?;
    let one_process = [few, many].iter().all(|entry| entry.figures.processes.unwrap_or(1) == 1);
    (one_process && items > 0 && least > most).then(|| (high as f64 - low as f64) / items as f64)
}

fn a_process(entry: &Entry) -> Option<String> {
    let figures = &entry.figures;
    let processes = figures.processes.filter(|processes| *processes > 1)?;
    Some(format!(
        "{} is {processes} processes with {} MiB (PSS) together; max RSS shows the largest alone, {} MiB.",
        name(entry),
        mib(figures.tree_pss_kib),
        mib(figures.max_rss_kib)
    ))
}

/// Where fewer were in flight than the model allows.
fn in_flight(group: &Group, entry: &Entry) -> Option<String> {
    let (seen, allowed) = (entry.figures.in_flight?, entry.row.at_once);
    (seen < allowed && !is_reference(group, entry) || 10 * seen < 9 * allowed).then(|| {
        format!("{} may have {allowed} in flight; {} shows {seen} at most.", name(entry), counter(group))
    })
}
