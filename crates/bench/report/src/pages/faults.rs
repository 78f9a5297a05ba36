//! `make faults`: what sick items cost each model.

use bench_data::{
    results::{Entry, Group},
    stats,
};

use crate::{
    format::{fixed, wall, whole},
    markdown::{Table, bullets},
    pages::{
        book::{Book, Part},
        rows, sure,
    },
};

/// All sections of the page.
pub fn sections(book: &Book, part: &Part) -> String {
    let mut text = "\nSome of the items are sick; a program must have the others, and say which failed. *Half* and *99 %* are \
        when so many of the healthy items were answered, as the lab counted, from the first connection on.\n"
        .to_owned();
    for groups in part.groups.chunk_by(|a, b| a.workload.name == b.workload.name) {
        let workload = &groups[0].workload;
        let head = format!("{}: {} items of {} s", workload.name, workload.size, workload.latency_s);
        text += &format!("\n## {head}\n\n{}", sure::study(groups));
        text += &groups.iter().map(|group| section(book, group)).collect::<String>();
    }
    text
}

fn section(book: &Book, group: &Group) -> String {
    let Some(fault) = &group.workload.fault else { return String::new() };
    let mut table =
        Table::figures(["program", "runs", "median, s", "÷ limit", "half, s", "99 %, s", "failed"]);
    rows::fill(&mut table, rows::rust(group), |entry| {
        let figures = &entry.figures;
        vec![
            whole(figures.runs),
            wall(figures.wall_median_s),
            fixed(figures.over_limit(), 2),
            wall(figures.half_s),
            wall(figures.most_s),
            whole(figures.failed),
        ]
    });
    let sick = match fault.sick {
        1 => "1 item is sick".to_owned(),
        sick => format!("{sick} items are sick"),
    };
    format!(
        "\n### {}: {}\n{}\n{table}{}{}",
        group.workload.name,
        fault.title,
        bullets(std::iter::once(format!("{sick}; the limit is that of all well.")).chain(costs(group))),
        bullets(rows::reasons(&group.entries)),
        book.pictures(&group.workload.key)
    )
}

/// Who pays for the sick items: the healthy ones, or the end alone.
fn costs(group: &Group) -> Vec<String> {
    let held = |entry: &&Entry| share(entry).is_some_and(|share| share >= 0.5);
    let free = |entry: &&Entry| share(entry).is_some_and(|share| share <= 0.1);
    let mut sentences = Vec::new();
    sentences.extend(who(group, &held).map(|who| format!("Healthy items wait behind the sick in {who}.")));
    sentences.extend(
        who(group, &free)
            .map(|who| format!("Healthy items do not wait for the sick, only the end is late, in {who}.")),
    );
    sentences
}

/// Programs, and when they had 99 % of the healthy items.
fn who(group: &Group, kept: &dyn Fn(&&Entry) -> bool) -> Option<String> {
    let entries: Vec<&Entry> = group.ok().filter(kept).collect();
    let most: Vec<f64> = entries.iter().filter_map(|entry| entry.figures.most_s).collect();
    let (least, most) = stats::range(&most)?;
    let after = match entries.len() {
        1 => format!("{} s", wall(Some(least))),
        _ => format!("{} to {} s", wall(Some(least)), wall(Some(most))),
    };
    Some(format!("{}: 99 % of them are answered after {after}", rows::names(&entries)))
}

/// Of the time over the limit, the part that the healthy items wait too; nothing where there is next to none.
fn share(entry: &Entry) -> Option<f64> {
    let figures = &entry.figures;
    let limit = figures.limit_s?;
    let over = figures.wall_median_s? - limit;
    // Less than half of what one item waits may as well be the program's own work.
    (over > 0.1 * limit + 0.25).then_some((figures.most_s? - limit) / over)
}
