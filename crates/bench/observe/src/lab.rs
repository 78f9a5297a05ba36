//! The counters of a running bench-lab.

use std::time::Duration;

use anyhow::{Context, Result};
use bench_data::lab::Seen;
use ureq::Agent;

/// Where a lab answers.
pub struct Lab {
    agent: Agent,
    url: String,
}

impl Lab {
    /// Talks to the lab at `url`, without a connection yet, and never through a proxy of the user's environment.
    pub fn new(url: String) -> Self {
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).proxy(None);
        Self { agent: agent.build().into(), url }
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
        let text = self.agent.get(&url).call().and_then(|mut answer| answer.body_mut().read_to_string());
        let text = text.with_context(|| format!("the lab does not answer: GET {url}"))?;
        serde_json::from_str(&text).with_context(|| format!("not the counters of a lab: GET {url}"))
    }
}
