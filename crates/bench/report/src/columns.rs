//! The one table of columns: the name of a figure, its source and its unit.

use bench_data::{
    measurement::Measurement,
    results::Group,
    stats::{self, Estimate},
    trace,
};

use crate::{
    number::{self, Unit},
    row::Row,
};

/// Stands where these results lack the run that gives the figure.
pub const NOT_MEASURED: &str = "†";

/// The content of a cell.
pub enum Figure {
    /// In the unit of its column.
    Number(f64),
    /// In a unit that depends on the row.
    In(Unit, f64),
    Ratio(Estimate),
    Text(String),
}

pub struct Column {
    pub name: &'static str,
    /// `{reference}` in it is the program that the others are compared with.
    pub head: &'static str,
    pub unit: Unit,
    pub value: fn(&Row) -> Option<Figure>,
    /// Whether every row that ran has it.
    every_row: bool,
}

impl Column {
    /// Whether it names a row and measures nothing.
    pub fn is_name(&self) -> bool {
        matches!(self.name, "program" | "label" | "way")
    }

    pub fn number(&self, row: &Row) -> Option<f64> {
        match (self.value)(row)? {
            Figure::Number(value) | Figure::In(_, value) => Some(value),
            Figure::Ratio(ratio) => Some(ratio.estimate),
            Figure::Text(_) => None,
        }
    }

    /// The figure as people read it, with its unit in a sentence, without it below a head that has it.
    pub fn text(&self, row: &Row, with_unit: bool) -> Option<String> {
        let number = |unit: Unit, value| if with_unit { unit.text(value) } else { unit.digits(value) };
        Some(match (self.value)(row)? {
            Figure::Number(value) => number(self.unit, value),
            Figure::In(unit, value) => number(unit, value),
            Figure::Ratio(ratio) => number::ratio(ratio),
            Figure::Text(text) => text,
        })
    }

    pub fn cell(&self, row: &Row) -> String {
        self.text(row, false).unwrap_or_else(|| match self.name {
            "wall" | "wall-n" if row.entry.row.timed_short > 0 => row.outcome(),
            _ if self.every_row => NOT_MEASURED.to_owned(),
            _ => "–".to_owned(),
        })
    }
}

