//! Wilcoxon's signed-rank statistic of a few differences, exactly.

use super::median_of_sorted;

/// Differences, and what Wilcoxon's signed ranks say about their centre.
///
/// The method assumes that the differences are independent and symmetric about one centre, not that they are
/// normal. Formulas: Hollander, Wolfe and Chicken, *Nonparametric Statistical Methods*, 3rd edition, 3.1 to 3.3.
#[derive(Debug, Clone)]
pub struct SignedRank {
    differences: Vec<f64>,
    /// Means of all pairs, each difference with itself too; sorted.
    walsh: Vec<f64>,
}

impl SignedRank {
    /// `None` of nothing, or if a difference is not finite.
    pub fn new(differences: &[f64]) -> Option<Self> {
        if differences.is_empty() || !differences.iter().all(|d| d.is_finite()) {
            return None;
        }
        let mut walsh = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
        for (i, d) in differences.iter().enumerate() {
            walsh.extend(differences[i..].iter().map(|e| f64::midpoint(*d, *e)));
        }
        walsh.sort_by(f64::total_cmp);
        Some(Self { differences: differences.to_vec(), walsh })
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
    pub fn interval(&self, confidence: f64) -> Option<(f64, f64)> {
        let k = interval_rank(self.differences.len(), confidence);
        (k > 0).then(|| (self.walsh[k - 1], self.walsh[self.walsh.len() - k]))
    }

    /// Two-sided p of "the centre is 0", exact with ties too.
    ///
    /// Ties in size have their mean rank. Zeros take part in the ranking and are then left out (Pratt 1959,
    /// *Journal of the American Statistical Association* 54: 655): to leave them out first would hide that
    /// rounds did not differ.
    pub fn p_value(&self) -> f64 {
        let ranks = doubled_ranks(&self.differences);
        let sum_of = |sign: fn(f64) -> bool| -> usize {
            ranks.iter().zip(&self.differences).filter(|(_, d)| sign(**d)).map(|(rank, _)| rank).sum()
        };
        let least = sum_of(|d| d > 0.0).min(sum_of(|d| d < 0.0));
        let nonzero = ranks.iter().zip(&self.differences).filter(|(_, d)| **d != 0.0).map(|(rank, _)| *rank);
        let at_most: f64 = chances(nonzero, least).iter().sum();
        (2.0 * at_most).min(1.0)
    }
}

/// The lowest two-sided p that `n` differences can have: all have the same sign.
pub(super) fn least_p(n: usize) -> f64 {
    2.0 * 0.5_f64.powf(n as f64)
}

/// The largest k with 2·P(T < k) ≤ 1 − `confidence`, T the rank sum of `n` differences without ties.
fn interval_rank(n: usize, confidence: f64) -> usize {
    let tail = (1.0 - confidence) / 2.0;
    // Half of all rank sums lie below n(n+1)/4, and a tail is less than half.
    let chances = chances(1..=n, n * (n + 1) / 4);
    let mut below = 0.0;
    chances
        .iter()
        .take_while(|chance| {
            below += *chance;
            below <= tail
        })
        .count()
}

/// Chances that a rank sum is 0, 1, … `most`, when each rank counts or not with equal chances.
fn chances(ranks: impl Iterator<Item = usize>, most: usize) -> Vec<f64> {
    let mut chances = vec![0.0; most + 1];
    chances[0] = 1.0;
    for rank in ranks {
        for sum in (0..=most).rev() {
            let without = chances[sum];
            let with = if sum >= rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = (without + with) / 2.0;
        }
    }
    chances
}

/// Twice the rank of each difference by size: a mean rank of ties may end in a half.
fn doubled_ranks(differences: &[f64]) -> Vec<usize> {
    let smaller = |size: f64| differences.iter().filter(|d| d.abs() < size).count();
    let as_large = |size: f64| differences.iter().filter(|d| d.abs() == size).count();
    // Ranks s+1 to s+t have the mean s + (t+1)/2.
    differences.iter().map(|d| 2 * smaller(d.abs()) + as_large(d.abs()) + 1).collect()
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
    fn ties_share_their_mean_rank() {
        assert_eq!(doubled_ranks(&[0.3, -0.1, 0.2]), [6, 2, 4]);
        assert_eq!(doubled_ranks(&[0.2, -0.2, 0.0, 0.5]), [5, 5, 2, 8]);
    }

    #[test]
    fn all_of_one_sign_is_the_least_p() {
        for n in 1..=200 {
            let differences: Vec<f64> = (1..=n).map(|size| f64::from(size) / 100.0).collect();
            let p = SignedRank::new(&differences).unwrap().p_value();
            assert!((p / least_p(differences.len()) - 1.0).abs() < 1e-12, "{n} differences: {p}");
        }
    }

    #[test]
    fn zeros_only_show_nothing() {
        let zeros = SignedRank::new(&[0.0; 10]).unwrap();
        assert_eq!((zeros.centre(), zeros.interval(0.95), zeros.p_value()), (0.0, Some((0.0, 0.0)), 1.0));
    }

    #[test]
    fn nothing_and_no_numbers_are_refused() {
        assert!(SignedRank::new(&[]).is_none());
        assert!(SignedRank::new(&[0.1, f64::NAN]).is_none());
        assert!(SignedRank::new(&[f64::INFINITY]).is_none());
    }
}
