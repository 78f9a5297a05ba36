//! `published.toml`: the figures that the articles print.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};
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
type Models = BTreeMap<String, Figures>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Models(Models),
    /// By size first.
    Sizes(BTreeMap<String, Models>),
}

/// Figures by workload.
pub struct Published(BTreeMap<String, Entry>);

impl Published {
    /// Reads `published.toml`.
    ///
    /// # Errors
    /// Missing or not of this shape.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        match toml::from_str(&text) {
            Ok(entries) => Ok(Published(entries)),
            Err(error) => bail!("cannot use {}: {error}", path.display()),
        }
    }

    /// What the article prints of a workload of this size.
    pub fn of(&self, workload: &str, size: u64) -> Models {
        match self.0.get(workload) {
            Some(Entry::Models(models)) => models.clone(),
            Some(Entry::Sizes(sizes)) => sizes.get(&size.to_string()).cloned().unwrap_or_default(),
            None => Models::new(),
        }
    }
}
