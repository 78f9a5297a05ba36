//! Ratios over sittings: a sitting is one observation, whatever number of rounds it had.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{CONFIDENCE, Estimate, Interval, MIN_SITTINGS};

impl Estimate {
    /// The ratio of a program to its reference over several sittings, from the ratio of each.
    ///
    /// Geometric mean, with the t-interval of the mean of the logarithms; no interval of fewer than
    /// [`MIN_SITTINGS`], or if all are the same. `None` of nothing, or if a ratio is not positive and finite.
    pub fn of_sittings(ratios: &[f64]) -> Option<Self> {
        let sample = Sample::of_logs(ratios)?;
        Some(ratio(sample.mean, sample.n, sample.squared_error, sample.freedom(), CONFIDENCE))
    }

    /// How the ratio of a program to its reference in one set of sittings compares with that in another:
    /// another machine or another commit. `a` ÷ `b`, each the ratios of the sittings of one set.
    ///
    /// Welch's interval of the difference of the means of the logarithms, with the degrees of freedom of
    /// Satterthwaite (1946, *Biometrics Bulletin* 2: 110): two machines are not equally noisy, and to pool their
    /// variances would be wrong where they differ and gains next to nothing where they do not (Delacre, Lakens
    /// and Leys 2017, *International Review of Social Psychology* 30: 92). No interval with fewer than
    /// [`MIN_SITTINGS`] on either side; `None` as in [`Estimate::of_sittings`].
    pub fn between_sittings(a: &[f64], b: &[f64]) -> Option<Self> {
        Self::between_sittings_at(a, b, CONFIDENCE)
    }

    /// The same with an interval at another confidence.
    pub fn between_sittings_at(a: &[f64], b: &[f64], confidence: f64) -> Option<Self> {
        let (a, b) = (Sample::of_logs(a)?, Sample::of_logs(b)?);
        let squared_error = a.squared_error + b.squared_error;
        let part = |sample: &Sample| sample.squared_error.powi(2) / sample.freedom();
        let freedom = squared_error.powi(2) / (part(&a) + part(&b));
        Some(ratio(a.mean - b.mean, a.n.min(b.n), squared_error, freedom, confidence))
    }
}

struct Sample {
    n: usize,
    mean: f64,
    /// Of the mean.
    squared_error: f64,
}

impl Sample {
    fn of_logs(ratios: &[f64]) -> Option<Self> {
        if ratios.is_empty() || !ratios.iter().all(|ratio| ratio.is_finite() && *ratio > 0.0) {
            return None;
        }
        let n = ratios.len() as f64;
        let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / n;
        let squares: f64 = ratios.iter().map(|ratio| (ratio.ln() - mean).powi(2)).sum();
        Some(Self { n: ratios.len(), mean, squared_error: squares / (n - 1.0) / n })
    }

    fn freedom(&self) -> f64 {
        self.n as f64 - 1.0
    }
}

fn ratio(mean: f64, n: usize, squared_error: f64, freedom: f64, confidence: f64) -> Estimate {
    // Sittings without any spread are copies, and say nothing of how sittings differ.
    let known = n >= MIN_SITTINGS && squared_error.sqrt() > 1e-12;
    let interval = known.then(|| {
        let t = StudentsT::new(0.0, 1.0, freedom).expect("a spread has positive degrees of freedom");
        let error = squared_error.sqrt();
        let half = t.inverse_cdf(f64::midpoint(1.0, confidence)) * error;
        Interval { low: (mean - half).exp(), high: (mean + half).exp() }
    });
    Estimate { estimate: mean.exp(), n, interval }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_on_each_side_have_an_interval() {
        let five = [0.93, 0.95, 0.92, 0.96, 0.94];
        assert!(Estimate::of_sittings(&five).unwrap().interval.is_some());
        assert!(Estimate::between_sittings(&five, &five).unwrap().interval.is_some());
        assert_eq!(Estimate::of_sittings(&five[..4]).unwrap().interval, None);
        let (three, back) =
            (Estimate::between_sittings(&five[..3], &five), Estimate::between_sittings(&five, &five[..3]));
        assert_eq!((three.unwrap().n, three.unwrap().interval), (3, None));
        assert_eq!((back.unwrap().n, back.unwrap().interval), (3, None));
        let one = Estimate::between_sittings(&[0.9], &[1.0]).unwrap();
        assert!((one.estimate - 0.9).abs() < 1e-12);
    }

    #[test]
    fn copies_of_one_sitting_have_no_interval() {
        assert_eq!(Estimate::of_sittings(&[0.93; 6]).unwrap().interval, None);
        assert_eq!(Estimate::between_sittings(&[0.93; 6], &[0.95; 6]).unwrap().interval, None);
    }

    #[test]
    fn what_is_no_ratio_is_refused() {
        assert_eq!(Estimate::of_sittings(&[]), None);
        assert_eq!(Estimate::of_sittings(&[0.9, 0.0]), None);
        assert_eq!(Estimate::between_sittings(&[0.9], &[f64::NAN]), None);
    }
}
