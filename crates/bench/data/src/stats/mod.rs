//! What a few runs allow to say.
//!
//! Programs are measured in rounds: each round runs all of them once, in an order drawn anew ([`order`]). What
//! disturbs a round disturbs all of its runs, so two programs are compared by their ratio in the same round
//! ([`Estimate::paired`]), never by two medians. A day has its own weather that all rounds of a sitting share, so
//! between days and machines the sitting is one observation ([`Estimate::of_sittings`], [`Estimate::between_sittings`]).
//! [`Verdict::of`] reads off an interval whether it shows a difference; the intervals of a table hold together ([`simultaneous`]).
//!
//! # Which crates were looked at
//!
//! None on crates.io has the exact signed-rank interval, so `signed_rank.rs` has it: `statrs` 0.19 has no
//! signed-rank test, `hypors` 0.4 and `basic_stats` 1.0 have the rank-sum test of two unpaired samples,
//! `r2rs-nmath` 0.1 has the distribution, without ties and with 150 crates below it. Student's t is that of
//! `statrs`, which without its default features brings few crates.

mod estimate;
mod order;
mod signed_rank;
mod sittings;
mod verdict;

use signed_rank::interval_rank;

pub use estimate::{Estimate, Interval};
pub use order::{SplitMix64, order};
pub use signed_rank::SignedRank;
pub use verdict::{RELEVANT_MS, RELEVANT_RATIO, Verdict};

/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;
/// Confidence at which the A/A control rejects a sitting.
pub const REJECTION: f64 = 0.99;
/// Fewest rounds for an interval. With 5 it could not exist (the least p is 0.0625), with 6 and 7 it spans
/// nearly all that was seen.
pub const MIN_ROUNDS: usize = 8;
/// Fewest sittings, on each side, for an interval.
pub const MIN_SITTINGS: usize = 5;

/// Scatter of the A/A control, per round, above which a machine needs more rounds.
pub const SCATTER: f64 = 0.035;
/// Fewest rounds of a row that is to show a difference.
pub const FEWEST_ROUNDS: u32 = 10;

/// The rounds that it takes for an interval at [`simultaneous`] confidence to exist, [`FEWEST_ROUNDS`] at least.
pub fn rounds_needed(comparisons: usize) -> u32 {
    let enough = |rounds: &u32| interval_rank(*rounds as usize, simultaneous(comparisons)) > 0;
    (FEWEST_ROUNDS..).find(enough).expect("an interval gets surer with every round")
}

/// Confidence of each of several intervals that are all to hold with 95 %.
pub fn simultaneous(comparisons: usize) -> f64 {
    1.0 - (1.0 - CONFIDENCE) / comparisons.max(1) as f64
}

/// Scatter per round of paired times: the median absolute deviation of the log-ratios, scaled to the standard deviation
/// of a normal distribution. An outlier does not count for more rounds.
pub fn scatter(a: &[f64], b: &[f64]) -> Option<f64> {
    let logs: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a / b).ln()).collect();
    let centre = median(&logs)?;
    let deviations: Vec<f64> = logs.iter().map(|log| (log - centre).abs()).collect();
    Some(1.482_602_218_505_602 * median(&deviations)?)
}

/// Whether an A/A control rejects its sitting: its interval at [`REJECTION`] excludes 1.
pub fn rejects(control: &[f64], reference: &[f64]) -> bool {
    let estimate = Estimate::ratio(control, reference, REJECTION);
    estimate.and_then(|ratio| ratio.interval).is_some_and(|interval| interval.excludes(1.0))
}

/// Median; of an even number the mean of the middle two. `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

fn median_of_sorted(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// Least and greatest value. `None` of nothing.
pub fn range(values: &[f64]) -> Option<(f64, f64)> {
    let least = values.iter().copied().min_by(f64::total_cmp)?;
    let greatest = values.iter().copied().max_by(f64::total_cmp)?;
    Some((least, greatest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn range_is_both_ends() {
        assert_eq!(range(&[]), None);
        assert_eq!(range(&[2.0]), Some((2.0, 2.0)));
        assert_eq!(range(&[2.0, -1.0, 5.0]), Some((-1.0, 5.0)));
    }
}
