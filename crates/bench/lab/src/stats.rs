//! The lab's counters, which check a program's claim about its concurrency.

use std::time::{Duration, Instant};

use anyhow::Result;
use bench_data::lab::Seen;
use bench_data::trace::Item;
use rustix::time::{ClockId, clock_gettime};

use crate::trace::Trace;

/// The counters since the last reset.
pub struct Stats {
    seen: Seen,
    in_flight: u64,
    /// Items of healthy hosts or days that were answered.
    healthy: u64,
    /// When the first connection was accepted.
    first: Option<Instant>,
    /// CPU time of the process at the last reset.
    before: Duration,
    pub trace: Option<Trace>,
}

impl Stats {
    pub fn new(trace: Option<Trace>) -> Self {
        let seen = Seen { round_trips: Some(0), ..Seen::default() };
        Self { seen, in_flight: 0, healthy: 0, first: None, before: Duration::ZERO, trace }
    }

    /// Starts again from zero. Items in flight remain in flight.
    pub fn reset(&mut self) {
        let in_flight = self.in_flight;
        *self = Self { before: cpu_time(), ..Self::new(self.trace.take()) };
        (self.in_flight, self.seen.max_in_flight) = (in_flight, in_flight);
        self.write(Trace::reset);
    }

    /// The counters now.
    pub fn report(&self) -> Seen {
        Seen { cpu_s: cpu_time().saturating_sub(self.before).as_secs_f64(), ..self.seen.clone() }
    }

    pub fn connected(&mut self, accepted: Instant) {
        self.seen.connections += 1;
        self.first = Some(self.first.map_or(accepted, |first| first.min(accepted)));
    }

    pub fn waited(&mut self, round_trips: u32) {
        self.seen.round_trips = self.seen.round_trips.map(|trips| trips + u64::from(round_trips));
    }

    pub fn began(&mut self) {
        self.in_flight += 1;
        self.seen.max_in_flight = self.seen.max_in_flight.max(self.in_flight);
    }

    /// Counts an item that ends. Takes the time when half, and when 99 %, of the healthy ones are answered.
    pub fn ended(&mut self, is_answered: bool, healthy: Option<u64>) {
        self.in_flight -= 1;
        self.seen.items += u64::from(is_answered);
        let Some(total) = healthy.filter(|_| is_answered) else { return };
        self.healthy += 1;
        let seconds = self.first.map(|first| first.elapsed().as_secs_f64());
        if self.healthy == total.div_ceil(2) {
            self.seen.half_s = seconds;
        }
        if self.healthy == (total * 99).div_ceil(100) {
            self.seen.most_s = seconds;
        }
    }

    pub fn closed(&mut self, items: Vec<Item>) {
        self.write(|trace| trace.write(items));
    }

    fn write(&mut self, write: impl FnOnce(&mut Trace) -> Result<()>) {
        if let Some(Err(error)) = self.trace.as_mut().map(write) {
            eprintln!("bench-lab: the trace ends here: {error:#}");
            self.trace = None;
        }
    }
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_time_of_half_and_of_99_percent_of_the_healthy() {
        let mut stats = Stats::new(None);
        let mut answer = |items, healthy| {
            stats.connected(Instant::now());
            stats.connected(Instant::now() - Duration::from_secs(5)); // the first, though it comes second
            for _ in 0..items {
                stats.began();
                stats.ended(true, healthy);
            }
            (stats.seen.half_s, stats.seen.most_s)
        };
        assert_eq!([answer(1, None), answer(99, Some(200))], [(None, None); 2], "one is slow");
        let half = answer(98, Some(200));
        assert!(half.0.is_some_and(|half_s| (5.0..10.0).contains(&half_s)) && half.1.is_none(), "{half:?}");
        let most = answer(3, Some(200));
        assert!(most.0 == half.0 && most.1 >= most.0, "{most:?}");
        stats.reset();
        assert_eq!((stats.seen.half_s, stats.seen.most_s), (None, None));
    }
}
