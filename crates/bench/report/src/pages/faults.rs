//! `make faults`: what sick items cost each model.

use bench_data::results::{Entry, Group};

use crate::{
    format::{fixed, list, wall, whole},
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
    let with_most = |entry: &Entry| format!("{} s ({})", wall(entry.figures.most_s), rows::name(entry));
    let texts = |kept: &dyn Fn(&&Entry) -> bool| {
        let entries: Vec<String> = group.ok().filter(kept).map(with_most).collect();
        (!entries.is_empty()).then(|| list(&entries))
    };
    let mut sentences = Vec::new();
    sentences.extend(texts(&held).map(|names| {
        format!("Healthy items wait behind the sick: 99 % of them are answered only after {names}.")
    }));
    sentences.extend(texts(&free).map(|names| {
        format!("Healthy items do not wait for the sick, only the end is late: 99 % of them are answered after {names}.")
    }));
    sentences
}

/// Of the time over the limit, the part that the healthy items wait too; nothing where there is next to none.
fn share(entry: &Entry) -> Option<f64> {
    let figures = &entry.figures;
    let limit = figures.limit_s?;
    let over = figures.wall_median_s? - limit;
    // Less than half of what one item waits may as well be the program's own work.
    (over > 0.1 * limit + 0.25).then_some((figures.most_s? - limit) / over)
}
