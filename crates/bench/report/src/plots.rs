//! SVG plots. Opaque and light, so that they read the same in both themes; large type, for phones;
//! colours of Okabe and Ito, and every bar and line named where it stands.

use std::{collections::BTreeMap, ops::Range};

use anyhow::{Result, anyhow};
use plotters::{
    coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{
    format,
    measurements::Measurement,
    page::{Growth, Route, growths, routes},
    results::{Entry, Group, Results},
};

const WIDTH: u32 = 720;
const TEXT: u32 = 22;
const INK: RGBColor = RGBColor(34, 34, 34);
const GRID: RGBColor = RGBColor(221, 221, 221);

/// An axis that may be logarithmic, as the figures need it.
#[derive(Clone)]
struct Axis {
    range: Range<f64>,
    log: bool,
}

impl Axis {
    /// For values between `low` and `high`; logarithmic when they are more than 12-fold apart.
    fn new(low: f64, high: f64) -> Self {
        let (low, high) = (low.max(1e-4), high.max(2e-4));
        if high / low > 12.0 {
            // Decades or halves of them: the ends are ticks.
            Axis { range: floor_125(low * 0.95)..high * 1.15, log: true }
        } else {
            Axis { range: 0.0..high * 1.08, log: false }
        }
    }
}

/// The largest 1, 2 or 5 times a power of ten that is not above `value`.
fn floor_125(value: f64) -> f64 {
    let decade = 10f64.powi(value.log10().floor() as i32);
    [5.0, 2.0, 1.0].map(|step| step * decade).into_iter().find(|step| *step <= value).unwrap_or(decade)
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let scale = |value: f64| if self.log { value.max(self.range.start).ln() } else { value };
        let (start, end) = (scale(self.range.start), scale(self.range.end));
        let part = (scale(*value) - start) / (end - start);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let most = hint.max_num_points().clamp(2, 7);
        if !self.log {
            let step = [1.0, 2.0, 5.0, 10.0]
                .map(|step| step * floor_125(self.range.end / most as f64))
                .into_iter()
                .find(|step| self.range.end / step <= most as f64);
            let step = step.unwrap_or(self.range.end);
            return (0..=most).map(|i| i as f64 * step).filter(|tick| *tick <= self.range.end).collect();
        }
        let first = self.range.start.log10().floor() as i32;
        let last = self.range.end.log10().ceil() as i32;
        let ticks = |steps: &[f64]| -> Vec<f64> {
            let all = (first..=last).flat_map(|e| steps.iter().map(move |step| step * 10f64.powi(e)));
            all.filter(|tick| self.range.start * 0.999 <= *tick && *tick <= self.range.end).collect()
        };
        let fine = ticks(&[1.0, 2.0, 5.0]);
        if fine.len() <= most { fine } else { ticks(&[1.0]) }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        // Without the noise of the multiplication.
        ((value * 1e6).round() / 1e6).to_string()
    }
}

/// All plots by their path in the results directory.
///
/// # Errors
/// None but those of the plotting library.
pub fn all(results: &Results) -> Result<BTreeMap<String, String>> {
    let mut plots = BTreeMap::new();
    for group in results.groups.iter().filter(|group| group.ok().count() > 0) {
        let key = &group.workload.key;
        plots.insert(format!("plots/{key}-wall.svg"), bars(group, "Wall time, s", &walls(group))?);
        plots.insert(
            format!("plots/{key}-memory.svg"),
            bars(group, "Peak memory of the process tree, MiB", &peaks(group))?,
        );
        plots.insert(format!("plots/{key}-memory-over-time.svg"), over_time(group, group.ok())?);
        if group.python().count() > 0 {
            let plot = over_time(group, group.python())?;
            plots.insert(format!("plots/{key}-memory-over-time-python.svg"), plot);
        }
    }
    for growth in growths(&results.scale) {
        let name = |what: &str| format!("plots/scale-{}-{what}.svg", growth.name);
        plots.insert(name("wall"), grows(&growth, "wall ÷ limit", Measurement::over_limit)?);
        let mib = |figures: &Measurement| figures.pss_kib().map(|kib| kib / 1024.0);
        plots.insert(name("memory"), grows(&growth, "peak memory of the process tree, MiB", mib)?);
        let ms = |figures: &Measurement| figures.cpu_s().map(|seconds| seconds * 1e3).filter(|ms| *ms > 0.0);
        plots.insert(name("cpu"), grows(&growth, "CPU time, ms", ms)?);
    }
    for groups in results.network.chunk_by(|a, b| a.workload.name == b.workload.name) {
        let name = &groups[0].workload.name;
        plots.insert(format!("plots/network-{name}-wall.svg"), over_network(name, groups)?);
    }
    Ok(plots)
}

