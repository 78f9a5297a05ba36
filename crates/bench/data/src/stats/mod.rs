//! What a few runs allow to say.
//!
//! Programs are measured in rounds: each round runs all of them once, in a fresh random order ([`order`]). A disturbance
//! of a round hits all of its runs, so two programs are compared by their ratio in the same round
//! ([`Estimate::ratio`]), never by two medians. All rounds of a sitting share the weather of their day, so between days
//! and machines the sitting is one observation ([`Estimate::of_sittings`], [`Estimate::between_sittings`]).
//!
//! No crate has the exact signed-rank interval: `statrs` 0.19 has no signed-rank test, `hypors` 0.4 and `basic_stats` 1.0
//! have the rank-sum test of unpaired samples, `r2rs-nmath` 0.1 has the distribution without ties and 150 crates below it.

mod estimate;
mod order;
mod sittings;

pub use estimate::{Estimate, Interval, RELEVANT_MS, RELEVANT_RATIO, Verdict};
pub use order::{SplitMix64, order};

/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;
/// Confidence at which the A/A control rejects a sitting.
pub const REJECTION: f64 = 0.99;
/// Fewest rounds for an interval: with 5 none exists (the lowest p is 0.0625), with 6 and 7 it spans nearly all ratios.
pub const MIN_ROUNDS: usize = 8;
/// Fewest sittings, on each side, for an interval.
pub const MIN_SITTINGS: usize = 5;
/// Scatter of the A/A control, per round, above which a machine needs more rounds.
pub const SCATTER: f64 = 0.035;

/// The rounds that it takes for an interval at [`simultaneous`] confidence to exist, at least 10.
pub fn rounds_needed(comparisons: usize) -> u32 {
    let enough = |rounds: &u32| estimate::interval_rank(*rounds as usize, simultaneous(comparisons)) > 0;
    (10..).find(enough).expect("an interval gets surer with every round")
}

/// Confidence of each of several intervals that are all to hold with 95 %.
pub fn simultaneous(comparisons: usize) -> f64 {
    1.0 - (1.0 - CONFIDENCE) / comparisons.max(1) as f64
}

/// Scatter per round: the median absolute deviation of the log-ratios, scaled to the standard deviation of a normal
/// distribution. An outlier does not call for more rounds.
pub fn scatter(pairs: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<f64> = pairs.iter().map(|(a, b)| (a / b).ln()).collect();
    let centre = median(&logs)?;
    let deviations: Vec<f64> = logs.iter().map(|log| (log - centre).abs()).collect();
    Some(1.482_602_218_505_602 * median(&deviations)?)
}

/// Whether an A/A control rejects its sitting: its interval at [`REJECTION`] excludes 1.
pub fn rejects(pairs: &[(f64, f64)]) -> bool {
    let interval = Estimate::ratio(pairs, REJECTION).and_then(|ratio| ratio.interval);
    interval.is_some_and(|interval| interval.excludes(1.0))
}

pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// Lowest and highest value.
pub fn range(values: &[f64]) -> Option<(f64, f64)> {
    let lowest = values.iter().copied().min_by(f64::total_cmp)?;
    let highest = values.iter().copied().max_by(f64::total_cmp)?;
    Some((lowest, highest))
}
