//! What the lab counts, so that a program's claim about its concurrency can be checked.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;
use bench_data::lab::{Healthy, Seen};
use bench_data::trace::Item;
use rustix::time::{ClockId, clock_gettime};

use crate::trace::Trace;

/// The counters since the last reset.
pub struct Stats {
    seen: Seen,
    in_flight: u64,
    /// When the first connection was accepted.
    first: Option<Instant>,
    /// CPU time of the process and the machine's listen drops at the last reset.
    before: (Duration, Option<u64>),
    pub trace: Option<Trace>,
}

impl Stats {
    pub fn new(has_sick: bool, trace: Option<Trace>) -> Self {
        let healthy = has_sick.then(Healthy::default);
        let seen = Seen { round_trips: Some(0), healthy, ..Seen::default() };
        Self { seen, in_flight: 0, first: None, before: (Duration::ZERO, listen_drops()), trace }
    }

    /// Counts from now on. What is in flight remains so.
    pub fn reset(&mut self) {
        let in_flight = self.in_flight;
        *self = Self::new(self.seen.healthy.is_some(), self.trace.take());
        self.before.0 = cpu_time();
        (self.in_flight, self.seen.max_in_flight) = (in_flight, in_flight);
        self.write(Trace::reset);
    }

    /// The counters as they stand.
    pub fn report(&self) -> Seen {
        let (cpu, drops) = self.before;
        Seen {
            cpu_s: cpu_time().saturating_sub(cpu).as_secs_f64(),
            listen_drops: listen_drops().zip(drops).map(|(now, then)| now.saturating_sub(then)),
            ..self.seen.clone()
        }
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

    /// Counts an item where it was answered as it was asked. Takes the time when it is the one in the middle, or one of
    /// the last, of so many healthy ones.
    pub fn ended(&mut self, is_answered: bool, healthy: Option<u64>) {
        self.in_flight -= 1;
        self.seen.items += u64::from(is_answered);
        let progress = self.seen.healthy.as_mut().filter(|_| is_answered);
        let Some((progress, all)) = progress.zip(healthy) else { return };
        progress.items += 1;
        let seconds = self.first.map(|first| first.elapsed().as_secs_f64());
        if progress.items == all.div_ceil(2) {
            progress.half_s = seconds;
        }
        if progress.items == (all * 99).div_ceil(100) {
            progress.most_s = seconds;
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

/// Connections that this network namespace has dropped at its listeners since it began: the kernel counts an overflow in
/// ListenOverflows and once more here. In /proc/net/netstat a group's line of names is followed by its line of figures.
fn listen_drops() -> Option<u64> {
    let netstat = fs::read_to_string("/proc/net/netstat").ok()?;
    let mut lines = netstat.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, figures) = (lines.next()?.split(' '), lines.next()?.split(' '));
    names.zip(figures).find(|(name, _)| *name == "ListenDrops")?.1.parse().ok()
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
        let mut stats = Stats::new(true, None);
        let answer = |stats: &mut Stats, items, healthy| {
            (0..items).for_each(|_| stats.began());
            (0..items).for_each(|_| stats.ended(true, healthy));
            stats.report().healthy.expect("one is sick")
        };
        for _ in 0..2 {
            let now = Instant::now();
            stats.connected(now);
            stats.connected(now - Duration::from_secs(5)); // the first, though it comes second
            answer(&mut stats, 1, None); // a slow one
            assert_eq!(answer(&mut stats, 99, Some(200)).half_s, None);
            let half = answer(&mut stats, 98, Some(200));
            assert!(half.half_s.is_some_and(|half| (5.0..10.0).contains(&half)), "{half:?}");
            assert_eq!((half.items, half.most_s), (197, None));
            let most = answer(&mut stats, 3, Some(200));
            assert!(most.most_s >= half.half_s && most.half_s == half.half_s, "{most:?}");
            stats.reset();
        }
    }
}
