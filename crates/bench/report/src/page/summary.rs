//! The matrix at the top: workload × model.

use crate::{
    format::{code, fixed, mib},
    markdown::Table,
    page::{beyond_noise, fastest},
    results::{Entry, Group},
};

/// Workload × model, the best of each workload in bold.
pub fn matrix(groups: &[Group]) -> String {
    let models = groups.iter().map(|group| &group.workload.models).max_by_key(|models| models.len());
    let models = models.cloned().unwrap_or_default();
    let mut table = Table::words(std::iter::once("workload".to_owned()).chain(models.clone()));
    for group in groups {
        let first =
            format!("{} × {} s: {}", group.workload.size, group.workload.latency_s, group.workload.key);
        let cells = models.iter().map(|model| cell(group, model));
        table.row(std::iter::once(first).chain(cells));
    }
    format!(
        "Each cell: wall time, wall ÷ limit, peak memory (PSS of the process tree). **Bold**: the best of its workload, \
         ties within noise included. –: no program yet.\n\n{table}"
    )
}

fn cell(group: &Group, model: &str) -> String {
    let entries = group.entries.iter().filter(|entry| entry.row.model == model && !entry.row.python);
    let cells: Vec<String> = entries.map(|entry| one(group, entry)).collect();
    if cells.is_empty() {
        return group.workload.absent.get(model).cloned().unwrap_or("–".to_owned());
    }
    cells.join("<br>")
}

fn one(group: &Group, entry: &Entry) -> String {
    let figures = &entry.figures;
    let name = match entry.row.args.as_slice() {
        [] if entry.row.variant() == entry.row.model => String::new(),
        [] => format!("{}: ", code(&entry.row.program)),
        args => format!("{}: ", code(&args.join(" "))),
    };
    if !figures.is_ok() {
        return format!("{name}{}", figures.status);
    }
    let bold = |text: String, best: bool| if best { format!("**{text}**") } else { text };
    let quickest = fastest(group).iter().any(|best| best.row.slug == entry.row.slug);
    let ratio = |entry: &Entry| entry.figures.over_limit().unwrap_or(f64::MAX);
    let memory = |entry: &Entry| entry.figures.tree_pss_kib.unwrap_or(u64::MAX);
    let nearest = group.ok().min_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let nearest = nearest.is_some_and(|best| {
        // On the scale of their own limits.
        let scaled = |entry: &Entry| {
            let mut figures = entry.figures.clone();
            let limit = figures.limit_s.unwrap_or(1.0);
            figures.wall_median_s = figures.wall_median_s.map(|wall| wall / limit);
            figures.wall_mad_s = figures.wall_mad_s.map(|mad| mad / limit);
            figures
        };
        // What looks the same in the table is the same.
        let looks = |entry: &Entry| fixed(entry.figures.over_limit(), 2);
        looks(best) == looks(entry) || !beyond_noise(&scaled(best), &scaled(entry))
    });
    let least = mib(group.ok().map(memory).min()) == mib(entry.figures.tree_pss_kib);
    format!(
        "{name}{}, {}, {}",
        bold(format!("{} s", fixed(figures.wall_median_s, 3)), quickest),
        bold(format!("{} ×", fixed(figures.over_limit(), 2)), nearest),
        bold(format!("{} MiB", mib(figures.tree_pss_kib)), least),
    )
}

/// The fastest program of each workload in a few words, for the list of machines.
pub fn headlines(groups: &[Group]) -> Vec<(String, String)> {
    let line = |group: &Group| {
        let best = fastest(group).into_iter().next();
        let text = best.map_or("–".to_owned(), |entry| {
            format!(
                "{}: {} s, {} × limit, {} MiB",
                code(&entry.row.program),
                fixed(entry.figures.wall_median_s, 3),
                fixed(entry.figures.over_limit(), 2),
                mib(entry.figures.tree_pss_kib)
            )
        });
        (format!("{} ({})", group.workload.key, group.workload.size), text)
    };
    groups.iter().map(line).collect()
}
