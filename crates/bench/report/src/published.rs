//! `published.toml`: the figures that the articles print.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// Figures of one model in one article, as printed there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named as the columns of measurements.csv")]
pub struct Figures {
    pub wall_s: Option<f64>,
    pub user_s: Option<f64>,
    pub system_s: Option<f64>,
    pub cpu_percent: Option<f64>,
    /// Of all processes.
    pub memory_mb: Option<f64>,
    pub max_rss_mb: Option<f64>,
    pub voluntary: Option<u64>,
    pub involuntary: Option<u64>,
    pub minor_faults: Option<u64>,
    pub major_faults: Option<u64>,
}

/// Figures by model.
pub type Models = BTreeMap<String, Figures>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Models(Models),
    /// By size first.
    Sizes(BTreeMap<String, Models>),
}

static PUBLISHED: LazyLock<BTreeMap<String, Entry>> =
    LazyLock::new(|| toml::from_str(include_str!("../published.toml")).expect("the unit test reads it"));

/// What the article prints of a workload of this size.
pub fn of(workload: &str, size: u64) -> Models {
    match PUBLISHED.get(workload) {
        Some(Entry::Models(models)) => models.clone(),
        Some(Entry::Sizes(sizes)) => sizes.get(&size.to_string()).cloned().unwrap_or_default(),
        None => Models::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_articles_figures_are_found_by_workload_and_size() {
        assert_eq!(of("db", 500)["tokio"].wall_s, Some(1.068));
        assert_eq!(of("sleep", 1000)["threaded"].voluntary, Some(2683));
        assert!(of("sleep", 5).is_empty() && of("none", 5).is_empty());
    }
}