/// What a bar shows.
struct Bar {
    label: String,
    color: RGBColor,
    value: Option<f64>,
    spread: Option<(f64, f64)>,
    limit: Option<f64>,
}

fn walls(group: &Group) -> Vec<Bar> {
    let bar = |entry: &Entry| {
        let figures = &entry.figures;
        let runs = if figures.runs == Some(1) { ", one run" } else { "" };
        Bar {
            label: match figures.wall_median_s {
                Some(wall) => {
                    let limit =
                        figures.limit_s.map_or(String::new(), |limit| format!(" (limit {limit:.3} s{runs})"));
                    format!("{}: {wall:.3} s{limit}", entry.row.program)
                }
                None => format!("{}: {}", entry.row.program, figures.outcome()),
            },
            color: color_of(entry),
            value: figures.wall_median_s,
            spread: figures.wall_min_s.zip(figures.wall_max_s).filter(|_| figures.runs > Some(1)),
            limit: figures.limit_s.filter(|_| figures.is_ok()),
        }
    };
    group.entries.iter().map(bar).collect()
}

fn peaks(group: &Group) -> Vec<Bar> {
    let bar = |entry: &Entry| {
        let value = entry.figures.pss_kib().map(|kib| kib / 1024.0);
        Bar {
            label: match value {
                Some(mib) => format!("{}: {mib:.1} MiB", entry.row.program),
                None => format!("{}: {}", entry.row.program, entry.figures.outcome()),
            },
            color: color_of(entry),
            value,
            spread: None,
            limit: None,
        }
    };
    group.entries.iter().map(bar).collect()
}

