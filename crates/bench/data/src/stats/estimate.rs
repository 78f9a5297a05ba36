//! One program against another, from the rounds of one sitting.

use super::{CONFIDENCE, MIN_ROUNDS, SignedRank};

/// How many times as long one program takes as another, or how much longer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The best single figure.
    pub estimate: f64,
    /// Rounds, or sittings of the side that has fewer.
    pub n: usize,
    /// How sure that is; `None` if `n` is too small to say.
    pub interval: Option<Interval>,
}

/// What the data leave possible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    pub fn excludes(&self, value: f64) -> bool {
        self.low > value || self.high < value
    }
}

impl Estimate {
    /// `a` ÷ `b`, where `a[i]` and `b[i]` are of the same round, in any one unit.
    ///
    /// Of the logarithms of the rounds' ratios: the Hodges-Lehmann estimate, and the exact signed-rank interval
    /// ([`SignedRank`]); no interval of fewer than [`MIN_ROUNDS`], or of too few for this confidence. `None` if there are
    /// no rounds, if one side has more than the other, or if a value is not positive and finite.
    pub fn ratio(a: &[f64], b: &[f64], confidence: f64) -> Option<Self> {
        if a.len() != b.len() {
            return None;
        }
        let logs: Vec<f64> = a.iter().zip(b).map(|(a, b)| log_ratio(*a, *b)).collect::<Option<_>>()?;
        let Estimate { estimate, n, interval } = Self::centre(&logs, confidence)?;
        let interval = interval.map(|Interval { low, high }| Interval { low: low.exp(), high: high.exp() });
        Some(Self { estimate: estimate.exp(), n, interval })
    }

    /// The centre of differences, one of each round; as [`Estimate::ratio`], without logarithms.
    pub fn centre(differences: &[f64], confidence: f64) -> Option<Self> {
        let (n, ranks) = (differences.len(), SignedRank::new(differences)?);
        let interval = ranks.interval(confidence).filter(|_| n >= MIN_ROUNDS);
        Some(Self { estimate: ranks.centre(), n, interval })
    }

    /// [`Estimate::ratio`] with an interval at [`CONFIDENCE`].
    pub fn paired(a: &[f64], b: &[f64]) -> Option<Self> {
        Self::ratio(a, b, CONFIDENCE)
    }
}

/// Rounded to 12 places, so that equal ratios are ties: 0.11 ÷ 0.1 and 0.22 ÷ 0.2 differ in the 17th.
fn log_ratio(a: f64, b: f64) -> Option<f64> {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    (positive(a) && positive(b)).then(|| ((a / b).ln() * 1e12).round() / 1e12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_rounds_have_a_ratio_without_interval() {
        let ratio = Estimate::paired(&[0.2; 7], &[0.1; 7]).unwrap();
        assert!((ratio.estimate - 2.0).abs() < 1e-9);
        assert_eq!((ratio.n, ratio.interval), (7, None));
        assert!(Estimate::paired(&[0.2; 8], &[0.1; 8]).unwrap().interval.is_some());
    }

    #[test]
    fn the_other_way_round_is_the_inverse() {
        let a = [0.131, 0.142, 0.128, 0.150, 0.139, 0.133, 0.144, 0.129, 0.137];
        let b = [0.125, 0.144, 0.121, 0.139, 0.135, 0.130, 0.133, 0.128, 0.131];
        let (there, back) = (Estimate::paired(&a, &b).unwrap(), Estimate::paired(&b, &a).unwrap());
        let (i, j) = (there.interval.unwrap(), back.interval.unwrap());
        for product in [there.estimate * back.estimate, i.low * j.high, i.high * j.low] {
            assert!((product - 1.0).abs() < 1e-9, "{product}");
        }
    }

    #[test]
    fn equal_ratios_are_ties() {
        assert_eq!(log_ratio(0.11, 0.1), log_ratio(0.22, 0.2));
        assert_eq!(log_ratio(0.11, 0.1).map(|r| -r), log_ratio(0.1, 0.11));
    }

    #[test]
    fn what_is_no_pair_of_times_has_no_ratio() {
        for (a, b) in [(&[][..], &[][..]), (&[0.1, 0.2], &[0.1]), (&[0.0], &[0.1]), (&[0.1], &[f64::NAN])] {
            assert_eq!(Estimate::paired(a, b), None, "{a:?} ÷ {b:?}");
        }
    }
}
