//! Axes: where a value lies, and at which round values there are ticks.

use super::{canvas::width, text};

/// More ticks than this make no axis easier to read.
const MOST_TICKS: usize = 9;

/// What an axis measures, and how its ticks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Time.
    Seconds,
    /// Time that is given in seconds, and written in milliseconds.
    Millis,
    /// Memory.
    Mib,
    /// A number of things, or a ratio.
    Number,
}

impl Unit {
    /// A tick with its unit.
    fn tick(self, value: f64) -> String {
        match self {
            Unit::Seconds => format!("{} s", text::plain(value)),
            Unit::Millis => format!("{} ms", text::plain(value * 1e3)),
            Unit::Mib => format!("{} MiB", text::plain(value)),
            Unit::Number if value >= 1000.0 => format!("{}k", text::plain(value / 1000.0)),
            Unit::Number => text::plain(value),
        }
    }
}

/// An axis from `low` to `high`, drawn from `start` to `end`.
#[derive(Clone, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    log: bool,
    unit: Unit,
    start: f64,
    end: f64,
}

impl Axis {
    /// A logarithmic axis with a little room around the values, which are above 0.
    pub fn log(values: impl IntoIterator<Item = f64>, unit: Unit) -> Self {
        let (low, high) = range(values.into_iter().filter(|value| *value > 0.0));
        let high = high.max(1.2 * low);
        let room = (high / low).powf(0.05);
        Axis { low: low / room, high: high * room, log: true, unit, start: 0.0, end: 1.0 }
    }

    /// A linear axis from 0.
    pub fn from_zero(values: impl IntoIterator<Item = f64>, unit: Unit) -> Self {
        let (_, high) = range(values);
        Axis { low: 0.0, high: high.max(1e-9) * 1.05, log: false, unit, start: 0.0, end: 1.0 }
    }

    /// A linear axis around the values.
    pub fn around(values: impl IntoIterator<Item = f64>, unit: Unit) -> Self {
        let (low, high) = range(values);
        let room = 0.05 * (high - low).max(1e-9);
        Axis { low: low - room, high: high + room, log: false, unit, start: 0.0, end: 1.0 }
    }

    /// The same axis drawn between two places; the first may be the larger, as that of an upright axis is.
    pub fn drawn(self, start: f64, end: f64) -> Self {
        Axis { start, end, ..self }
    }

    /// Where a value lies; those outside lie at the ends.
    pub fn at(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let part = (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low));
        self.start + part.clamp(0.0, 1.0) * (self.end - self.start)
    }

    /// Ticks with their texts, as many as have room: side by side, or where `upright` one above the other.
    pub fn ticks(&self, upright: bool) -> Vec<(f64, String)> {
        let written = |ticks: Vec<f64>| -> Vec<(f64, String)> {
            ticks.into_iter().map(|tick| (self.at(tick), self.unit.tick(tick))).collect()
        };
        let fits = |ticks: &[(f64, String)]| {
            ticks.len() <= MOST_TICKS
                && ticks.windows(2).all(|pair| {
                    let between = (pair[1].0 - pair[0].0).abs();
                    let need =
                        if upright { 28.0 } else { (width(&pair[0].1) + width(&pair[1].1)) / 2.0 + 12.0 };
                    between >= need
                })
        };
        let all: Vec<Vec<(f64, String)>> = self.candidates().into_iter().map(written).collect();
        let best = all.iter().find(|ticks| ticks.len() > 1 && fits(ticks));
        best.or(all.iter().find(|ticks| !ticks.is_empty() && fits(ticks))).cloned().unwrap_or_default()
    }

    /// Series of round values within the axis, the densest first.
    fn candidates(&self) -> Vec<Vec<f64>> {
        let inside = |tick: &f64| self.low * 0.9999 <= *tick && *tick <= self.high * 1.0001;
        if self.log {
            let decades = |steps: &'static [f64], every: i32| {
                let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
                let decades = (first..=last).filter(move |decade| decade.rem_euclid(every) == 0);
                let ticks =
                    decades.flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
                ticks.filter(inside).collect::<Vec<f64>>()
            };
            let (all, tens) = (decades(&[1.0, 2.0, 5.0], 1), decades(&[1.0], 1));
            let every_second = |from: usize| all.iter().copied().skip(from).step_by(2).collect();
            // Too few in a narrow range, whose ticks are then those of a linear axis.
            if all.len() > 1 {
                let first = if tens.len() > 2 { tens.clone() } else { Vec::new() };
                let (even, odd) = (every_second(0), every_second(1));
                return vec![all, first, even, odd, tens, decades(&[1.0], 2)];
            }
        }
        let span = self.high - self.low;
        let decade = 10f64.powi(span.log10().floor() as i32);
        let steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0].map(|step| step * decade);
        let row = |step: f64| {
            let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
            (first..=last).map(|i| i as f64 * step).collect()
        };
        steps.map(row).into()
    }
}

fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let range = values.into_iter().filter(|value| value.is_finite());
    let (low, high) = range.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { (1.0, 2.0) } else { (low, high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: Axis, length: f64, upright: bool) -> Vec<String> {
        axis.drawn(0.0, length).ticks(upright).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn logarithmic_ticks_are_1_2_5_where_there_is_room_and_decades_where_there_is_not() {
        let axis = Axis::log([0.13, 8.0], Unit::Seconds);
        assert_eq!(texts(axis, 400.0, false), ["0.2 s", "0.5 s", "1 s", "2 s", "5 s"].map(str::to_owned));
        assert_eq!(texts(Axis::log([0.1, 50.0], Unit::Seconds), 240.0, false), ["0.1 s", "1 s", "10 s"]);
        let many = Axis::log([10.0, 100_000.0], Unit::Number);
        assert_eq!(texts(many, 250.0, false), ["10", "100", "1k", "10k", "100k"]);
    }

    #[test]
    fn a_narrow_range_has_two_ticks_at_least() {
        for (low, high) in [(0.13, 0.14), (2.01, 2.02), (99.0, 99.0), (6.0, 7.0), (4.9, 5.1)] {
            let ticks = texts(Axis::log([low, high], Unit::Seconds), 300.0, true);
            assert!(ticks.len() >= 2, "{low} to {high}: {ticks:?}");
        }
    }

    #[test]
    fn linear_ticks_are_round_and_have_room() {
        assert_eq!(texts(Axis::from_zero([14.0], Unit::Number), 100.0, false), ["0", "5", "10"]);
        let ratio = texts(Axis::around([0.93, 1.06], Unit::Number), 260.0, false);
        assert_eq!(ratio, ["0.95", "1", "1.05"]);
    }

    #[test]
    fn values_lie_in_order_and_within_the_axis() {
        let axis = Axis::log([0.1, 10.0], Unit::Seconds).drawn(100.0, 0.0);
        assert!((axis.at(1.0) - 50.0).abs() < 1e-9);
        assert!(axis.at(0.1) > axis.at(10.0));
        assert_eq!(axis.at(1e9), 0.0);
    }
}
