//! Two machines, or one at two times or commits, side by side. The sitting is the unit: rounds are never pooled.

mod facts;
mod pairs;

use std::path::Path;

use anyhow::{Result, ensure};
use bench_data::{
    results::{Group, Results},
    stats::{self, MIN_SITTINGS, Ratio, Verdict},
};

use crate::{
    format::{self, code, count, list, mib, or_dash, ratio_alone},
    markdown::{Table, details},
    pages,
    read::read,
};
use pairs::Pair;

/// Markdown that compares `new` with `base`.
///
/// # Errors
/// Unusable results, or workloads of the same name with other sizes or latencies.
pub fn compare(base: &Path, new: &Path) -> Result<String> {
    let names = (base.display().to_string(), new.display().to_string());
    let (base, new) = (read(base)?, read(new)?);
    let groups = both(&base, &new);
    for (ours, theirs) in &groups {
        let (a, b) = (&ours.workload, &theirs.workload);
        ensure!(
            (a.size, a.latency_s) == (b.size, b.latency_s),
            "different workloads do not compare: {} has {} items of {} s in base and {} of {} s in new",
            a.key,
            a.size,
            a.latency_s,
            b.size,
            b.latency_s
        );
    }
    let pairs: Vec<Pair> = groups.iter().flat_map(|(ours, theirs)| pairs::of(ours, theirs)).collect();
    let known: Vec<&Pair> = pairs.iter().filter(|pair| pair.interval().is_some()).collect();
    let ratios: Vec<Ratio> = known.iter().filter_map(|pair| pair.ratio).collect();
    let verdicts = stats::verdicts(&ratios);
    let differ = |verdict: &Verdict| matches!(verdict, Verdict::Faster | Verdict::Slower);
    let differing: Vec<&Pair> =
        known.iter().zip(&verdicts).filter(|(_, verdict)| differ(verdict)).map(|(pair, _)| *pair).collect();

    let mut text = format!(
        "# {} against {}\n\n{} {}\n",
        names.1,
        names.0,
        facts::commits(&groups),
        verdict(&groups, &pairs, &known, &differing)
    );
    text += &format!(
        "\nBase: {}. New: {}. Ratios are to the reference of the workload, or to the limit; seconds do not compare.\n",
        pages::machine_title(&base.machine),
        pages::machine_title(&new.machine)
    );
    text += &facts::differing((&base.machine, &new.machine), &groups);
    if !differing.is_empty() {
        text += &format!("\n## What differs\n\n{}", table(&differing));
    }
    text += "\n## The rest\n";
    for (group, _) in &groups {
        let rest: Vec<&Pair> = pairs
            .iter()
            .filter(|pair| {
                pair.key == group.workload.key && !differing.iter().any(|other| std::ptr::eq(*other, *pair))
            })
            .collect();
        if !rest.is_empty() {
            text += &details(
                &format!("{}: {}", group.workload.key, count(rest.len(), "ratio")),
                &table(&rest).to_string(),
            );
        }
    }
    Ok(text + &one_sided(&base, &new, &groups))
}

/// The workloads that both have.
fn both<'a>(base: &'a Results, new: &'a Results) -> Vec<(&'a Group, &'a Group)> {
    let twin = |group: &Group| new.groups.iter().find(|other| other.workload.key == group.workload.key);
    base.groups.iter().filter_map(|group| Some((group, twin(group)?))).collect()
}

/// What may be said of all ratios, in two sentences.
fn verdict(groups: &[(&Group, &Group)], pairs: &[Pair], known: &[&Pair], differing: &[&Pair]) -> String {
    let most = |side: fn(&(&Group, &Group)) -> usize| groups.iter().map(side).max().unwrap_or(0);
    let sittings = (most(|(base, _)| base.sittings.len()), most(|(_, new)| new.sittings.len()));
    if known.is_empty() {
        return format!(
            "**No verdict is possible on {}: it takes {MIN_SITTINGS} sittings on both sides; base has {} and new has {}.**",
            count(pairs.len(), "ratio"),
            sittings.0,
            sittings.1
        );
    }
    let named: Vec<String> =
        differing.iter().map(|pair| format!("{} in {}", code(&pair.program), pair.key)).collect();
    let verdict = match named.as_slice() {
        [] => "none differs".to_owned(),
        [one] => format!("1 differs: {one}"),
        several => format!("{} differ: {}", several.len(), list(several)),
    };
    let others = match pairs.len() - known.len() {
        0 => String::new(),
        others => format!(
            " {} with fewer than {MIN_SITTINGS} sittings on a side have no verdict.",
            count(others, "ratio")
        ),
    };
    format!("**Of {}, {verdict}.**{others}", count(known.len(), "ratio"))
}

fn table(pairs: &[&Pair]) -> Table {
    let head = ["program", "in", "ratio to", "base", "new", "new ÷ base [95 %]", "MiB, base", "new"];
    let mut table = Table::figures(head);
    for pair in pairs {
        let ratio = or_dash(pair.ratio, |ratio| format::ratio(ratio.estimate, pair.interval()));
        table.row([
            code(&pair.program),
            pair.key.clone(),
            pair.to.clone(),
            several(&pair.base),
            several(&pair.new),
            ratio,
            mib(pair.memory.0),
            mib(pair.memory.1),
        ]);
    }
    table
}

/// The median of the sittings, and their range where there are several.
fn several(ratios: &[f64]) -> String {
    match (stats::median(ratios), stats::range(ratios)) {
        (Some(median), Some((least, most))) if ratios.len() > 1 => {
            format!("{} ({}–{})", ratio_alone(median), ratio_alone(least), ratio_alone(most))
        }
        (Some(median), _) => ratio_alone(median),
        (None, _) => "–".to_owned(),
    }
}

/// What only one side has, in a line each.
fn one_sided(base: &Results, new: &Results, groups: &[(&Group, &Group)]) -> String {
    let mut text = String::new();
    for (name, side, other) in [("base", base, new), ("new", new, base)] {
        let has = |key: &str| other.groups.iter().any(|group| group.workload.key == key);
        let keys = side.groups.iter().map(|group| group.workload.key.as_str()).filter(|key| !has(key));
        let mut parts: Vec<String> = keys.map(|key| format!("all of {key}")).collect();
        for (ours, theirs) in groups {
            let (ours, theirs) = if name == "base" { (ours, theirs) } else { (theirs, ours) };
            let rows: Vec<&str> = pairs::only_in(ours, theirs);
            if !rows.is_empty() {
                parts.push(format!("{} of {}", format::codes(rows), ours.workload.key));
            }
        }
        if !parts.is_empty() {
            text += &format!("\nWith figures only in {name}: {}.\n", parts.join("; "));
        }
    }
    text
}