pub fn find(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

type Value = fn(&Row) -> Option<Figure>;

const fn column(name: &'static str, head: &'static str, unit: Unit, value: Value) -> Column {
    Column { name, head, unit, value, every_row: true }
}

/// A column that some rows have by their nature, and others do not.
const fn some(name: &'static str, head: &'static str, unit: Unit, value: Value) -> Column {
    Column { name, head, unit, value, every_row: false }
}

pub const COLUMNS: &[Column] = &[
    column("program", "program", Unit::Count, |row| text(format!("`{}`", row.entry.row.program))),
    column("label", "program", Unit::Count, |row| text(format!("`{}`", row.label()))),
    column("way", "model", Unit::Count, |row| text(row.way())),
    column("wall", "wall", Unit::Seconds, |row| {
        // GNU time times the rows without rounds at this delay.
        let in_rounds = row.entry.row.rounds > 0 && !row.group.workload.only_waits;
        let unit = if in_rounds { Unit::Seconds } else { Unit::Hundredths };
        row.figures.wall_median_s.map(|wall| Figure::In(unit, wall))
    }),
    column("wall-n", "wall", Unit::Seconds, |row| {
        let wall = find("wall")?.text(row, false)?;
        let runs = row.figures.runs?;
        let usual = row.group.reference().and_then(|entry| entry.figures.runs) == Some(runs);
        text(if usual { wall } else { format!("{wall} (n\u{a0}=\u{a0}{runs})") })
    }),
    column("wall-memory", "wall / memory", Unit::Count, |row| {
        let [wall, memory] = ["wall", "memory"].map(|name| find(name).map(|column| column.cell(row)));
        text(format!("{} / {}", wall?, memory?))
    }),
    some("n", "n", Unit::Count, |row| count(row.figures.runs)),
    column("ratio", "÷ `{reference}` [95 %]", Unit::Ratio, ratio),
    column("times", "÷ `{reference}`", Unit::Ratio, |row| match ratio(row)? {
        Figure::Ratio(ratio) => Some(Figure::Number(ratio.estimate)),
        figure => Some(figure),
    }),
    column("spread", "÷ `{reference}`", Unit::Ratio, spread),
    column("over", "over the wait", Unit::Millis, |row| number(row.figures.over_ms)),
    some("more", "ms more than `{reference}` [95 %]", Unit::Count, |row| {
        match row.figures.over_difference_ms {
            _ if row.is_reference() && row.figures.over_ms.is_some() => text("reference".to_owned()),
            more => text(number::more_ms(more?)),
        }
    }),
    column("threads", "threads", Unit::Count, |row| count(row.figures.seen.peak_threads)),
    some("over-limit", "÷ limit", Unit::Each, |row| number(row.figures.over_limit())),
    some("limit", "limit", Unit::Seconds, |row| number(row.figures.limit_s)),
    column("memory", "memory", Unit::Mib, |row| mib(row.figures.seen.peak_pss_kib)),
    some("memory-range", "lowest–highest, MiB", Unit::Count, memory_range),
    column("max-rss", "max RSS", Unit::Mib, |row| mib(row.figures.seen.max_rss_kib)),
    some("kept", "kept per waiting item", Unit::Kib, |row| number(kept(row))),
    column("processes", "processes", Unit::Count, |row| count(row.figures.seen.peak_processes)),
    some("in-flight", "peak in flight", Unit::Count, |row| count(row.figures.seen.in_flight)),
    some("utilisation", "mean in flight ÷ limit", Unit::Ratio, |row| {
        let mean = trace::mean_in_flight(&row.entry.raw.as_ref().ok()?.trace)?;
        number(Some(mean / row.entry.row.at_once as f64))
    }),
    some("open", "open after the answer", Unit::Millis, |row| {
        number(trace::mean_open_s(&row.entry.raw.as_ref().ok()?.trace).map(|seconds| seconds * 1e3))
    }),
    some("delay", "99 % have a client that is late by at most", Unit::Millis, |row| {
        number(trace::client_delay_s(&row.entry.raw.as_ref().ok()?.trace).map(|seconds| seconds * 1e3))
    }),
    column("user", "user", Unit::Seconds, |row| number(row.figures.user_s)),
    column("system", "system", Unit::Seconds, |row| number(row.figures.system_s)),
    column("cpu", "CPU time", Unit::Seconds, |row| number(row.figures.cpu_s())),
    some("cpu-percent", "CPU", Unit::Percent, |row| number(row.figures.cpu_percent())),
    column("cpu-each", "CPU time per item", Unit::Micros, |row| {
        each(row, row.figures.cpu_s().map(|seconds| seconds * 1e6))
    }),
    some("calls-each", "system calls per item", Unit::Each, |row| {
        each(row, row.figures.syscalls.map(|calls| calls as f64))
    }),
    column("switches", "context switches", Unit::Count, |row| count(row.figures.switches())),
    column("switches-each", "context switches per item", Unit::Each, |row| {
        each(row, row.figures.switches().map(|switches| switches as f64))
    }),
    column("voluntary", "voluntary switches", Unit::Count, |row| count(row.figures.seen.voluntary)),
    column("involuntary", "involuntary", Unit::Count, |row| count(row.figures.seen.involuntary)),
    column("minor-faults", "minor faults", Unit::Count, |row| count(row.figures.seen.minor_faults)),
    column("major-faults", "major", Unit::Count, |row| count(row.figures.seen.major_faults)),
    some("half", "half of the healthy", Unit::Seconds, |row| number(row.figures.seen.half_s)),
    some("most", "99 % of the healthy", Unit::Seconds, |row| number(row.figures.seen.most_s)),
    some("start", "start and imports", Unit::Seconds, |row| number(row.figures.start_s)),
    some("trips", "round trips, counted", Unit::Each, |row| number(row.figures.round_trips)),
    some("slope", "round trips, slope", Unit::Each, |row| number(slope(row))),
    some("sitting-range", "lowest–highest", Unit::Ratio, |row| {
        let (low, high) = stats::range(&sittings(row, |m| Some(m.ratio?.estimate)))?;
        text(format!("{}–{}", Unit::Ratio.digits(low), Unit::Ratio.digits(high)))
    }),
    column("overall", "over all sittings [95 %]", Unit::Ratio, |row| {
        let mean = Estimate::of_sittings(&sittings(row, |m| Some(m.ratio?.estimate)))
            .filter(|mean| mean.interval.is_some());
        mean.map(Figure::Ratio).or_else(|| ratio(row))
    }),
    some("differs-in", "sittings that differ", Unit::Count, |row| {
        let differs = sittings(row, |m| Some(m.ratio?.interval?.excludes(1.0)));
        text(format!("{} of {}", differs.iter().filter(|differs| **differs).count(), differs.len()))
    }),
];

fn number(value: Option<f64>) -> Option<Figure> {
    value.map(Figure::Number)
}

fn count(value: Option<u64>) -> Option<Figure> {
    value.map(|value| Figure::Number(value as f64))
}

fn mib(kib: Option<u64>) -> Option<Figure> {
    kib.map(|kib| Figure::Number(kib as f64 / 1024.0))
}

fn text(text: String) -> Option<Figure> {
    Some(Figure::Text(text))
}

fn each(row: &Row, value: Option<f64>) -> Option<Figure> {
    number(value.map(|value| value / row.group.workload.size as f64))
}

fn memory_range(row: &Row) -> Option<Figure> {
    let (low, high) = row.figures.pss_range_kib.filter(|_| row.figures.observed > Some(1))?;
    let mib = |kib: u64| Unit::Mib.digits(kib as f64 / 1024.0);
    text(format!("{}–{}", mib(low), mib(high)))
}

/// Wall time ÷ that of the reference: within rounds, or of the medians where a row ran once.
fn ratio(row: &Row) -> Option<Figure> {
    if row.is_reference() {
        return text("reference".to_owned());
    }
    let of_medians = || {
        let estimate = row.figures.wall_median_s? / row.group.reference()?.figures.wall_median_s?;
        Some(Estimate { estimate, interval: None })
    };
    row.figures.ratio.or_else(of_medians).map(Figure::Ratio)
}

/// The mean ratio of the sittings, and how far the one that differs most is from it.
fn spread(row: &Row) -> Option<Figure> {
    let ratios = sittings(row, |figures| Some(figures.ratio?.estimate));
    let Some(mean) = Estimate::of_sittings(&ratios).filter(|_| ratios.len() > 1) else {
        return if row.is_reference() { text("1".to_owned()) } else { ratio(row) };
    };
    let far = ratios.iter().map(|ratio| (ratio - mean.estimate).abs()).fold(0.0, f64::max);
    let decimals = Unit::Ratio.decimals(mean.estimate);
    text(format!("{:.decimals$} ±\u{a0}{far:.decimals$}", mean.estimate))
}

/// The figures of a row in all sittings of the same programs.
pub fn sittings<T>(row: &Row, value: fn(&Measurement) -> Option<T>) -> Vec<T> {
    let sittings = &row.group.sittings;
    let is_same_program = |number: u32| {
        let sitting = sittings.iter().find(|sitting| sitting.number == number);
        sitting.is_some_and(|sitting| sitting.facts.same_program(&sittings[0].facts, &row.entry.row.slug))
    };
    let figures = std::iter::once(row.figures).chain(&row.entry.again);
    figures.filter(|figures| is_same_program(figures.sitting)).filter_map(value).collect()
}

/// The same program in all groups of its study and workload, in their order; none where they are of different programs.
fn study<'a>(row: &Row<'a>) -> Vec<Row<'a>> {
    let part = |group: &Group| (group.workload.study.clone(), group.workload.name.clone());
    let groups: Vec<&Group> =
        row.results.groups.iter().filter(|group| part(group) == part(row.group)).collect();
    if !groups.iter().all(|group| group.facts().same_vintage(row.group.facts())) {
        return Vec::new();
    }
    groups.into_iter().filter_map(|group| row.twin(group)).filter(Row::ran).collect()
}

/// KiB for each item more: per thread where each item in flight has one, else per item that was in flight.
fn kept(row: &Row) -> Option<f64> {
    let first = study(row).into_iter().next()?;
    let waiting = |row: &Row| match row.entry.row.model.as_str() {
        "threaded" | "tokio-blocking" => Some(row.entry.row.at_once),
        _ => row.figures.seen.in_flight,
    };
    let items = waiting(row)?.checked_sub(waiting(&first)?).filter(|items| *items > 0)?;
    Some((row.figures.seen.peak_pss_kib? as f64 - first.figures.seen.peak_pss_kib? as f64) / items as f64)
}

/// By how many round-trip times an item's wait grows: the slope of the median wall time over the round-trip time, by
/// least squares, ÷ the number of items that wait one after another.
fn slope(row: &Row) -> Option<f64> {
    let point = |row: Row| Some((row.group.workload.rtt_s?, row.figures.wall_median_s?));
    let points: Vec<(f64, f64)> = study(row).into_iter().filter_map(point).collect();
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let product: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let turns = row.group.workload.size.div_ceil(row.entry.row.at_once.max(1));
    (points.len() > 1 && spread > 0.0).then(|| product / spread / turns as f64)
}
