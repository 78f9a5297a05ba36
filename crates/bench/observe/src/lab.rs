//! The counters of a running bench-lab.

use std::time::Duration;

use anyhow::{Context, Result};
use bench_data::lab::Seen;
use ureq::Agent;

pub struct Lab {
    agent: Agent,
    url: String,
}

impl Lab {
    /// Zeroes the counters of the lab at `url`. It is never asked through a proxy of the user's environment.
    pub fn reset(url: String) -> Result<Self> {
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).proxy(None);
        let lab = Self { agent: agent.build().into(), url: format!("{url}/stats") };
        let url = format!("{}/reset", lab.url);
        lab.agent.post(&url).send_empty().with_context(|| format!("the lab does not answer: POST {url}"))?;
        Ok(lab)
    }

    pub fn stats(&self) -> Result<Seen> {
        let url = &self.url;
        let text = self.agent.get(url).call().and_then(|mut answer| answer.body_mut().read_to_string());
        let text = text.with_context(|| format!("the lab does not answer: GET {url}"))?;
        serde_json::from_str(&text).with_context(|| format!("not the counters of a lab: GET {url}"))
    }
}
