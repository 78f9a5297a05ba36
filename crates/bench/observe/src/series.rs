//! Memory over time: how often to sample it, and how to thin the samples.

use std::time::Duration;

/// At most so many points are recorded.
pub const MOST_POINTS: usize = 1000;

/// The shortest and the longest pause between two samples.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(100);

/// The process tree at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Seconds since the command started.
    pub at_s: f64,
    /// Proportional set size, summed over the tree.
    pub pss_kib: u64,
    /// Processes alive.
    pub processes: u64,
}

/// How long to wait after a sample that took `cost` of CPU time, `elapsed` after the start.
///
/// Sampling takes 1 % of a CPU; but as long as that would leave fewer than 20 samples of the run so far, up to 5 %.
/// Reading the PSS of a process of 14 MiB took 40 µs in a loop, 140 µs after pauses of 2 ms and 300 µs after pauses of
/// 10 ms (medians, on a busy machine): meanwhile its page tables leave the caches. A tree with 500 threads takes 3 ms.
pub fn pause(cost: Duration, elapsed: Duration) -> Duration {
    (cost * 100).min((cost * 20).max(elapsed / 20)).clamp(SHORTEST, LONGEST)
}

/// At most `most` points: halves the resolution as often as needed. Of each group the sample with
/// the most memory stays, so that no peak is lost.
pub fn thin(samples: &[Sample], most: usize) -> Vec<Sample> {
    let group = samples.len().div_ceil(most.max(1)).max(1).next_power_of_two();
    samples
        .chunks(group)
        .filter_map(|group| group.iter().max_by_key(|sample| sample.pss_kib).copied())
        .collect()
}

/// The median distance of neighbouring samples in milliseconds, `None` for fewer than two.
pub fn median_interval_ms(samples: &[Sample]) -> Option<f64> {
    let mut distances: Vec<f64> =
        samples.windows(2).map(|pair| (pair[1].at_s - pair[0].at_s) * 1e3).collect();
    distances.sort_by(f64::total_cmp);
    let middle = distances.len() / 2;
    match distances.len() {
        0 => None,
        n if n % 2 == 1 => Some(distances[middle]),
        _ => Some((distances[middle - 1] + distances[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(pss: &[u64]) -> Vec<Sample> {
        pss.iter().enumerate().map(|(i, &pss_kib)| Sample { at_s: i as f64, pss_kib, processes: 1 }).collect()
    }

    #[test]
    fn thinning_keeps_the_largest_of_each_group() {
        let thinned = thin(&samples(&[1, 5, 2, 2, 9, 3, 4]), 4);
        let pss: Vec<u64> = thinned.iter().map(|sample| sample.pss_kib).collect();
        assert_eq!(pss, [5, 2, 9, 4]);
        assert_eq!(thinned[2].at_s, 4.0);
    }

    #[test]
    fn a_short_series_is_kept_as_it_is() {
        let all = samples(&[3, 1, 2]);
        assert_eq!(thin(&all, 3), all);
        assert_eq!(thin(&[], 3), []);
    }

    #[test]
    fn a_long_series_is_halved_until_it_fits() {
        assert_eq!(thin(&samples(&[7; 1001]), 1000).len(), 501);
        assert_eq!(thin(&samples(&[7; 100_000]), 1000).len(), 782);
    }

    #[test]
    fn sampling_takes_one_percent_of_a_long_run() {
        let pause = |micros| pause(Duration::from_micros(micros), Duration::from_secs(10));
        assert_eq!(pause(1), SHORTEST);
        assert_eq!(pause(300), Duration::from_millis(30));
        assert_eq!(pause(3000), LONGEST);
    }

    #[test]
    fn a_run_of_140_ms_has_20_samples() {
        let mut elapsed = Duration::ZERO;
        let mut samples = 0;
        while elapsed < Duration::from_millis(140) {
            let cost = Duration::from_micros(280);
            elapsed += cost + pause(cost, elapsed);
            samples += 1;
        }
        assert!(samples >= 20, "{samples}");
        // 500 threads, of which a sample takes 3 ms.
        assert_eq!(pause(Duration::from_millis(3), elapsed), Duration::from_millis(60));
    }

    #[test]
    fn median_of_distances() {
        let at = |times: &[f64]| -> Vec<Sample> {
            times.iter().map(|&at_s| Sample { at_s, pss_kib: 1, processes: 1 }).collect()
        };
        assert_eq!(median_interval_ms(&at(&[0.0])), None);
        assert_eq!(median_interval_ms(&at(&[0.0, 1.0, 2.0, 10.0])), Some(1000.0));
        assert_eq!(median_interval_ms(&at(&[0.0, 1.0, 4.0])), Some(2000.0));
    }
}
