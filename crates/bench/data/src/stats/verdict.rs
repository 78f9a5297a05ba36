//! Which ratios of a table are differences.

use super::{CONFIDENCE, Interval, RELEVANT, Ratio};

/// What a comparison shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The ratio is below 1.
    Faster,
    /// The ratio is above 1.
    Slower,
    /// No difference shown. There may be one, smaller than what the rounds resolve.
    NoDifference,
    /// No verdict: no data of this size could show a difference in a table of this size.
    TooFew,
}

/// The verdicts of all comparisons of one table, in its order.
///
/// A difference is shown if the p of a ratio, adjusted for the size of the table ([`holm`]), is at most 5 %, the
/// interval leaves out 1, and the estimate differs from 1 by at least [`RELEVANT`]. The chance of one false
/// difference or more in a table without any is then at most 5 %.
///
/// Rounds bound the size of a table: 8 rounds can show something in one of up to 6 comparisons, 9 in one of 12,
/// 10 in one of 25. In larger ones all are [`Verdict::TooFew`]. Ratios without an interval do not count.
pub fn verdicts(table: &[Ratio]) -> Vec<Verdict> {
    let known: Vec<Interval> = table.iter().filter_map(|ratio| ratio.interval).collect();
    let adjusted = |p: fn(&Interval) -> f64| holm(&known.iter().map(p).collect::<Vec<_>>()).into_iter();
    let mut adjusted = adjusted(|interval| interval.p).zip(adjusted(|interval| interval.least_p));
    table
        .iter()
        .map(|ratio| match ratio.interval {
            None => Verdict::TooFew,
            Some(interval) => {
                let (p, least_p) = adjusted.next().expect("one for each interval");
                verdict(ratio.estimate, interval, p, least_p)
            }
        })
        .collect()
}

fn verdict(estimate: f64, interval: Interval, p: f64, least_p: f64) -> Verdict {
    let sure = |p: f64| p <= 1.0 - CONFIDENCE;
    let differs =
        sure(p) && (interval.low > 1.0 || interval.high < 1.0) && (estimate - 1.0).abs() >= RELEVANT;
    match differs {
        true if estimate < 1.0 => Verdict::Faster,
        true => Verdict::Slower,
        false if sure(least_p) => Verdict::NoDifference,
        false => Verdict::TooFew,
    }
}

/// The p of several comparisons, adjusted so that the chance of one false difference or more among them all
/// stays at the level that each is then held to, whatever depends on what (Holm 1979, *Scandinavian Journal of
/// Statistics* 6: 65). In the given order.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut ascending: Vec<usize> = (0..p.len()).collect();
    ascending.sort_by(|i, j| p[*i].total_cmp(&p[*j]));
    let mut adjusted = vec![0.0; p.len()];
    let mut greatest: f64 = 0.0;
    for (rank, &i) in ascending.iter().enumerate() {
        let left = (p.len() - rank) as f64;
        greatest = greatest.max((left * p[i]).min(1.0));
        adjusted[i] = greatest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` rounds whose ratios lie closely around `centre`, but none on another.
    fn rounds(n: usize, centre: f64) -> Ratio {
        let a: Vec<f64> =
            (0..n).map(|i| centre * (1.0 + 0.001 * (i as f64 - (n as f64 - 1.0) / 2.0))).collect();
        Ratio::paired(&a, &vec![1.0; n]).unwrap()
    }

    #[test]
    fn says_which_is_faster() {
        use Verdict::{Faster, NoDifference, Slower, TooFew};
        let table = [rounds(10, 0.9), rounds(10, 1.1), rounds(10, 1.0), rounds(5, 0.5)];
        assert_eq!(verdicts(&table), [Faster, Slower, NoDifference, TooFew]);
        assert_eq!(verdicts(&[]), []);
    }

    #[test]
    fn less_than_one_percent_is_no_difference() {
        let small = rounds(10, 1.008);
        assert!(small.interval.unwrap().low > 1.0);
        assert_eq!(verdicts(&[small]), [Verdict::NoDifference]);
        assert_eq!(verdicts(&[rounds(10, 1.011)]), [Verdict::Slower]);
    }

    #[test]
    fn rounds_bound_the_size_of_a_table() {
        for (n, most) in [(8, 6), (9, 12), (10, 25)] {
            assert_eq!(verdicts(&vec![rounds(n, 3.0); most]), vec![Verdict::Slower; most]);
            assert_eq!(verdicts(&vec![rounds(n, 3.0); most + 1]), vec![Verdict::TooFew; most + 1]);
        }
        // Rows with more rounds leave the others their chance.
        let mixed = [vec![rounds(30, 3.0); 4], vec![rounds(8, 3.0); 6]].concat();
        assert_eq!(verdicts(&mixed), vec![Verdict::Slower; 10]);
    }

    #[test]
    fn a_large_table_wants_more() {
        // Nine of ten rounds slower, the one that is not by little: p is 0.004.
        let mut a = vec![1.05, 1.06, 1.07, 1.08, 1.09, 1.10, 1.11, 1.12, 1.13, 0.99];
        let slower = Ratio::paired(&a, &[1.0; 10]).unwrap();
        a.fill(1.0);
        let same = Ratio::paired(&a, &[1.0; 10]).unwrap();
        assert_eq!(verdicts(&[slower])[0], Verdict::Slower);
        assert_eq!(verdicts(&[vec![slower], vec![same; 19]].concat())[0], Verdict::NoDifference);
    }
}
