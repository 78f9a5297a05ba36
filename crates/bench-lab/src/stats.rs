//! What the lab counts, so that a program's claim about its concurrency can be checked.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// The counters of a workload since the last reset.
#[derive(Default)]
pub struct Counters {
    connections: AtomicU64,
    items: AtomicU64,
    in_flight: AtomicU64,
    max_in_flight: AtomicU64,
}

/// An item that is being answered: from its request received to just before its answer is sent.
pub struct InFlight<'a>(&'a Counters);

impl Counters {
    /// Counts a connection.
    pub fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    /// Counts an item as in flight until it is answered or dropped.
    pub fn received(&self) -> InFlight<'_> {
        let now = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.max_in_flight.fetch_max(now, Relaxed);
        InFlight(self)
    }

    fn reset(&self) {
        self.connections.store(0, Relaxed);
        self.items.store(0, Relaxed);
        self.max_in_flight.store(self.in_flight.load(Relaxed), Relaxed);
    }

    fn report(&self) -> Count {
        Count {
            connections: self.connections.load(Relaxed),
            items: self.items.load(Relaxed),
            max_in_flight: self.max_in_flight.load(Relaxed),
        }
    }
}

impl InFlight<'_> {
    /// Counts an item that is answered as it was asked; one that fails is dropped instead.
    pub fn answered(self) {
        self.0.items.fetch_add(1, Relaxed);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// All that the lab counts.
#[derive(Default)]
pub struct Stats {
    /// `select sleep(x)`; what client libraries ask by themselves is no item.
    pub db: Counters,
    /// `/page/…`
    pub web: Counters,
    /// `/prices`
    pub prices: Counters,
    /// CPU time of the process at the last reset.
    cpu: Mutex<Duration>,
}

impl Stats {
    /// Counts from now on. What is in flight remains so.
    pub fn reset(&self) {
        for counters in [&self.db, &self.web, &self.prices] {
            counters.reset();
        }
        *self.cpu.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = cpu_time();
    }

    /// The counters as they stand.
    pub fn report(&self) -> Report {
        let since = *self.cpu.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Report {
            cpu_s: cpu_time().saturating_sub(since).as_secs_f64(),
            db: self.db.report(),
            web: self.web.report(),
            prices: self.prices.report(),
        }
    }
}

/// The body of `GET /stats`.
#[derive(Serialize)]
pub struct Report {
    /// User and system time of the lab since the reset, in seconds.
    cpu_s: f64,
    db: Count,
    web: Count,
    prices: Count,
}

/// The counters of a workload, in a report.
#[derive(Serialize, Debug, PartialEq)]
struct Count {
    connections: u64,
    items: u64,
    max_in_flight: u64,
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_in_flight_and_what_was_answered() {
        let counters = Counters::default();
        let (first, second) = (counters.received(), counters.received());
        first.answered();
        assert_eq!(counters.report(), Count { connections: 0, items: 1, max_in_flight: 2 });
        counters.reset();
        assert_eq!(counters.report(), Count { connections: 0, items: 0, max_in_flight: 1 });
        drop(second);
        counters.reset();
        assert_eq!(counters.report(), Count { connections: 0, items: 0, max_in_flight: 0 });
    }
}
