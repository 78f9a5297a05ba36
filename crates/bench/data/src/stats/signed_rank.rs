//! Wilcoxon's signed-rank statistic of a few differences, exactly.

use super::{Interval, median_of_sorted};

/// Differences, and what Wilcoxon's signed ranks say about their centre.
///
/// The method assumes that the differences are independent and symmetric about one centre, not that they are
/// normal. Formulas: Hollander, Wolfe and Chicken, *Nonparametric Statistical Methods*, 3rd edition, 3.1 to 3.3.
#[derive(Debug, Clone)]
pub struct SignedRank {
    n: usize,
    /// Means of all pairs, each difference with itself too; sorted.
    walsh: Vec<f64>,
}

impl SignedRank {
    /// `None` of nothing, or if a difference is not finite.
    pub fn new(differences: &[f64]) -> Option<Self> {
        if differences.is_empty() || !differences.iter().all(|d| d.is_finite()) {
            return None;
        }
        let pairs = differences.iter().enumerate();
        let mut walsh: Vec<f64> =
            pairs.flat_map(|(i, d)| differences[i..].iter().map(|e| f64::midpoint(*d, *e))).collect();
        walsh.sort_by(f64::total_cmp);
        Some(Self { n: differences.len(), walsh })
    }

    /// Hodges and Lehmann's estimate of the centre: the median of the Walsh averages.
    pub fn centre(&self) -> f64 {
        median_of_sorted(&self.walsh).expect("one difference has one Walsh average")
    }

    /// The interval of the centre, exact at `confidence` or a little above: the k-th Walsh average from either
    /// end, for 10 differences and 95 % the 9th. `None` if there are too few differences for any (5 for 95 %).
    ///
    /// With ties it covers at least as much (Noether 1967, *Journal of the American Statistical Association*
    /// 62: 184).
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let k = interval_rank(self.n, confidence);
        (k > 0).then(|| Interval { low: self.walsh[k - 1], high: self.walsh[self.walsh.len() - k] })
    }
}

/// The largest k with 2·P(T < k) ≤ 1 − `confidence`, T the rank sum of `n` differences without ties. For an interval it
/// takes 1 at least.
pub(super) fn interval_rank(n: usize, confidence: f64) -> usize {
    let tail = (1.0 - confidence) / 2.0;
    let mut below = 0.0;
    rank_sums(n)
        .iter()
        .take_while(|chance| {
            below += *chance;
            below <= tail
        })
        .count()
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
        let ranks = [(5, 0), (6, 1), (7, 3), (8, 4), (9, 6), (10, 9), (20, 53), (30, 138)];
        for (n, k) in ranks {
            assert_eq!(interval_rank(n, 0.95), k, "{n} differences");
        }
    }

    #[test]
    fn zeros_only_show_nothing() {
        let zeros = SignedRank::new(&[0.0; 10]).unwrap();
        assert_eq!((zeros.centre(), zeros.interval(0.95)), (0.0, Some(Interval { low: 0.0, high: 0.0 })));
    }

    #[test]
    fn nothing_and_no_numbers_are_refused() {
        for differences in [&[][..], &[0.1, f64::NAN], &[f64::INFINITY]] {
            assert!(SignedRank::new(differences).is_none(), "{differences:?}");
        }
    }
}
