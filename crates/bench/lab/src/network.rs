//! The network between the clients and the lab: loopback has none, so its delay is made up here.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_io::Timer;

use crate::stats::Counters;

/// Round trips that a client waits for the first answer of a connection. One is TCP's own handshake, which loopback
/// does at once, so its delay is made up for here; the other is the answer's.
const FIRST: u32 = 2;

/// A connection over a network.
pub struct Way {
    /// Round-trip time.
    rtt: Duration,
    opened: AtomicBool,
}

impl Way {
    /// A connection that was just accepted, over a network with this round-trip time.
    pub fn new(rtt: Duration) -> Self {
        Self { rtt, opened: false.into() }
    }

    /// Counts the round trips that the client waits for the next answer, and tells how long the answer is to be held
    /// back for them. Nothing where there is no network: not even a timer.
    pub fn answer(&self, counters: &Counters) -> Option<Timer> {
        let trips = if self.opened.swap(true, Relaxed) { 1 } else { FIRST };
        counters.waited(trips.into());
        (!self.rtt.is_zero()).then(|| Timer::after(self.rtt.saturating_mul(trips)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn the_first_answer_takes_two_round_trips() {
        let way = Way::new(Duration::from_millis(20));
        let counters = Counters::default();
        for trips in [2, 1, 1] {
            let start = Instant::now();
            way.answer(&counters).expect("a network").await;
            assert!(start.elapsed() >= Duration::from_millis(20 * trips));
        }
    }

    #[test]
    fn without_a_network_there_is_no_timer() {
        assert!(Way::new(Duration::ZERO).answer(&Counters::default()).is_none());
        // Longer than any clock: it never comes.
        assert!(Way::new(Duration::MAX).answer(&Counters::default()).is_some());
    }
}
