//! What the lab counts, so that a program's claim about its concurrency can be checked.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench_data::observed::{Counts, Healthy, LabStats};
use rustix::time::{ClockId, clock_gettime};

use crate::trace::Trace;

/// The counters of a workload since the last reset.
#[derive(Default)]
pub struct Counters {
    connections: AtomicU64,
    items: AtomicU64,
    in_flight: AtomicU64,
    max_in_flight: AtomicU64,
    round_trips: AtomicU64,
    /// What the healthy hosts or days do, when others are sick.
    healthy: Option<Mutex<Progress>>,
}

/// The items of the hosts or days that are not sick, since the last reset.
#[derive(Default)]
struct Progress {
    /// How many such hosts or days there are.
    total: u64,
    /// When the first connection was accepted.
    first: Option<Instant>,
    items: u64,
    half: Option<Duration>,
    most: Option<Duration>,
}

/// An item that is being answered: from its request received to just before its answer is sent.
pub struct InFlight<'a>(&'a Counters);

impl Counters {
    /// The counters of hosts or days, each with how it misbehaves, if it does.
    pub fn of<T>(places: &[Option<T>]) -> Self {
        let total = places.iter().filter(|sick| sick.is_none()).count();
        let healthy = Progress { total: total as u64, ..Progress::default() };
        Self { healthy: (total < places.len()).then(|| healthy.into()), ..Self::default() }
    }

    /// Counts a connection, and when it was accepted.
    pub fn connected(&self, accepted: Instant) {
        self.connections.fetch_add(1, Relaxed);
        if let Some(healthy) = &self.healthy {
            let first = &mut lock(healthy).first;
            *first = Some(first.map_or(accepted, |first| first.min(accepted)));
        }
    }

    /// Counts round trips that a client waits for an answer.
    pub fn waited(&self, round_trips: u64) {
        self.round_trips.fetch_add(round_trips, Relaxed);
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
        self.round_trips.store(0, Relaxed);
        self.max_in_flight.store(self.in_flight.load(Relaxed), Relaxed);
        if let Some(healthy) = &self.healthy {
            let mut healthy = lock(healthy);
            *healthy = Progress { total: healthy.total, ..Progress::default() };
        }
    }

    fn report(&self) -> Counts {
        Counts {
            connections: self.connections.load(Relaxed),
            items: self.items.load(Relaxed),
            max_in_flight: self.max_in_flight.load(Relaxed),
            round_trips: self.round_trips.load(Relaxed),
            healthy: self.healthy.as_ref().map(|healthy| lock(healthy).report()),
        }
    }
}

impl Progress {
    /// Counts an item, and takes the time when it is the one in the middle, or one of the last.
    fn answered(&mut self) {
        self.items += 1;
        let time = self.first.map(|first| first.elapsed());
        if self.items == self.total.div_ceil(2) {
            self.half = time;
        }
        if self.items == (self.total * 99).div_ceil(100) {
            self.most = time;
        }
    }

    fn report(&self) -> Healthy {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        Healthy { items: self.items, half_s: seconds(self.half), most_s: seconds(self.most) }
    }
}

impl InFlight<'_> {
    /// Counts an item that is answered as it was asked, by a `healthy` host or day, or by a slow
    /// one; one that fails is dropped instead.
    pub fn answered(self, healthy: bool) {
        self.0.items.fetch_add(1, Relaxed);
        if let Some(counts) = self.0.healthy.as_ref().filter(|_| healthy) {
            lock(counts).answered();
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// All that the lab counts.
pub struct Stats {
    /// `select sleep(x)`; what client libraries ask by themselves is no item.
    pub db: Counters,
    /// `/page/…`
    pub web: Counters,
    /// `/prices`
    pub prices: Counters,
    /// When each item began and ended, where that is asked for.
    pub trace: Option<Trace>,
    /// CPU time of the process and the machine's listen drops at the last reset.
    since: Mutex<(Duration, Option<u64>)>,
}

impl Stats {
    /// Counts `select sleep(x)` and `/prices` in these counters, and notes all items in this trace.
    pub fn new(db: Counters, prices: Counters, trace: Option<Trace>) -> Self {
        let since = Mutex::new((Duration::ZERO, listen_drops()));
        Self { db, web: Counters::default(), prices, trace, since }
    }

    /// Counts from now on. What is in flight remains so.
    pub fn reset(&self) {
        for counters in [&self.db, &self.web, &self.prices] {
            counters.reset();
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
            db: self.db.report(),
            web: self.web.report(),
            prices: self.prices.report(),
        }
    }
}

/// The value, whatever happened to another holder of the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects that this network namespace has dropped at its listeners since it began. The kernel
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

    fn count(items: u64, max_in_flight: u64) -> Counts {
        Counts { connections: 0, items, max_in_flight, round_trips: 0, healthy: None }
    }

    #[test]
    fn counts_what_is_in_flight_and_what_was_answered() {
        let counters = Counters::of(&[None::<()>]);
        let (first, second) = (counters.received(), counters.received());
        first.answered(true);
        assert_eq!(counters.report(), count(1, 2));
        counters.reset();
        assert_eq!(counters.report(), count(0, 1));
        drop(second);
        counters.reset();
        assert_eq!(counters.report(), count(0, 0));
    }

    #[test]
    fn takes_the_time_of_half_and_of_99_percent_of_the_healthy() {
        let mut places = vec![None; 200];
        places.push(Some(()));
        let counters = Counters::of(&places);
        let healthy = || counters.report().healthy.expect("one is sick");
        for _ in 0..2 {
            let now = Instant::now();
            counters.connected(now);
            counters.connected(now - Duration::from_secs(5)); // the first, though it comes second
            counters.received().answered(false); // a slow one
            assert_eq!(healthy(), Healthy { items: 0, half_s: None, most_s: None });
            (0..99).for_each(|_| counters.received().answered(true));
            assert_eq!(healthy(), Healthy { items: 99, half_s: None, most_s: None });
            (99..197).for_each(|_| counters.received().answered(true));
            let half = healthy().half_s.expect("half were answered");
            assert!((5.0..10.0).contains(&half), "{half}");
            assert_eq!(healthy().most_s, None);
            (197..250).for_each(|_| counters.received().answered(true));
            let count = healthy();
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
