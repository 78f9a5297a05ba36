//! Axes: where a value lies, and at which round values there are ticks.

use super::canvas::width;

const MOST_TICKS: usize = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Log,
    /// Linear from 0.
    Zero,
    /// Linear around the values.
    Around,
}

#[derive(Clone, Debug)]
pub struct Axis {
    pub scale: Scale,
    pub title: String,
    pub unit: &'static str,
    /// A value that all are compared with, where an upright line stands.
    pub reference: Option<f64>,
    /// The lowest and the highest value; what lies outside is drawn at the ends.
    pub range: Option<(f64, f64)>,
    /// Where it is drawn; the first place may be the larger, as that of an upright axis is.
    pub start: f64,
    pub end: f64,
}

impl Axis {
    pub fn new(scale: Scale, title: &str, unit: &'static str) -> Self {
        Axis { scale, title: title.to_owned(), unit, reference: None, range: None, start: 0.0, end: 1.0 }
    }

    pub fn drawn(self, start: f64, end: f64) -> Self {
        Axis { start, end, ..self }
    }

    /// With a range that takes all values in, and a little room, where it has none yet.
    pub fn fitted(&self, values: impl Iterator<Item = f64>) -> Self {
        let log = self.scale == Scale::Log;
        let values = values.chain(self.reference).filter(|value| value.is_finite() && (!log || *value > 0.0));
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low > high { (1.0, 2.0) } else { (low, high) };
        let room = (high / low).max(1.2).powf(0.05);
        let around = 0.05 * (high - low).max(1e-9);
        let range = match self.scale {
            Scale::Log => (low / room, high.max(1.2 * low) * room),
            Scale::Zero => (0.0, high.max(1e-9) * 1.05),
            Scale::Around => (low - around, high + around),
        };
        Axis { range: self.range.or(Some(range)), ..self.clone() }
    }

    pub fn at(&self, value: f64) -> f64 {
        let (low, high) = self.ends();
        let place = |value: f64| match self.scale {
            Scale::Log => value.max(f64::MIN_POSITIVE).ln(),
            _ => value,
        };
        let part = (place(value) - place(low)) / (place(high) - place(low));
        self.start + part.clamp(0.0, 1.0) * (self.end - self.start)
    }

    /// Ticks whose texts have room beside each other.
    pub fn ticks_beside(&self) -> Vec<(f64, String)> {
        self.ticks(|a, b| (width(a) + width(b)) / 2.0 + 12.0)
    }

    /// As many ticks as there are with texts as far apart as two of them need.
    pub fn ticks(&self, need: impl Fn(&str, &str) -> f64) -> Vec<(f64, String)> {
        let apart = |pair: &[(f64, String)]| (pair[1].0 - pair[0].0).abs() >= need(&pair[0].1, &pair[1].1);
        let fits = |ticks: &Vec<(f64, String)>| ticks.len() <= MOST_TICKS && ticks.windows(2).all(apart);
        let written = |ticks: Vec<f64>| ticks.iter().map(|tick| (self.at(*tick), self.text(*tick))).collect();
        let candidates = self.candidates().into_iter().map(written).filter(fits);
        candidates.rev().max_by_key(Vec::len).unwrap_or_default()
    }

    fn text(&self, value: f64) -> String {
        let (value, thousands) = match self.unit {
            "" if value >= 1000.0 => (value / 1000.0, "k"),
            _ => (value, ""),
        };
        format!("{}{thousands}{}", (value * 1e6).round() / 1e6, self.unit)
    }

    /// Series of round values within the axis.
    fn candidates(&self) -> Vec<Vec<f64>> {
        let (low, high) = self.ends();
        let inside = |tick: &f64| low * 0.9999 <= *tick && *tick <= high * 1.0001;
        let powers = |steps: &[f64], distance: i32| -> Vec<f64> {
            let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
            let decades = decades.filter(|decade| decade.rem_euclid(distance) == 0);
            let ticks = decades.flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
            ticks.filter(inside).collect()
        };
        let multiples = |step: f64| -> Vec<f64> {
            let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
            (first..=last).map(|i| i as f64 * step).filter(inside).collect()
        };
        // In a narrow range there are too few powers: its ticks are those of a linear axis.
        if self.scale == Scale::Log && powers(&[1.0, 2.0, 5.0], 1).len() > 1 {
            let steps: [&[f64]; 5] = [&[1.0], &[2.0], &[5.0], &[1.0, 3.0], &[1.0, 2.0, 5.0]];
            return steps.map(|steps| powers(steps, 1)).into_iter().chain([powers(&[1.0], 2)]).collect();
        }
        let decade = 10f64.powi((high - low).log10().floor() as i32);
        [0.1, 0.2, 0.5, 1.0, 2.0, 5.0].map(|step| multiples(step * decade)).into()
    }

    fn ends(&self) -> (f64, f64) {
        self.range.unwrap_or((1.0, 2.0))
    }
}
