//! The counters of a running bench-lab.

use anyhow::{Context, Result};
use bench_data::observed::{LabStats, Seen};
use std::time::Duration;
use ureq::Agent;

/// Where a lab answers, and which of its counters are meant.
pub struct Lab {
    agent: Agent,
    url: String,
    workload: String,
}

impl Lab {
    /// Talks to the lab at `url`, without a connection yet.
    pub fn new(url: String, workload: String) -> Self {
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).build().into();
        Self { agent, url, workload }
    }

    /// Zeroes the lab's counters.
    pub fn reset(&self) -> Result<()> {
        let url = format!("{}/stats/reset", self.url);
        self.agent.post(&url).send_empty().with_context(|| format!("the lab does not answer: POST {url}"))?;
        Ok(())
    }

    /// Reads the lab's counters.
    pub fn stats(&self) -> Result<Seen> {
        let url = format!("{}/stats", self.url);
        let failed = || format!("the lab does not answer: GET {url}");
        let text = self
            .agent
            .get(&url)
            .call()
            .with_context(failed)?
            .body_mut()
            .read_to_string()
            .with_context(failed)?;
        let stats: LabStats =
            serde_json::from_str(&text).with_context(|| format!("not the counters of a lab: GET {url}"))?;
        stats.of(&self.workload).with_context(|| format!("the lab counts no {}", self.workload))
    }
}
