//! Ratios over sittings: a sitting is one observation, whatever its number of rounds.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{CONFIDENCE, Estimate, Interval, MIN_SITTINGS};

impl Estimate {
    /// The ratio of a program to its reference over several sittings: the geometric mean, with the t-interval of the mean
    /// of the logarithms. No interval from fewer than [`MIN_SITTINGS`], or from copies of one sitting; `None` if there are
    /// no ratios, or if one is not positive and finite.
    pub fn of_sittings(ratios: &[f64]) -> Option<Self> {
        let sample = Sample::of_logs(ratios)?;
        Some(sample.estimate(sample.n as f64 - 1.0, CONFIDENCE))
    }

    /// The ratios of one set of sittings ÷ those of another: another machine or another commit.
    ///
    /// Welch's interval of the difference of the means of the logarithms, with the degrees of freedom of
    /// Satterthwaite (1946, *Biometrics Bulletin* 2: 110): two machines are not equally noisy, and to pool their
    /// variances would be wrong where they differ and gains next to nothing where they do not (Delacre, Lakens
    /// and Leys 2017, *International Review of Social Psychology* 30: 92).
    pub fn between_sittings(a: &[f64], b: &[f64], confidence: f64) -> Option<Self> {
        let (a, b) = (Sample::of_logs(a)?, Sample::of_logs(b)?);
        let squared_error = a.squared_error + b.squared_error;
        let part = |sample: &Sample| sample.squared_error.powi(2) / (sample.n as f64 - 1.0);
        let freedom = squared_error.powi(2) / (part(&a) + part(&b));
        let difference = Sample { n: a.n.min(b.n), mean: a.mean - b.mean, squared_error };
        Some(difference.estimate(freedom, confidence))
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

    fn estimate(&self, freedom: f64, confidence: f64) -> Estimate {
        let error = self.squared_error.sqrt();
        // Sittings without any spread are copies, and say nothing of how sittings differ.
        let interval = (self.n >= MIN_SITTINGS && error > 1e-12).then(|| {
            let t = StudentsT::new(0.0, 1.0, freedom).expect("a spread has positive degrees of freedom");
            let half = t.inverse_cdf(f64::midpoint(1.0, confidence)) * error;
            Interval { low: (self.mean - half).exp(), high: (self.mean + half).exp() }
        });
        Estimate { estimate: self.mean.exp(), interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_takes_five_sittings_that_are_no_copies_on_each_side() {
        let five = [0.93, 0.95, 0.92, 0.96, 0.94];
        for (a, b, known) in [
            (&five[..], &five[..], true),
            (&five[..3], &five, false),
            (&five, &five[..3], false),
            (&[0.93; 6], &[0.95; 6], false),
            (&[0.9], &[1.0], false),
        ] {
            let between = Estimate::between_sittings(a, b, CONFIDENCE).unwrap();
            assert_eq!(between.interval.is_some(), known, "{a:?}, {b:?}");
        }
        let interval = |ratios: &[f64]| Estimate::of_sittings(ratios).unwrap().interval;
        assert!(
            interval(&five).is_some() && interval(&five[..4]).is_none() && interval(&[0.93; 6]).is_none()
        );
        assert_eq!((Estimate::of_sittings(&[]), Estimate::of_sittings(&[0.9, 0.0])), (None, None));
    }
}
