//! One program against another, from the rounds of one sitting.

use super::MIN_ROUNDS;

/// Ratios that are no reason to choose a program.
pub const RELEVANT_RATIO: Interval = Interval { low: 0.99, high: 1.01 };
/// Differences of the time over the wait that are none, in milliseconds.
pub const RELEVANT_MS: Interval = Interval { low: -1.0, high: 1.0 };

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// How many times as long one program takes as another, or how much longer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub estimate: f64,
    /// `None` of too few rounds or sittings.
    pub interval: Option<Interval>,
}

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

impl Interval {
    pub fn excludes(&self, value: f64) -> bool {
        self.low > value || self.high < value
    }
}

impl Estimate {
    /// How many times as long the first of each pair takes as the second, in the same round.
    ///
    /// [`Estimate::centre`] of the logarithms of the rounds' ratios; no interval from fewer than [`MIN_ROUNDS`]. `None` if
    /// there are no rounds, or if a time is not positive and finite.
    pub fn ratio(pairs: &[(f64, f64)], confidence: f64) -> Option<Self> {
        let logs: Vec<f64> = pairs.iter().map(|pair| log_ratio(*pair)).collect::<Option<_>>()?;
        let Estimate { estimate, interval } = Self::centre(&logs, confidence)?;
        let interval = interval.filter(|_| pairs.len() >= MIN_ROUNDS);
        let interval = interval.map(|Interval { low, high }| Interval { low: low.exp(), high: high.exp() });
        Some(Self { estimate: estimate.exp(), interval })
    }

    /// How many milliseconds longer the first of each pair takes than the second, both in seconds, beyond the `waits_s` that
    /// it has to; otherwise as [`Estimate::ratio`].
    pub fn difference_ms(pairs: &[(f64, f64)], waits_s: f64, confidence: f64) -> Option<Self> {
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| 1e3 * (a - b - waits_s)).collect();
        let centre = Self::centre(&differences, confidence)?;
        Some(Self { interval: centre.interval.filter(|_| pairs.len() >= MIN_ROUNDS), ..centre })
    }

    /// Hodges and Lehmann's estimate of the centre of `differences`, and the interval of Wilcoxon's signed ranks: exact at
    /// `confidence` or a little above, with ties or without (Noether 1967, *Journal of the American Statistical
    /// Association* 62: 184).
    ///
    /// Both are order statistics of the Walsh averages, the means of all pairs of differences, each with itself too: the
    /// median, and the k-th from either end, which is the 9th for 10 differences and 95 %. The method assumes that the
    /// differences are independent and symmetric about one centre, not that they are normal. Formulas: Hollander, Wolfe
    /// and Chicken, *Nonparametric Statistical Methods*, 3rd edition, 3.1 to 3.3.
    pub fn centre(differences: &[f64], confidence: f64) -> Option<Self> {
        if !differences.iter().all(|difference| difference.is_finite()) {
            return None;
        }
        let pairs = differences.iter().enumerate();
        let mut walsh: Vec<f64> =
            pairs.flat_map(|(i, d)| differences[i..].iter().map(|e| f64::midpoint(*d, *e))).collect();
        walsh.sort_by(f64::total_cmp);
        let k = interval_rank(differences.len(), confidence);
        let interval = (k > 0).then(|| Interval { low: walsh[k - 1], high: walsh[walsh.len() - k] });
        Some(Self { estimate: super::median(&walsh)?, interval })
    }
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

    pub fn word(self) -> &'static str {
        match self {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::Same => "same",
            Verdict::Unresolved => "unresolved",
        }
    }
}

/// Rounded to 12 places, so that equal ratios are ties: 0.11 ÷ 0.1 and 0.22 ÷ 0.2 differ in the 17th.
fn log_ratio((a, b): (f64, f64)) -> Option<f64> {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    (positive(a) && positive(b)).then(|| ((a / b).ln() * 1e12).round() / 1e12)
}

/// The largest k with 2·P(T < k) ≤ 1 − `confidence`, T the rank sum of `n` differences without ties. An interval takes at
/// least 1.
pub(super) fn interval_rank(n: usize, confidence: f64) -> usize {
    let tail = (1.0 - confidence) / 2.0;
    let below = rank_sums(n).into_iter().scan(0.0, |below, chance| {
        *below += chance;
        Some(*below)
    });
    below.take_while(|below| *below <= tail).count()
}

/// Chances that a rank sum is 0, 1, …, when each of `n` ranks counts or not with equal chances: up to the middle, since a
/// tail is less than half.
fn rank_sums(n: usize) -> Vec<f64> {
    let mut chances = vec![0.0; n * (n + 1) / 4 + 1];
    chances[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..chances.len()).rev() {
            let with = if sum >= rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = (chances[sum] + with) / 2.0;
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_the_interval_are_those_of_the_tables() {
        // One more than the critical rank sum, two-sided 5 %, that printed tables have: none for 5, 0 for 6, …
        for (n, k) in [(5, 0), (6, 1), (7, 3), (8, 4), (9, 6), (10, 9), (20, 53), (30, 138)] {
            assert_eq!(interval_rank(n, 0.95), k, "{n} differences");
        }
    }

    #[test]
    fn few_rounds_have_no_interval_and_no_times_have_no_ratio() {
        let interval = |n| Estimate::ratio(&vec![(0.2, 0.1); n], 0.95).unwrap().interval;
        assert!(interval(7).is_none() && interval(8).is_some());
        assert_eq!(log_ratio((0.11, 0.1)), log_ratio((0.22, 0.2)), "a tie");
        for pairs in [&[][..], &[(0.0, 0.1)], &[(0.1, f64::NAN)]] {
            assert_eq!(Estimate::ratio(pairs, 0.95), None, "{pairs:?}");
        }
    }

    #[test]
    fn a_verdict_is_read_off_the_interval() {
        for (low, high, verdict) in [
            (0.90, 0.98, Verdict::Faster),
            (1.02, 1.10, Verdict::Slower),
            (0.995, 1.005, Verdict::Same),
            (0.97, 0.995, Verdict::Unresolved),
            (1.005, 1.02, Verdict::Unresolved),
        ] {
            assert_eq!(Verdict::of(&Interval { low, high }, &RELEVANT_RATIO), verdict, "[{low}, {high}]");
        }
    }
}