/// Bars with their names above them, the limit as an upright line, the runs' spread as a whisker.
fn bars(group: &Group, title: &str, bars: &[Bar]) -> Result<String> {
    let values = || bars.iter().flat_map(|bar| [bar.value, bar.limit]).flatten();
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
    let high = bars.iter().filter_map(|bar| bar.spread).fold(high, |high, (_, max)| high.max(max));
    let axis = Axis::new(low, high);
    let height = 110 + 66 * bars.len() as u32;
    draw(height, |area| {
        let scale = if axis.log { " (logarithmic)" } else { "" };
        let key = if bars.iter().any(|bar| bar.limit.is_some()) { "; black line: the limit" } else { "" };
        heading(area, &format!("{}: {title}{scale}{key}", group.workload.key))?;
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .margin_top(50)
            .margin_left(34)
            .margin_right(34)
            .x_label_area_size(36)
            .build_cartesian_2d(axis.clone(), 0f64..bars.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(7)
            .x_label_style(font(TEXT - 2))
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .draw()?;
        let start = axis.range.start;
        for (i, bar) in bars.iter().rev().enumerate() {
            let at = i as f64;
            let (bottom, top) = (at + 0.12, at + 0.5);
            let label = font(TEXT).pos(Pos::new(HPos::Left, VPos::Bottom));
            chart.draw_series([Text::new(bar.label.clone(), (start, top + 0.06), label)])?;
            if let Some(value) = bar.value {
                chart.draw_series([Rectangle::new([(start, bottom), (value, top)], bar.color.filled())])?;
            }
            if let Some((min, max)) = bar.spread {
                let middle = (bottom + top) / 2.0;
                let end = |x| PathElement::new([(x, bottom + 0.1), (x, top - 0.1)], INK.stroke_width(2));
                let line = PathElement::new([(min, middle), (max, middle)], INK.stroke_width(2));
                chart.draw_series([line, end(min), end(max)])?;
            }
            if let Some(limit) = bar.limit {
                let line =
                    PathElement::new([(limit, bottom - 0.08), (limit, top + 0.08)], BLACK.stroke_width(4));
                chart.draw_series([line])?;
            }
        }
        Ok(())
    })
}

/// One line a program, both axes logarithmic.
fn grows(growth: &Growth, what: &str, of: impl Fn(&Measurement) -> Option<f64>) -> Result<String> {
    let lines: Vec<_> = (growth.unbounded())
        .map(|line| (line, line.points(&of)))
        .filter(|(_, points)| !points.is_empty())
        .collect();
    let points = || lines.iter().flat_map(|(_, points)| points);
    let axis = |of: fn(&(f64, f64)) -> f64| {
        let (low, high) = (points().map(of).fold(f64::MAX, f64::min), points().map(of).fold(1e-4, f64::max));
        // Less than a doubling has no ticks on a logarithmic axis.
        match high < 2.0 * low {
            true => Axis { range: 0.0..high * 1.08, log: false },
            false => Axis { range: floor_125(low.min(high))..high * 1.15, log: true },
        }
    };
    let (x, y) = (axis(|point| point.0), axis(|point| point.1));
    let curves = lines.into_iter().map(|(line, points)| Curve {
        name: line.short.clone(),
        color: color(line.model, line.short.contains(' '), false),
        end: points[points.len() - 1],
        dots: true,
        points,
    });
    let scale = if y.log { " (logarithmic)" } else { "" };
    let title = format!("{}: {what}{scale}", growth.name);
    curves_over(&title, "items (logarithmic)", x, y, &curves.collect::<Vec<_>>())
}

/// One line a program: wall ÷ limit over the round-trip time, whose axis is linear because 0 is on it.
fn over_network(name: &str, groups: &[Group]) -> Result<String> {
    let curve = |route: Route| {
        let points = route.points(Measurement::over_limit);
        let points: Vec<(f64, f64)> = points.into_iter().map(|(rtt, over)| (format::ms(rtt), over)).collect();
        let entry = route.entry();
        // Both sides have one of this name.
        let file = if entry.row.python && entry.row.args.is_empty() { ".py" } else { "" };
        let name = short(entry) + file;
        Some(Curve { name, color: color_of(entry), end: *points.last()?, dots: true, points })
    };
    let curves: Vec<Curve> = routes(groups).into_iter().filter_map(curve).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let (low, high) =
        points().fold((f64::MAX, 0.0_f64), |(low, high), point| (low.min(point.1), high.max(point.1)));
    let far = points().map(|point| point.0).fold(1e-3, f64::max);
    let (x, y) = (Axis { range: 0.0..far * 1.08, log: false }, Axis::new(low, high));
    let scale = if y.log { " (logarithmic)" } else { "" };
    let title = format!("{name}: wall ÷ limit{scale} over a network");
    curves_over(&title, "round-trip time, ms", x, y, &curves)
}

/// One line a program: its own resident set where it samples it, else the PSS of its tree.
fn over_time<'a>(group: &Group, entries: impl Iterator<Item = &'a Entry>) -> Result<String> {
    let lines: Vec<(&Entry, Vec<(f64, f64)>)> = entries
        .filter_map(|entry| Some((entry, series(entry)?)))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let points = || lines.iter().flat_map(|(_, line)| line);
    let ends = || lines.iter().filter_map(|(_, line)| Some(line.last()?.0));
    let (first_end, last_end) = (ends().fold(f64::MAX, f64::min), ends().fold(0.0, f64::max));
    // A tenth of the shortest program: its start is still to be seen.
    let x = if last_end / first_end > 12.0 {
        Axis::new(first_end / 10.0, last_end)
    } else {
        Axis::new(last_end, last_end)
    };
    let y = Axis { range: 0.0..points().map(|point| point.1).fold(1.0, f64::max) * 1.1, log: false };
    let curves = lines.iter().map(|(entry, line)| {
        // The plateau, not the fall at the exit, is where a reader looks for the name.
        let plateau = line.iter().rev().take(line.len() / 3 + 1).map(|point| point.1).fold(0.0, f64::max);
        Curve {
            name: short(entry),
            color: color_of(entry),
            end: (line[line.len() - 1].0, plateau),
            dots: false,
            points: thin(line, &x),
        }
    });
    let curves: Vec<Curve> = curves.collect();
    let what = if group.workload.sampled { "resident set of the program" } else { "PSS of the process tree" };
    let python = if lines.iter().any(|(entry, _)| entry.row.python) { ", Python" } else { "" };
    let title = format!("{}: {what} over time, MiB{python}", group.workload.key);
    let seconds = if x.log { "seconds since the start (logarithmic)" } else { "seconds since the start" };
    curves_over(&title, seconds, x.clone(), y, &curves)
}

