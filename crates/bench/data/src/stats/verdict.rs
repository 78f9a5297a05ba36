//! What an interval allows to say.

use super::Interval;

/// Ratios that are no reason to choose a program.
pub const RELEVANT_RATIO: Interval = Interval { low: 0.99, high: 1.01 };
/// Differences of the time over the wait that are none, in milliseconds.
pub const RELEVANT_MS: Interval = Interval { low: -1.0, high: 1.0 };

/// What a comparison shows, read off its interval against a band of what does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Below the band.
    Faster,
    /// Above it.
    Slower,
    /// Inside it: any difference is too small to matter. A finding.
    Same,
    /// Across one of its edges.
    Unresolved,
}

impl Verdict {
    pub fn of(interval: &Interval, band: &Interval) -> Self {
        match (interval.low, interval.high) {
            (_, high) if high < band.low => Verdict::Faster,
            (low, _) if low > band.high => Verdict::Slower,
            (low, high) if low >= band.low && high <= band.high => Verdict::Same,
            _ => Verdict::Unresolved,
        }
    }

    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::Same => "same",
            Verdict::Unresolved => "unresolved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_off_the_interval() {
        for (low, high, verdict) in [
            (0.90, 0.98, Verdict::Faster),
            (1.02, 1.10, Verdict::Slower),
            (0.995, 1.005, Verdict::Same),
            (0.97, 0.995, Verdict::Unresolved),
            (1.005, 1.02, Verdict::Unresolved),
            (0.9, 1.1, Verdict::Unresolved),
        ] {
            assert_eq!(Verdict::of(&Interval { low, high }, &RELEVANT_RATIO), verdict, "[{low}, {high}]");
        }
    }
}
