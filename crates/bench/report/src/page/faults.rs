//! `make faults`: what sick hosts cost each model.

use crate::{
    faults::{self, Row},
    format::{code, fixed, or_dash, whole},
    markdown::Table,
    measurements::Measurement,
    page::ONE_RUN_NOISE,
    results::{Entry, Group, Results},
};

/// The whole section.
pub fn section(results: &Results) -> String {
    let mut text =
        "\n## Sick hosts (faults)\n\nMade by `make faults`; all figures: [faults.csv](faults.csv). \
        Some of the items are sick; all programs must have the others, and say which failed. \
        **Half** and **99 %** tell when so many of the healthy items were answered, as the lab saw it, \
        from the first connection on.\n"
            .to_owned();
    for groups in results.faults.chunk_by(|a, b| a.workload.name == b.workload.name) {
        let workload = &groups[0].workload;
        text += &format!("\n### {}, {} items of {} s\n", workload.name, workload.size, workload.latency_s);
        for group in groups {
            text += &one(group, results);
        }
    }
    text
}

fn one(group: &Group, results: &Results) -> String {
    let Some(fault) = &group.workload.fault else { return String::new() };
    let mut table = Table::figures([
        "program",
        "runs",
        "wall, s",
        "MAD",
        "wall ÷ all well",
        "ok",
        "failed",
        "half, s",
        "99 %, s",
    ]);
    for entry in &group.entries {
        let row = faults::row(group, entry);
        if !entry.figures.is_ok() {
            table.row([code(row.program), row.status.to_owned()]);
            continue;
        }
        let well = well(group, entry, results).and_then(|figures| figures.wall_median_s);
        table.row([
            code(row.program),
            whole(row.runs),
            fixed(row.wall_median_s, 3),
            or_dash(row.wall_mad_s, |mad| format!("{mad:.3}")),
            fixed(row.wall_median_s.zip(well).map(|(wall, well)| wall / well), 2),
            whole(row.ok),
            whole(row.failed),
            fixed(row.half_median_s, 3),
            fixed(row.most_median_s, 3),
        ]);
    }
    let what = if fault.sick == 1 { "1 is sick".to_owned() } else { format!("{} are sick", fault.sick) };
    let mut text = format!("\n**{}**: {what}\n\n{table}", fault.title);
    let sentences: Vec<String> = group.ok().filter_map(|entry| costs(group, entry, results)).collect();
    if !sentences.is_empty() {
        text += "\n";
        text += &sentences.iter().map(|sentence| format!("- {sentence}\n")).collect::<String>();
    }
    text
}

/// The same program in `make bench`, where all items are well.
fn well<'a>(group: &Group, entry: &Entry, results: &'a Results) -> Option<&'a Measurement> {
    let same = |other: &&Group| {
        (&other.workload.name, other.workload.size, other.workload.latency_s)
            == (&group.workload.name, group.workload.size, group.workload.latency_s)
    };
    let twin = results.groups.iter().find(same)?;
    twin.ok().find(|other| other.row.program == entry.row.program).map(|other| &other.figures)
}

/// Where the sick items cost time: how much each, and whether the healthy ones wait for them.
fn costs(group: &Group, entry: &Entry, results: &Results) -> Option<String> {
    let row: Row = faults::row(group, entry);
    let well = well(group, entry, results)?.wall_median_s?;
    let more = row.wall_median_s? - well;
    // Another sitting: what a program does beyond its waiting was seen to take twice as long an hour later.
    let noise = ONE_RUN_NOISE * well + (well - row.limit_s?);
    if more <= noise {
        return None;
    }
    let each = match entry.row.at_once {
        1 => format!(", {:.3} s for each sick item", more / row.sick as f64),
        _ => String::new(),
    };
    let healthy = match row.most_median_s? {
        most if most <= well + noise => "the healthy items are done as early as ever",
        _ => "healthy items wait behind the sick",
    };
    Some(format!(
        "{} takes {more:.3} s more than with all well{each}; {healthy}: 99 % after {:.3} s.",
        code(row.program),
        row.most_median_s?
    ))
}
