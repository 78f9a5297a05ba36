//! Which program is fastest, as far as the intervals of its table say.

use bench_data::{
    results::{Entry, Group},
    stats::MIN_ROUNDS,
};

use crate::{
    format::{self, about, list, wall},
    pages::rows::{interval, is_reference, memory, memory_text, name, names, ratio},
};

/// Observed runs without which nobody needs least memory.
const MEMORY_RUNS: u64 = 5;

/// The programs that the intervals of their table do not tell apart from the fastest, fastest first. Nothing where too
/// few rounds leave no intervals.
pub fn fastest(group: &Group) -> Option<Vec<&Entry>> {
    let reference = group.reference()?;
    let estimate = |entry: &Entry| match is_reference(group, entry) {
        true => Some(1.0),
        false => entry.figures.ratio.filter(|_| interval(entry).is_some()),
    };
    let mut candidates: Vec<(f64, &Entry)> =
        group.ok().filter_map(|entry| Some((estimate(entry)?, entry))).collect();
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let best = candidates.first().filter(|_| candidates.len() > 1)?.1;
    let faster_unjudged =
        |entry: &Entry| estimate(entry).is_none() && entry.figures.wall_median_s < best.figures.wall_median_s;
    if group.ok().any(faster_unjudged) {
        return None;
    }
    // The reference is its own interval. Where the best is not shown to be faster, it is as fast as any.
    let as_reference = is_reference(group, best) || best.figures.verdict.as_deref() != Some("faster");
    let high = interval(best).map_or(1.0, |(_, high)| high);
    let same = |entry: &Entry| match interval(entry) {
        None => as_reference,
        Some((low, _)) => {
            low <= high && !(as_reference && entry.figures.verdict.as_deref() == Some("slower"))
        }
    };
    let reference_or = |entry: &&Entry| std::ptr::eq(*entry, reference) || interval(entry).is_some();
    let same = |entry: &&Entry| std::ptr::eq(*entry, best) || same(entry);
    Some(candidates.into_iter().map(|(_, entry)| entry).filter(reference_or).filter(same).collect())
}

/// The answer of a workload in a sentence or two.
pub fn answer(group: &Group) -> String {
    let with_wall = |entry: &&Entry| format!("{} ({} s)", name(entry), wall(entry.figures.wall_median_s));
    let mut text = match fastest(group).as_deref() {
        Some([one]) => {
            let ratio = ratio(group, one).map_or(String::new(), |ratio| {
                format!(", {ratio} times as long as {}", format::code(&group.workload.reference))
            });
            format!("Fastest: {} with {} s{ratio}.", name(one), wall(one.figures.wall_median_s))
        }
        Some(several) => format!(
            "Fastest, and not told apart from each other: {}.",
            list(&several.iter().map(with_wall).collect::<Vec<_>>())
        ),
        None => unjudged(group),
    };
    let first = fastest(group).and_then(|entries| entries.first().copied());
    text += &first.and_then(|first| one_by_one(group, first)).unwrap_or_default();
    text + &fastest(group).and_then(|entries| least_memory(&entries)).unwrap_or_default()
}

/// Why there is no verdict, and the medians that there are.
fn unjudged(group: &Group) -> String {
    let walls = |entry: &Entry| entry.figures.wall_median_s.unwrap_or(f64::MAX);
    let mut sorted: Vec<&Entry> = group.ok().collect();
    sorted.sort_by(|a, b| walls(a).total_cmp(&walls(b)));
    let Some(first) = sorted.first() else { return "No program has figures.".to_owned() };
    let rounds = group.reference().and_then(|entry| entry.figures.runs).unwrap_or(0);
    let why = match rounds < MIN_ROUNDS as u64 {
        true => format!("a verdict takes {MIN_ROUNDS} rounds, and there are {rounds}"),
        false => "a program without an interval is among the first".to_owned(),
    };
    format!(
        "No verdict on the fastest: {why}. The least median is {} s ({}).",
        wall(first.figures.wall_median_s),
        name(first)
    )
}

/// What one thing at a time takes against it.
fn one_by_one(group: &Group, first: &Entry) -> Option<String> {
    let sequential = group.ok().find(|entry| entry.row.model == "sequential" && entry.row.at_once == 1)?;
    let (own, all) = (first.figures.wall_median_s?, sequential.figures.wall_median_s?);
    (all > 1.5 * own).then(|| {
        format!(
            " One after the other takes {} s, about {} times as long as {}.",
            wall(Some(all)),
            about(all / own),
            name(first)
        )
    })
}

/// Who of several needs least memory, where all runs of it needed less than any of the others.
fn least_memory(entries: &[&Entry]) -> Option<String> {
    let mut known: Vec<(u64, u64, &Entry)> = Vec::new();
    for entry in entries {
        let one_process = entry.figures.processes.unwrap_or(1) == 1;
        let runs = entry.figures.observed.unwrap_or(0);
        let (least, _, most) = memory(entry).filter(|_| one_process && runs >= MEMORY_RUNS)?;
        known.push((most, least, entry));
    }
    known.sort_by_key(|(most, ..)| *most);
    let (most, _, first) = *known.first()?;
    let clear = known.len() > 1 && known[1..].iter().all(|(_, least, _)| *least > most);
    clear.then(|| format!(" Of these, {} needs least memory: {}.", names(&[first]), memory_text(first)))
}
