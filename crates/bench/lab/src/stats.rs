//! What the lab counts, so that a program's claim about its concurrency can be checked.

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench_data::lab::{Counts, Healthy, LabStats};
use rustix::time::{ClockId, clock_gettime};

use crate::trace::Trace;

/// A workload, and where its counters are.
#[derive(Clone, Copy)]
pub enum Workload {
    /// `select sleep(x)` and `call p(x)`; what client libraries ask by themselves is no item.
    Db,
    /// `/page/…`
    Web,
    /// `/prices`
    Prices,
}

/// The counters of a workload since the last reset.
#[derive(Default)]
pub struct Counters {
    counts: Counts,
    in_flight: u64,
    /// Hosts or days that are well, where others are sick.
    healthy: u64,
    /// When the first connection was accepted.
    first: Option<Instant>,
}

impl Counters {
    /// The counters of hosts or days, each with how it misbehaves, if it does.
    pub fn of<T>(places: &[Option<T>]) -> Self {
        let healthy = places.iter().filter(|sick| sick.is_none()).count();
        let mut counters = Self { healthy: healthy as u64, ..Self::default() };
        counters.counts.healthy = (healthy < places.len()).then(Healthy::default);
        counters
    }

    /// Counts a connection, and when it was accepted.
    pub fn connected(&mut self, accepted: Instant) {
        self.counts.connections += 1;
        self.first = Some(self.first.map_or(accepted, |first| first.min(accepted)));
    }

    /// Counts round trips that a client waits for an answer.
    pub fn waited(&mut self, round_trips: u32) {
        self.counts.round_trips += u64::from(round_trips);
    }

    /// Counts an item that is in flight from now on.
    pub fn began(&mut self) {
        self.in_flight += 1;
        self.counts.max_in_flight = self.counts.max_in_flight.max(self.in_flight);
    }

    pub fn ended(&mut self) {
        self.in_flight -= 1;
    }

    /// Counts an item that was answered as it was asked: by a `healthy` host or day, or by one that is only slow. Takes the
    /// time when it is the healthy one in the middle, or one of the last.
    pub fn answered(&mut self, healthy: bool) {
        self.counts.items += 1;
        let Some(progress) = self.counts.healthy.as_mut().filter(|_| healthy) else { return };
        progress.items += 1;
        let seconds = self.first.map(|first| first.elapsed().as_secs_f64());
        if progress.items == self.healthy.div_ceil(2) {
            progress.half_s = seconds;
        }
        if progress.items == (self.healthy * 99).div_ceil(100) {
            progress.most_s = seconds;
        }
    }

    fn reset(&mut self) {
        let healthy = self.counts.healthy.as_ref().map(|_| Healthy::default());
        self.counts = Counts { max_in_flight: self.in_flight, healthy, ..Counts::default() };
        self.first = None;
    }
}

/// All that the lab counts.
pub struct Stats {
    counters: [Mutex<Counters>; 3],
    /// When each item began and ended, where that is asked for.
    pub trace: Option<Trace>,
    /// CPU time of the process and the machine's listen drops at the last reset.
    since: Mutex<(Duration, Option<u64>)>,
}

impl Stats {
    /// Counts hosts and days in these counters, and notes all items in this trace.
    pub fn new(db: Counters, prices: Counters, trace: Option<Trace>) -> Self {
        let counters = [db, Counters::default(), prices].map(Mutex::new);
        Self { counters, trace, since: Mutex::new((Duration::ZERO, listen_drops())) }
    }

    /// The counters of a workload.
    pub fn of(&self, workload: Workload) -> MutexGuard<'_, Counters> {
        lock(&self.counters[workload as usize])
    }

    /// Counts from now on. What is in flight remains so.
    pub fn reset(&self) {
        for counters in &self.counters {
            lock(counters).reset();
        }
        if let Some(trace) = &self.trace {
            trace.reset();
        }
        *lock(&self.since) = (cpu_time(), listen_drops());
    }

    /// The counters as they stand.
    pub fn report(&self) -> LabStats {
        let (cpu, drops) = *lock(&self.since);
        LabStats {
            cpu_s: cpu_time().saturating_sub(cpu).as_secs_f64(),
            listen_drops: listen_drops().zip(drops).map(|(now, then)| now.saturating_sub(then)),
            db: self.of(Workload::Db).counts.clone(),
            web: self.of(Workload::Web).counts.clone(),
            prices: self.of(Workload::Prices).counts.clone(),
        }
    }
}

/// The value, whatever happened to another holder of the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connections that this network namespace has dropped at its listeners since it began. The kernel
/// counts an overflow in ListenOverflows and once more here.
fn listen_drops() -> Option<u64> {
    field(&fs::read_to_string("/proc/net/netstat").ok()?, "TcpExt:", "ListenDrops")
}

/// A figure of /proc/net/netstat: a group's line of names is followed by its line of figures.
fn field(netstat: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = netstat.lines().filter(|line| line.starts_with(group));
    let (names, figures) = (lines.next()?.split(' '), lines.next()?.split(' '));
    names.zip(figures).find(|(other, _)| *other == name)?.1.parse().ok()
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
        let mut places = vec![None; 200];
        places.push(Some(()));
        let mut counters = Counters::of(&places);
        let answer = |counters: &mut Counters, items: u64| {
            (0..items).for_each(|_| counters.answered(true));
            counters.counts.healthy.clone().expect("one is sick")
        };
        for _ in 0..2 {
            let now = Instant::now();
            counters.connected(now);
            counters.connected(now - Duration::from_secs(5)); // the first, though it comes second
            counters.answered(false); // a slow one
            assert_eq!(answer(&mut counters, 99), Healthy { items: 99, half_s: None, most_s: None });
            let half = answer(&mut counters, 98).half_s.expect("half were answered");
            assert!((5.0..10.0).contains(&half), "{half}");
            assert_eq!(answer(&mut counters, 0).most_s, None);
            let count = answer(&mut counters, 53);
            assert!((count.items, count.half_s) == (250, Some(half)), "{count:?}");
            assert!(count.most_s.is_some_and(|most| most >= half), "{count:?}");
            counters.reset();
        }
    }

    #[test]
    fn reads_the_kernels_figures() {
        let text = "TcpExt: A ListenOverflows ListenDrops\nTcpExt: 1 2 3\nIpExt: A\nIpExt: 4\n";
        assert_eq!(field(text, "TcpExt:", "ListenDrops"), Some(3));
        assert_eq!(field(text, "TcpExt:", "B"), None);
        assert_eq!(field("", "TcpExt:", "A"), None);
        assert!(listen_drops().is_some());
    }
}
