//! Sentences, each only where the figures support it beyond noise.

use crate::{
    format::{code, list},
    measurements::Measurement,
    page::{LEAST_NOISE, ONE_RUN_NOISE},
    results::{Entry, Group, Results},
};

/// What the runs of a program differ by, in seconds: their median absolute deviation, and [`LEAST_NOISE`] at least.
pub fn noise(figures: &Measurement) -> f64 {
    let wall = figures.wall_median_s.unwrap_or(0.0);
    figures.wall_mad_s.map_or(wall * ONE_RUN_NOISE, |mad| mad.max(wall * LEAST_NOISE))
}

/// Whether the walls differ by more than the noise of both.
pub fn beyond_noise(a: &Measurement, b: &Measurement) -> bool {
    let (Some(x), Some(y)) = (a.wall_median_s, b.wall_median_s) else { return false };
    (x - y).abs() > noise(a) + noise(b)
}

/// The fastest program, and those that are as fast within noise, fastest first.
pub fn fastest(group: &Group) -> Vec<&Entry> {
    let wall = |entry: &Entry| entry.figures.wall_median_s.unwrap_or(f64::MAX);
    let mut sorted: Vec<&Entry> = group.ok().collect();
    sorted.sort_by(|a, b| wall(a).total_cmp(&wall(b)));
    let Some(best) = sorted.first().copied() else { return sorted };
    sorted.retain(|entry| !beyond_noise(&best.figures, &entry.figures));
    sorted
}

/// The programs with the least of something that is measured once: those within the noise of one run of the least,
/// or within `grain`, below which the measurement does not tell.
pub fn least(group: &Group, grain: f64, of: impl Fn(&Measurement) -> Option<f64>) -> Vec<&Entry> {
    let best = group.ok().filter_map(|entry| of(&entry.figures)).fold(f64::MAX, f64::min);
    let near = |entry: &&Entry| {
        of(&entry.figures).is_some_and(|value| value <= (best * (1.0 + ONE_RUN_NOISE)).max(best + grain))
    };
    group.ok().filter(near).collect()
}

/// Programs as code, in a list.
pub fn names(entries: &[&Entry]) -> String {
    list(&entries.iter().map(|entry| code(&entry.row.program)).collect::<Vec<_>>())
}

/// The same program with more in flight.
pub fn wider<'a>(group: &'a Group, entry: &Entry) -> Option<&'a Entry> {
    group.ok().find(|other| other.row.model == entry.row.model && other.row.at_once > entry.row.at_once)
}

/// All sentences of a workload, in fixed order.
pub fn all(group: &Group, results: &Results) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(speed(group));
    sentences.extend(group.ok().filter_map(|entry| cpu_bound(group, entry)));
    sentences.extend(floor(group));
    sentences.extend(driver(group));
    sentences.extend(completions(group));
    sentences.extend(group.ok().filter_map(|entry| pool(group, entry)));
    sentences.extend(memory(group));
    sentences.extend(group.ok().filter_map(|entry| a_thread(group, entry)));
    sentences.extend(group.ok().filter_map(a_process));
    sentences.extend(group.ok().filter_map(|entry| a_task(group, entry, results)));
    sentences.extend(group.ok().filter_map(|entry| concurrency(group, entry)));
    sentences.extend(once(group));
    sentences
}

fn speed(group: &Group) -> Option<String> {
    let best = fastest(group);
    let first = best.first()?;
    let wall = first.figures.wall_median_s?;
    let mut sentence = match best.as_slice() {
        [one] => format!("Fastest: {}, {wall:.3} s", names(&[one])),
        several => format!("Fastest, within the noise of each other: {}, {wall:.3} s", names(several)),
    };
    if let Some(sequential) = group.sequential_s().filter(|_| first.row.model != "sequential") {
        sentence += &format!(", {:.1} times as fast as one thing at a time", sequential / wall);
    }
    Some(sentence + ".")
}

/// Where the program's own CPU time is what it takes beyond its limit.
fn cpu_bound(group: &Group, entry: &Entry) -> Option<String> {
    let figures = &entry.figures;
    let limit = figures.limit_s?;
    let excess = figures.wall_median_s? - limit;
    let cpu = figures.cpu_s()?;
    let one_thread = ["tokio", "glommio", "compio"].contains(&entry.row.model.as_str());
    let clear = excess > noise(figures) && excess > 0.1 * limit && cpu > 0.6 * excess;
    (one_thread && clear && entry.row.at_once == group.workload.size).then(|| {
        format!(
            "{} takes {excess:.3} s more than its limit and uses {cpu:.3} s of CPU on its one thread: its own work, not the waiting, is what is left to gain.",
            code(&entry.row.program)
        )
    })
}

