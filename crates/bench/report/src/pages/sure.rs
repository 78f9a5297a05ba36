//! How sure the figures are: rounds, controls, sittings, disturbances, and what was measured when.

use bench_data::{
    results::{Entry, Group},
    rounds::Round,
    stats::Ratio,
    workload::Control,
};

use crate::{
    format::{self, code, count, list, whole},
    markdown::{Table, bullets},
    pages::rows::{interval, is_reference, name},
    sittings,
};

/// What a reader must know before anything else of these groups.
pub fn marks(groups: &[&Group]) -> Vec<String> {
    let mut marks = Vec::new();
    if groups.iter().any(|group| group.workload.quick) {
        marks.push(
            "A quick run: fewer items, shorter waits, two rounds. It tests the bench; its figures are not to be quoted."
                .to_owned(),
        );
    }
    let keys = |kept: fn(&&&Group) -> bool| {
        groups.iter().filter(kept).map(|group| code(&group.workload.key)).collect::<Vec<_>>()
    };
    let unsound = keys(|group| !sound(group));
    if !unsound.is_empty() {
        marks.push(format!(
            "Not sound: {}. The same program measured twice differs, so the machine changed between its runs: \
             measure again.",
            list(&unsound)
        ));
    }
    let busy = keys(|group| group.sittings.iter().any(|sitting| sitting.facts.busy));
    if !busy.is_empty() {
        marks.push(format!("Measured on a busy machine: {}.", list(&busy)));
    }
    marks
}

/// Whether the reference does not differ from itself, in any sitting.
pub fn sound(group: &Group) -> bool {
    let Some(control) = group.control(Control::Same) else { return true };
    let all = std::iter::once(&control.figures).chain(&control.again);
    all.into_iter().all(|figures| !matches!(figures.verdict.as_deref(), Some("faster" | "slower")))
}

/// Whether figures of all of them may stand in one sentence: same commit, same day.
pub fn one_vintage(groups: &[&Group]) -> bool {
    groups.iter().all(|group| group.facts().same_vintage(groups[0].facts()))
}

/// When groups of one page were measured, where that is not the same.
pub fn vintages(groups: &[&Group]) -> String {
    match one_vintage(groups) {
        true => String::new(),
        false => {
            "\nIts parts were measured on different days or commits, as each says: no ratio or sentence \
            combines two of them.\n"
                .to_owned()
        }
    }
}

/// When and from which commit a group was measured.
pub fn measured(group: &Group) -> String {
    let facts = group.facts();
    let more = match group.sittings.len() {
        1 => String::new(),
        n => format!("; {} until {}", count(n - 1, "more sitting"), group.sittings[n - 1].facts.date),
    };
    format!("Measured {} at commit {}{more}.", facts.date, facts.version_for_people())
}

/// When groups of a study were measured, and what disturbed them, as a paragraph and bullets.
pub fn study(groups: &[&Group]) -> String {
    let mut measured: Vec<String> = groups.iter().map(|group| measured(group)).collect();
    measured.dedup();
    let mut sentences: Vec<String> = disturbed(groups).into_iter().collect();
    sentences.extend(groups.iter().flat_map(|group| busy(group)));
    sentences.dedup();
    format!("{}\n{}", measured.join("\n"), bullets(sentences))
}

/// The timed rounds of the reference in all groups, as `8` or `2 to 8`.
pub fn rounds_of_reference<'a>(groups: impl Iterator<Item = &'a Group>) -> String {
    let runs: Vec<u64> = groups.filter_map(|group| group.reference()?.figures.runs).collect();
    match (runs.iter().min(), runs.iter().max()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
        (_, most) => whole(most.copied()),
    }
}

/// What the figures of a group rest on, as sentences.
pub fn sentences(group: &Group) -> Vec<String> {
    let mut sentences = vec![rounds(group)];
    sentences.extend(group.control(Control::Same).map(|control| same(group, control)));
    sentences.extend(group.control(Control::Planted).map(|control| planted(group, control)));
    sentences.extend(disturbed(&[group]));
    sentences.extend(busy(group));
    sentences
}

fn busy(group: &Group) -> Vec<String> {
    let busy = group.sittings.iter().map(|sitting| &sitting.facts).filter(|facts| facts.busy);
    busy.map(|facts| {
        format!("Measured although others used {:.0} % of the CPUs ({}).", facts.busy_percent, facts.date)
    })
    .collect()
}