/// A line of a plot.
struct Curve {
    name: String,
    color: RGBColor,
    points: Vec<(f64, f64)>,
    /// Whether each point is a measurement of its own.
    dots: bool,
    /// Where its name is tied to.
    end: (f64, f64),
}

/// Lines with their names at the right margin.
fn curves_over(title: &str, x_title: &str, x: Axis, y: Axis, curves: &[Curve]) -> Result<String> {
    draw(480, |area| {
        heading(area, title)?;
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .margin_top(50)
            .margin_right(210)
            .x_label_area_size(64)
            .y_label_area_size(58)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .x_labels(6)
            .y_labels(6)
            .label_style(font(TEXT - 2))
            .axis_desc_style(font(TEXT - 2))
            .x_desc(x_title)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .draw()?;
        let mut labels = Vec::new();
        for curve in curves {
            chart.draw_series(LineSeries::new(curve.points.iter().copied(), curve.color.stroke_width(3)))?;
            let dots = curve.points.iter().filter(|_| curve.dots);
            chart.draw_series(dots.map(|dot| Circle::new(*dot, 4, curve.color.filled())))?;
            labels.push((chart.backend_coord(&curve.end), curve.name.clone(), curve.color));
        }
        name(area, &mut labels)
    })
}

fn series(entry: &Entry) -> Option<Vec<(f64, f64)>> {
    let ran = entry.ran.as_ref()?;
    Some(if ran.memory.is_empty() {
        ran.observed.samples.iter().map(|&(seconds, pss, _)| (seconds, pss as f64 / 1024.0)).collect()
    } else {
        ran.memory.iter().map(|&(seconds, rss)| (seconds, rss as f64 / f64::from(1 << 20))).collect()
    })
}

/// The largest point of each two pixels: more cannot be seen, and would only make the file large.
fn thin(line: &[(f64, f64)], x: &Axis) -> Vec<(f64, f64)> {
    let mut kept: Vec<(i32, (f64, f64))> = Vec::new();
    for &point in line {
        let pixel = x.map(&point.0, (0, WIDTH as i32 / 2));
        match kept.last_mut() {
            Some((last, old)) if *last == pixel => {
                if point.1 > old.1 {
                    *old = point;
                }
            }
            _ => kept.push((pixel, point)),
        }
    }
    kept.into_iter().map(|(_, point)| point).collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Names the lines at the right margin, apart from each other, with a thin line to each one's end.
fn name(area: &Area, labels: &mut [((i32, i32), String, RGBColor)]) -> Result<()> {
    labels.sort_by_key(|label| label.0.1);
    let wanted: Vec<f64> = labels.iter().map(|label| f64::from(label.0.1)).collect();
    let placed = spread(wanted, f64::from(TEXT) + 4.0, 60.0..400.0);
    for ((end, text, color), y) in labels.iter().zip(placed) {
        let y = y.round() as i32;
        let left = WIDTH as i32 - 205;
        let thin = color.stroke_width(1);
        area.draw(&PathElement::new([(end.0, end.1), (left - 8, y), (left, y)], thin))?;
        area.draw(&Circle::new(*end, 4, color.filled()))?;
        let style = font(TEXT).color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Rectangle::new([(left + 4, y - 7), (left + 18, y + 7)], color.filled()))?;
        area.draw(&Text::new(text.clone(), (left + 26, y), style))?;
    }
    Ok(())
}