/// How many times as long as the floor a program takes, where both have as many in flight.
pub fn over_floor(floor: &Entry, entry: &Entry) -> Option<f64> {
    let alike = entry.row.at_once == floor.row.at_once;
    alike.then_some(entry.figures.wall_median_s? / floor.figures.wall_median_s?)
}

/// What the programs take beyond what the machine needs.
fn floor(group: &Group) -> Option<String> {
    let floor = group.floor()?;
    let mut over: Vec<(f64, &Entry)> = group
        .ok()
        .filter(|entry| beyond_noise(&floor.figures, &entry.figures))
        .filter_map(|entry| Some((over_floor(floor, entry)?, entry)))
        .collect();
    over.sort_by(|a, b| a.0.total_cmp(&b.0));
    let over: Vec<String> =
        over.iter().map(|(times, entry)| format!("{} {times:.2} times", code(&entry.row.program))).collect();
    (!over.is_empty()).then(|| {
        format!(
            "{} is the floor, {:.3} s: no runtime, no driver, no rows printed. Against it: {} as long.",
            code(&floor.row.program),
            floor.figures.wall_median_s.unwrap_or_default(),
            list(&over)
        )
    })
}

/// The same event loop with two drivers.
fn driver(group: &Group) -> Option<String> {
    let lean = group.ok().find(|entry| entry.row.variant() == "mini")?;
    let twin = group.ok().find(|entry| lean.row.program.strip_suffix("-mini") == Some(&entry.row.program))?;
    let floor = group.floor()?.figures.wall_median_s?;
    let (slow, fast) = (twin.figures.wall_median_s?, lean.figures.wall_median_s?);
    (beyond_noise(&twin.figures, &lean.figures) && slow > fast && fast > floor).then(|| {
        format!(
            "Of the {:.1} ms that {} takes more than the floor, {:.1} are its driver's: with another driver on the same event loop, {} takes {fast:.3} s.",
            (slow - floor) * 1e3,
            code(&twin.row.program),
            (slow - fast) * 1e3,
            code(&lean.row.program),
        )
    })
}

/// What io_uring changes when it is asked for completions, and what it does not: against the same driver on epoll.
fn completions(group: &Group) -> Option<String> {
    let all = |model: &str, suffix: &str| {
        let fits = |entry: &&Entry| entry.row.model == model && entry.row.args.is_empty();
        group.ok().find(|entry| fits(entry) && entry.row.program.ends_with(suffix))
    };
    let compio = all("compio", "")?;
    let tokio = all("tokio", "-mini").or_else(|| all("tokio", ""))?;
    let (few, many) = (compio.figures.syscalls? as f64, tokio.figures.syscalls? as f64);
    let (wall, other) = (compio.figures.wall_median_s?, tokio.figures.wall_median_s?);
    let calls =
        if few < many { format!("1/{:.0} of", many / few) } else { format!("{:.1} times", few / many) };
    let time = match beyond_noise(&compio.figures, &tokio.figures) {
        true => format!("takes {:.2} times as long", wall / other),
        false => "is as fast within noise".to_owned(),
    };
    Some(format!(
        "{} makes {few} system calls, {calls} the {many} of {}, and {time}.",
        code(&compio.row.program),
        code(&tokio.row.program),
    ))
}

/// Where a pool is too small, what it costs, and what a larger one costs.
fn pool(group: &Group, entry: &Entry) -> Option<String> {
    let (at_once, size) = (entry.row.at_once, group.workload.size);
    let figures = &entry.figures;
    let wall = figures.wall_median_s?;
    let waits = figures.over_limit()? < 1.1 && figures.cpu_percent? < 50.0;
    if at_once == 1 || at_once >= size || !waits {
        return None;
    }
    let mut sentence = format!(
        "{} is held up by its pool: {at_once} at a time, so {} turns of {} s are {:.3} s; it takes {wall:.3} s and keeps the CPU {:.1} % busy.",
        code(&entry.row.program),
        size.div_ceil(at_once),
        group.workload.latency_s,
        figures.limit_s?,
        figures.cpu_percent?,
    );
    if let Some(more) = wider(group, entry).filter(|more| beyond_noise(figures, &more.figures)) {
        sentence += &format!(
            " With {} at a time it is {:.1} times as fast",
            more.row.at_once,
            wall / more.figures.wall_median_s?
        );
        let (before, after) = (figures.tree_pss_kib? as f64, more.figures.tree_pss_kib? as f64);
        if after > before * (1.0 + ONE_RUN_NOISE) {
            sentence += &format!(" and needs {:.1} MiB more", (after - before) / 1024.0);
        }
        sentence.push('.');
    }
    Some(sentence)
}