/// `Rounds: 30; 9 of a; 1 run of b and c, which have no verdict.`
fn rounds(group: &Group) -> String {
    let mut kinds: Vec<(u64, Vec<&str>)> = Vec::new();
    for entry in group.entries.iter().filter(|entry| entry.figures.is_ok()) {
        let runs = entry.figures.runs.filter(|runs| *runs > 1).unwrap_or(0);
        match kinds.iter_mut().find(|(known, _)| *known == runs) {
            Some((_, names)) => names.push(&entry.row.program),
            None => kinds.push((runs, vec![&entry.row.program])),
        }
    }
    kinds.sort_by_key(|(runs, names)| (*runs == 0, usize::MAX - names.len()));
    let texts = kinds.iter().enumerate().map(|(i, (runs, names))| match (i, runs) {
        (_, 0) if names.len() == 1 => format!("{} ran once and has no verdict", code(names[0])),
        (_, 0) => format!("{} ran once and have no verdict", format::codes(names.iter().copied())),
        (0, runs) => format!("{runs} rounds"),
        (_, runs) => format!("{runs} rounds of {}", format::codes(names.iter().copied())),
    });
    let order = match group.facts().seed {
        Some(seed) => format!("; order drawn from seed {seed}"),
        None => "; order rotated".to_owned(),
    };
    format!("{}{order}.", texts.collect::<Vec<_>>().join("; "))
}

/// What the method made of the same program twice.
fn same(group: &Group, control: &Entry) -> String {
    let ratio = ratio_text(control);
    let made = match control.figures.verdict.as_deref() {
        Some("none") => "no difference shown, as it should be",
        Some(_) => "a difference where there is none: these figures are not sound",
        None => "too few rounds for a verdict",
    };
    format!("Control: {} a second time takes {ratio} times as long: {made}.", code(&group.workload.reference))
}

/// What the method made of a planted difference.
fn planted(group: &Group, control: &Entry) -> String {
    let ratio = ratio_text(control);
    let limit = group.reference().map_or(1.0, |reference| control.row.limit_s / reference.row.limit_s);
    let made = match control.figures.verdict.as_deref() {
        Some("slower") => "found",
        Some(_) => "not found",
        None => "too few rounds for a verdict",
    };
    format!(
        "Control: {} asked for {:.0} % more sleep takes {ratio} times as long: {made}.",
        code(&group.workload.reference),
        100.0 * (limit - 1.0)
    )
}

fn ratio_text(control: &Entry) -> String {
    control.figures.ratio.map_or("–".to_owned(), |ratio| format::ratio(ratio, interval(control)))
}

/// In a word, for a table: what the method made of the controls.
pub fn controls(group: &Group) -> &'static str {
    let verdict = |control| group.control(control).map(|entry| entry.figures.verdict.as_deref());
    match (verdict(Control::Same), verdict(Control::Planted)) {
        (None, None) => "–",
        (Some(None), _) | (_, Some(None)) => "no verdict",
        (Some(Some("faster" | "slower")), _) => "the same program differs",
        (_, Some(Some("faster" | "none"))) => "planted difference not found",
        _ => "passed",
    }
}

/// How many timed runs were disturbed by others, where some were.
fn disturbed(groups: &[&Group]) -> Option<String> {
    let sittings = groups.iter().flat_map(|group| &group.sittings);
    let rounds: Vec<&Round> = sittings.flat_map(|sitting| &sitting.rounds).collect();
    let disturbed = rounds.iter().filter(|round| round.disturbed()).count();
    let again = rounds.iter().filter(|round| round.tries > 1 && !round.disturbed()).count();
    let mut parts = Vec::new();
    parts.extend((disturbed > 0).then(|| format!("others disturbed {disturbed} at every try")));
    parts.extend((again > 0).then(|| format!("{again} ran undisturbed when measured again")));
    format::sentence(&format!("Of {} timed runs, ", rounds.len()), &parts, ".")
}

/// The ratios of all sittings of the same commit, where there are several.
pub fn sittings(group: &Group) -> String {
    let mut table = Table::figures(["program", "sittings", "least", "most", "over all sittings [95 %]"]);
    for entry in group.entries.iter().filter(|entry| !is_reference(group, entry)) {
        let ratios: Vec<f64> =
            sittings::figures(group, entry).iter().filter_map(|figures| figures.ratio).collect();
        if ratios.len() < 2 {
            continue;
        }
        let Some((ratio, range)) = Ratio::of_sittings(&ratios).zip(bench_data::stats::range(&ratios)) else {
            continue;
        };
        table.row([
            name(entry),
            ratios.len().to_string(),
            format::ratio_alone(range.0),
            format::ratio_alone(range.1),
            format::ratio(ratio.estimate, ratio.interval.map(|interval| (interval.low, interval.high))),
        ]);
    }
    if table.is_empty() {
        return String::new();
    }
    format!(
        "Each sitting's ratio to {}, from sittings at the same commit.\n\n{table}",
        code(&group.workload.reference)
    )
}
