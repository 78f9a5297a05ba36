//! The digits and units of every figure in tables, sentences and pictures.

use bench_data::stats::{Estimate, Interval};

/// The kind of a figure, which decides how many digits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    /// Seconds that GNU time counts in hundredths.
    Hundredths,
    Millis,
    Micros,
    Mib,
    Kib,
    Percent,
    /// A whole number.
    Count,
    /// A number per item.
    Each,
    /// One wall time ÷ another.
    Ratio,
}

impl Unit {
    /// By its symbol; a ratio has none.
    pub fn named(symbol: &str) -> Option<Unit> {
        use Unit::{Kib, Mib, Micros, Millis, Percent, Ratio, Seconds};
        [Seconds, Millis, Micros, Mib, Kib, Percent, Ratio].into_iter().find(|unit| unit.symbol() == symbol)
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Seconds | Unit::Hundredths => "s",
            Unit::Millis => "ms",
            Unit::Micros => "µs",
            Unit::Mib => "MiB",
            Unit::Kib => "KiB",
            Unit::Percent => "%",
            Unit::Count | Unit::Each | Unit::Ratio => "",
        }
    }

    /// The digits alone, for a column whose head has the unit.
    pub fn digits(self, value: f64) -> String {
        format!("{value:.*}", self.decimals(value))
    }

    /// With its unit, for a sentence.
    pub fn text(self, value: f64) -> String {
        match self.symbol() {
            "" => self.digits(value),
            symbol => format!("{} {symbol}", self.digits(value)),
        }
    }

    pub fn decimals(self, value: f64) -> usize {
        let size = value.abs();
        match self {
            Unit::Seconds if size < 10.0 => 3,
            Unit::Hundredths if size < 10.0 => 2,
            Unit::Seconds | Unit::Hundredths if size < 100.0 => 1,
            Unit::Ratio if size < 2.0 => 3,
            Unit::Each | Unit::Ratio if size < 10.0 => 2,
            Unit::Each | Unit::Ratio if size < 100.0 => 1,
            Unit::Mib => 1,
            Unit::Kib if size < 1.0 => 2,
            Unit::Millis | Unit::Kib | Unit::Percent if size < 100.0 => 1,
            _ => 0,
        }
    }
}

/// `0.925 [0.909, 0.962]`: both ends have the digits of the estimate. Without an interval `≈ 0.93`.
pub fn ratio(Estimate { estimate, interval }: Estimate) -> String {
    let decimals = Unit::Ratio.decimals(estimate);
    match interval {
        Some(Interval { low, high }) => {
            format!("{estimate:.decimals$}\u{a0}[{low:.decimals$},\u{a0}{high:.decimals$}]")
        }
        None if estimate >= 10.0 => format!("≈ {estimate:.0}"),
        None => format!("≈ {estimate:.2}"),
    }
}

/// `+1.2 [0.8, 1.5]` milliseconds.
pub fn more_ms(more: Estimate) -> String {
    // Without a -0.0.
    let tenth = |ms: f64| (10.0 * ms).round() / 10.0 + 0.0;
    let estimate = tenth(more.estimate);
    match more.interval.map(|Interval { low, high }| (tenth(low), tenth(high))) {
        Some((low, high)) => format!("{estimate:+.1} [{low:.1},\u{a0}{high:.1}]"),
        None => format!("≈ {estimate:+.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_the_digits_that_count() {
        for (unit, value, text) in [
            (Unit::Seconds, 0.13895, "0.139 s"),
            (Unit::Seconds, 8.5534, "8.553 s"),
            (Unit::Seconds, 50.771, "50.8 s"),
            (Unit::Seconds, 501.02, "501 s"),
            (Unit::Hundredths, 2.01, "2.01 s"),
            (Unit::Hundredths, 25.68, "25.7 s"),
            (Unit::Mib, 256.94, "256.9 MiB"),
            (Unit::Kib, 0.423, "0.42 KiB"),
            (Unit::Each, 15.83, "15.8"),
            (Unit::Each, 0.08, "0.08"),
            (Unit::Count, 25691.0, "25691"),
        ] {
            assert_eq!(unit.text(value), text);
        }
        let sure = |estimate, low, high| Estimate { estimate, interval: Some(Interval { low, high }) };
        assert_eq!(ratio(sure(0.9249, 0.909, 1.0521)), "0.925\u{a0}[0.909,\u{a0}1.052]");
        assert_eq!(ratio(sure(14.92, 14.2, 15.5)), "14.9\u{a0}[14.2,\u{a0}15.5]");
        assert_eq!(more_ms(sure(-0.04, -1.66, -0.01)), "+0.0 [-1.7,\u{a0}0.0]");
        for (estimate, text) in [(0.9249, "≈ 0.92"), (61.93, "≈ 62"), (385.5, "≈ 386")] {
            assert_eq!(ratio(Estimate { estimate, interval: None }), text);
        }
    }
}
