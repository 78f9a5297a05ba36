//! The counters of a running bench-lab.

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use ureq::Agent;

/// The lab counts each of these by itself.
#[derive(Clone, Copy, ValueEnum)]
pub enum Workload {
    /// MySQL queries
    Db,
    /// Pages
    Web,
    /// Bus prices
    Prices,
}

/// Where a lab answers, and which of its counters are meant.
pub struct Lab {
    agent: Agent,
    url: String,
    workload: Workload,
}

/// What the lab saw of one run.
#[derive(Serialize)]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Items answered.
    pub items: u64,
    /// The highest number of items being answered at once.
    pub max_in_flight: u64,
    /// How often the program had to wait for the other side; none where that is not counted.
    pub round_trips: Option<u64>,
    /// User and system time of the lab itself in seconds.
    pub cpu_s: f64,
    /// Connects that found the queue of a listener full, in the whole network namespace; none where the
    /// lab does not tell.
    pub listen_drops: Option<u64>,
    /// The items of healthy hosts or days, when the lab has sick ones.
    pub healthy: Option<Healthy>,
}

/// When the healthy hosts or days were answered, in seconds from the first connection; none as long as too
/// few were.
#[derive(Serialize, Deserialize)]
pub struct Healthy {
    /// How many items they answered.
    pub items: u64,
    /// Half of them.
    pub half_s: Option<f64>,
    /// 99 % of them.
    pub most_s: Option<f64>,
}

/// `GET /stats`.
#[derive(Deserialize)]
struct Answer {
    cpu_s: f64,
    listen_drops: Option<u64>,
    db: Counters,
    web: Counters,
    prices: Counters,
}

#[derive(Deserialize)]
struct Counters {
    connections: u64,
    items: u64,
    max_in_flight: u64,
    round_trips: Option<u64>,
    healthy: Option<Healthy>,
}

impl Lab {
    /// Talks to the lab at `url`, without a connection yet.
    pub fn new(url: String, workload: Workload) -> Self {
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
    pub fn stats(&self) -> Result<Stats> {
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
        let answer: Answer =
            serde_json::from_str(&text).with_context(|| format!("not the counters of a lab: GET {url}"))?;
        let counters = match self.workload {
            Workload::Db => answer.db,
            Workload::Web => answer.web,
            Workload::Prices => answer.prices,
        };
        Ok(Stats {
            connections: counters.connections,
            items: counters.items,
            max_in_flight: counters.max_in_flight,
            round_trips: counters.round_trips,
            cpu_s: answer.cpu_s,
            listen_drops: answer.listen_drops,
            healthy: counters.healthy,
        })
    }
}