/// Moves sorted heights as little as needed to be `gap` apart and within `room`.
fn spread(mut heights: Vec<f64>, gap: f64, room: Range<f64>) -> Vec<f64> {
    // Far more rounds than a handful of labels need; a fixed number, so that the result is always the same.
    for _ in 0..500 {
        for i in 1..heights.len() {
            let lack = (gap - (heights[i] - heights[i - 1])).max(0.0) / 2.0;
            heights[i - 1] -= lack;
            heights[i] += lack;
        }
        for height in &mut heights {
            *height = height.clamp(room.start, room.end);
        }
    }
    heights
}

fn draw(height: u32, paint: impl FnOnce(&Area) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        paint(&area)?;
        area.present().map_err(|error| anyhow!("cannot draw: {error}"))?;
    }
    Ok(svg)
}

fn heading(area: &Area, text: &str) -> Result<()> {
    Ok(area.draw(&Text::new(text.to_owned(), (14, 14), font(TEXT).color(&INK)))?)
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// `tokio`, `tokio-mini`, or `threaded 500` where the program has more than its model's default; of Python
/// `asyncio uvloop`.
fn short(entry: &Entry) -> String {
    let args =
        entry.row.args.iter().map(|arg| arg.trim_start_matches('-')).filter(|arg| *arg != "concurrency");
    std::iter::once(entry.row.bare_name()).chain(args).collect::<Vec<_>>().join(" ")
}

fn color_of(entry: &Entry) -> RGBColor {
    color(entry.row.variant(), !entry.row.args.is_empty(), entry.row.python)
}

/// The colour of a model, or of its other row; Python's are paler.
fn color(model: &str, other: bool, python: bool) -> RGBColor {
    let RGBColor(red, green, blue) = match (model, !other || python) {
        ("sequential", _) => RGBColor(110, 110, 110),
        ("multiprocess", _) => RGBColor(230, 159, 0),
        ("threaded", true) => RGBColor(0, 114, 178),
        ("threaded", false) => RGBColor(86, 180, 233),
        ("green", _) => RGBColor(0, 158, 115),
        ("tokio", true) => RGBColor(213, 94, 0),
        ("tokio", false) => RGBColor(150, 66, 0),
        ("mini", _) => RGBColor(200, 180, 30),
        ("glommio", _) => RGBColor(204, 121, 167),
        ("compio", _) => RGBColor(90, 60, 160),
        ("floor", _) => RGBColor(70, 160, 160), // the limit is the black one
        _ => RGBColor(0, 0, 0),
    };
    let pale = |part: u8| if python { part / 2 + 127 } else { part };
    RGBColor(pale(red), pale(green), pale(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_log_axes_are_ticks() {
        for (value, expected) in [(0.1, 0.1), (0.3, 0.2), (7.0, 5.0), (1.0, 1.0), (49.0, 20.0)] {
            assert!((floor_125(value) / expected - 1.0).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn labels_keep_apart() {
        let placed = spread(vec![100.0, 101.0, 300.0], 20.0, 60.0..400.0);
        assert_eq!(placed.iter().map(|y| y.round()).collect::<Vec<_>>(), [91.0, 111.0, 300.0]);
        assert!(spread(vec![400.0; 3], 20.0, 60.0..400.0)[0] < 361.0);
    }

    #[test]
    fn a_wide_range_is_logarithmic() {
        assert!(Axis::new(0.1, 50.0).log);
        assert!(!Axis::new(2.0, 6.0).log);
        assert_eq!(Axis::new(2.0, 6.0).range.start, 0.0);
    }
}
