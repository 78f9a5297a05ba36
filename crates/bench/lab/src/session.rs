//! A connection as the lab counts it, and the network between its client and the lab.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_io::Timer;

use crate::stats::{Stats, Workload};
use crate::trace::Span;

/// A connection that was accepted.
pub struct Session {
    stats: Arc<Stats>,
    rtt: Duration,
    accepted: Instant,
    /// The workloads that it was counted for.
    counted: [AtomicBool; 3],
    answered: AtomicBool,
    /// Its items for the trace.
    spans: Mutex<Vec<Span>>,
}

impl Session {
    /// A connection that was accepted now, over a network with this round-trip time.
    pub fn new(stats: Arc<Stats>, rtt: Duration) -> Self {
        let (counted, answered, spans) = Default::default();
        Self { stats, rtt, accepted: Instant::now(), counted, answered, spans }
    }

    /// Counts the connection for a workload, once.
    pub fn connected(&self, workload: Workload) {
        if !self.counted[workload as usize].swap(true, Relaxed) {
            self.stats.of(workload).connected(self.accepted);
        }
    }

    /// Counts an item, which is in flight until the guard is dropped.
    pub fn begin(&self, workload: Workload, name: impl FnOnce() -> String) -> InFlight<'_> {
        self.connected(workload);
        self.stats.of(workload).began();
        let traced = self.stats.trace.as_ref().map(|_| (name(), Instant::now()));
        InFlight { session: self, workload, traced }
    }

    /// Counts the round trips that the client waits for its next answer, and tells how long to hold the answer back for
    /// them: nothing where there is no network, not even a timer. The first answer of a connection takes two: one is
    /// TCP's own handshake, which loopback does at once.
    pub fn answer(&self, workload: Workload) -> Option<Timer> {
        let trips = if self.answered.swap(true, Relaxed) { 1 } else { 2 };
        self.stats.of(workload).waited(trips);
        (!self.rtt.is_zero()).then(|| Timer::after(self.rtt.saturating_mul(trips)))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(trace) = &self.stats.trace {
            let spans = self.spans.get_mut().unwrap_or_else(PoisonError::into_inner);
            trace.write(self.accepted, std::mem::take(spans));
        }
    }
}

/// An item that is being answered: from its request read to just before its answer is sent.
pub struct InFlight<'a> {
    session: &'a Session,
    workload: Workload,
    traced: Option<(String, Instant)>,
}

impl InFlight<'_> {
    /// Counts the item as answered; one that fails is dropped instead.
    pub fn answered(&self, healthy: bool) {
        self.session.stats.of(self.workload).answered(healthy);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.session.stats.of(self.workload).ended();
        if let Some((item, begin)) = self.traced.take() {
            let span = Span { workload: self.workload, item, begin, end: Instant::now() };
            self.session.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
        }
    }
}