fn memory(group: &Group) -> Option<String> {
    let best = least(group, 0.0, Measurement::pss_kib);
    let most = group.ok().max_by_key(|entry| entry.figures.tree_pss_kib)?;
    let (low, high) = (best.first()?.figures.pss_kib()?, most.figures.pss_kib()?);
    if high <= low * (1.0 + ONE_RUN_NOISE) {
        return Some("All programs need the same memory, within noise.".to_owned());
    }
    Some(format!(
        "Least memory: {}, {:.1} MiB. Most: {}, {:.1} MiB, {:.1} times as much.",
        names(&best),
        low / 1024.0,
        names(&[most]),
        high / 1024.0,
        high / low
    ))
}

fn a_thread(group: &Group, entry: &Entry) -> Option<String> {
    let more = wider(group, entry)?;
    let (a, b) = (entry.figures.tree_pss_kib? as f64, more.figures.tree_pss_kib? as f64);
    let count = more.row.at_once - entry.row.at_once;
    (b > a * (1.0 + ONE_RUN_NOISE)).then(|| {
        format!(
            "A thread more, with what it holds, costs {:.1} KiB ({} against {}).",
            (b - a) / count as f64,
            code(&more.row.program),
            code(&entry.row.program)
        )
    })
}

fn a_process(entry: &Entry) -> Option<String> {
    let processes = entry.ran.as_ref()?.observed.peak_processes;
    let pss = entry.figures.tree_pss_kib? as f64 / 1024.0;
    (entry.row.model == "multiprocess" && processes > 1).then(|| {
        format!(
            "{} runs {processes} processes of {:.1} MiB each: {pss:.1} MiB in all, where the largest alone shows {:.1} MiB.",
            code(&entry.row.program),
            pss / processes as f64,
            entry.figures.max_rss_kib.unwrap_or(0) as f64 / 1024.0
        )
    })
}

/// From the same program at two sizes.
fn a_task(group: &Group, entry: &Entry, results: &Results) -> Option<String> {
    let size = group.workload.size;
    let smaller = results
        .groups
        .iter()
        .find(|other| other.workload.name == group.workload.name && other.workload.size < size)?;
    let twin = smaller.ok().find(|other| other.row.program == entry.row.program)?;
    let all = |entry: &Entry, size: u64| entry.row.at_once == size;
    if !all(entry, size) || !all(twin, smaller.workload.size) {
        return None;
    }
    let (a, b) = (twin.figures.tree_pss_kib? as f64, entry.figures.tree_pss_kib? as f64);
    (b > a * (1.0 + ONE_RUN_NOISE)).then(|| {
        format!(
            "A waiting task costs {} {:.2} KiB ({} tasks against {}).",
            code(&entry.row.program),
            (b - a) / (size - smaller.workload.size) as f64,
            size,
            smaller.workload.size
        )
    })
}

/// Where what was seen is not what the model allows.
fn concurrency(group: &Group, entry: &Entry) -> Option<String> {
    let seen = entry.figures.at_once?;
    let allowed = entry.row.at_once;
    // A real server counts connections, and one that is being closed is still among them.
    let differs = seen < allowed || (seen > allowed && group.workload.server.is_none());
    differs.then(|| {
        let who = match group.server() {
            Some("lab") => "the lab",
            server => server.unwrap_or("its output"),
        };
        format!("{} may have {allowed} in flight; {who} shows {seen}.", code(&entry.row.program))
    })
}

fn once(group: &Group) -> Option<String> {
    let once: Vec<&Entry> = group.ok().filter(|entry| entry.figures.runs == Some(1)).collect();
    (!once.is_empty()).then(|| {
        format!(
            "Measured once: {}. One run shows the order of magnitude, not the spread; a difference of less than {:.0} % to it means nothing.",
            names(&once),
            100.0 * ONE_RUN_NOISE
        )
    })
}
