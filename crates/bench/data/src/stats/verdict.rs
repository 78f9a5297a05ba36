//! What an interval allows to say.

use super::{Interval, RELEVANT};

/// What a comparison shows, read off its interval against the band of [`RELEVANT`] around 1.
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
    /// Reads it off an interval.
    pub fn of(interval: &Interval) -> Self {
        match (interval.low, interval.high) {
            (_, high) if high < 1.0 - RELEVANT => Verdict::Faster,
            (low, _) if low > 1.0 + RELEVANT => Verdict::Slower,
            (low, high) if low >= 1.0 - RELEVANT && high <= 1.0 + RELEVANT => Verdict::Same,
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
            assert_eq!(Verdict::of(&Interval { low, high, p: 0.0 }), verdict, "[{low}, {high}]");
        }
    }
}
