//! The article's figures beside ours.

use bench_data::results::Group;

use crate::{
    format::{fixed, list, mib, or_dash, three},
    markdown::Table,
    published::Models,
};

/// Article and ours, model by model; nothing where the article prints no figures.
pub fn section(group: &Group, models: &Models) -> String {
    let mut table = Table::figures([
        "model",
        "in Python",
        "article, s",
        "ours, s",
        "article, ×",
        "ours, ×",
        "article, MB",
        "ours, MiB",
    ]);
    let sequential = |walls: &dyn Fn(&str) -> Option<f64>| walls("sequential");
    let theirs = |model: &str| models.get(model).and_then(|figures| figures.wall_s);
    // The program that stands for a model: with its default concurrency.
    let entry =
        |model: &str| group.ok().find(|entry| entry.row.model == model && !entry.row.program.contains(' '));
    let ours = |model: &str| entry(model)?.figures.wall_median_s;
    let mut missing = Vec::new();
    for model in &group.workload.models {
        let name = model.name.as_str();
        let (Some(article), Some(entry)) = (models.get(name), entry(name)) else {
            missing
                .extend(entry(name).filter(|e| !group.workload.is_baseline(&e.row)).map(|_| name.to_owned()));
            continue;
        };
        let times =
            |all: Option<f64>, wall: Option<f64>| fixed(all.zip(wall).map(|(all, wall)| all / wall), 1);
        table.row([
            name.to_owned(),
            model.python.clone(),
            or_dash(article.wall_s, |wall| wall.to_string()),
            or_dash(ours(name), three),
            times(sequential(&theirs), theirs(name)),
            times(sequential(&ours), ours(name)),
            or_dash(article.memory_mb.or(article.max_rss_mb), |mb| mb.to_string()),
            mib(entry.figures.memory_kib()),
        ]);
    }
    if table.is_empty() {
        return String::new();
    }
    let missing = match missing.as_slice() {
        [] => String::new(),
        missing => format!("\nThe article prints no figures for {}.\n", list(missing)),
    };
    format!(
        "Its Python programs on its machine; × is the sequential time over this one: only these ratios compare.\n\n{table}{missing}"
    )
}
