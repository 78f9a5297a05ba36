//! One run over time: from the program's own samples, the lab's trace and strace.

use bench_data::{trace::Item, waits::Thread};

use super::{Plot, axis, plot, series};
use crate::{
    chart::{Axis, Point, Scale, Series, Shape},
    markdown::list,
    number::Unit,
    row::Row,
};

/// Items in flight are shown for this many times the wait of one item, or for this many times what the reference has to
/// wait: the slow programs repeat themselves.
const SHOWN: (f64, f64) = (6.0, 3.0);

pub fn memory(rows: &[Row]) -> Option<Plot> {
    let line = |row: &Row| {
        let samples = row.entry.raw.as_ref().ok()?.memory.iter();
        let points: Vec<Point> =
            samples.map(|sample| (sample.seconds, sample.rss_bytes as f64 / 1024.0 / 1024.0)).collect();
        let end = vec![*points.last().filter(|_| points.len() > 1)?];
        Some(Series { marks: vec![(Shape::Line, points), (Shape::Marker, end)], ..series(row)? })
    };
    let lines: Vec<Series> = rows.iter().filter_map(line).collect();
    let x = Axis::new(Scale::Log, "time since the start, log scale", " s");
    let workload = &rows[0].group.workload;
    let heading = format!("{}: memory over time", workload.title);
    let notes = "Resident set of a program's first process, as the program samples itself.";
    let summary = format!("a line for each of {} programs", lines.len());
    let name = format!("{}-memory-over-time", workload.key);
    plot([&name, &heading, notes, &summary], &lines, &x, Some(&axis("memory", "↓")))
}

pub fn in_flight(rows: &[Row]) -> Option<Plot> {
    let workload = &rows[0].group.workload;
    let strip = |row: &Row| {
        let steps = steps(row.entry.raw.as_ref().ok()?.trace.iter());
        let (peak, end) = (peak(&steps), steps.last()?.0);
        let level = |pair: &[Point]| [(pair[0].0, pair[0].1 / peak), (pair[1].0, pair[0].1 / peak)];
        let levels = steps.windows(2).flat_map(level).collect();
        let area = [vec![(steps[0].0, 0.0)], levels, vec![(end, 0.0)]].concat();
        let note = format!("{peak}, {}", Unit::Seconds.text(end));
        Some((end, Series { note, marks: vec![(Shape::Area, area)], ..series(row)? }))
    };
    let rows = rows.iter().filter(|row| !row.entry.row.python && !row.is_baseline());
    let best = rows.clone().find(|row| row.is_reference()).map_or(0.0, |row| row.entry.row.limit_s);
    let (ends, strips): (Vec<f64>, Vec<Series>) = rows.filter_map(strip).unzip();
    let last = ends.into_iter().fold(0.0, f64::max);
    let shown = ((SHOWN.0 * workload.latency_s).max(SHOWN.1 * best) * 1e3).round() / 1e3;
    let mut notes = "Under each name: its peak, which is the height of its strip, and its end.".to_owned();
    if last > shown {
        notes += &format!(" The first {shown} s are shown.");
    }
    let summary = format!("a strip for each program; the last ends after {}", Unit::Seconds.text(last));
    let heading = format!("{}: items in flight", workload.title);
    let name = format!("{}-in-flight", workload.key);
    plot([&name, &heading, &notes, &summary], &strips, &time(last.min(shown)), None)
}

/// A picture for each program, all over the same axis: its hosts, then its threads.
pub fn timelines(rows: &[Row]) -> Vec<Plot> {
    let rows = || rows.iter().filter(|row| !hosts(row).is_empty());
    let end = |row: &Row| {
        threads(row).iter().map(|thread| thread.end_s).fold(0.0, f64::max) - hosts(row)[0].accepted_s
    };
    let longest = rows().map(end).fold(0.0, f64::max);
    rows().filter_map(|row| timeline(row, longest)).collect()
}

fn timeline(row: &Row, longest: f64) -> Option<Plot> {
    let (program, hosts, threads) = (series(row)?, hosts(row), threads(row));
    let first = hosts[0].accepted_s;
    let host = |(number, item): (usize, &&Item)| {
        let [accepted, begin, end] = [item.accepted_s, item.begin_s, item.end_s].map(|time| time - first);
        let marks = vec![Shape::Outline.in_row([accepted, begin]), Shape::Bar.in_row([begin, end])];
        Series { name: format!("host {number}"), model: program.model.clone(), marks, ..Series::default() }
    };
    let thread = |(number, thread): (usize, &Thread)| {
        let name = if number == 1 { "main thread".to_owned() } else { format!("thread {number}") };
        let calls: Vec<String> = thread.sleeps_in().into_iter().map(str::to_owned).collect();
        let note =
            if calls.is_empty() { "does not sleep".to_owned() } else { format!("in {}", list(&calls)) };
        let awake = thread.awake().into_iter().filter(|(_, to)| *to > first);
        let line = Shape::Line.in_row([thread.begin_s - first, thread.end_s - first]);
        let bars = awake.map(|(from, to)| Shape::Bar.in_row([(from - first).max(0.0), to - first]));
        Series { name, note, marks: [line].into_iter().chain(bars).collect(), ..Series::default() }
    };
    let strips: Vec<Series> = (1..).zip(&hosts).map(host).chain((1..).zip(threads).map(thread)).collect();
    let notes = "Host: hollow while it is connected to and logged in, filled while it thinks. Thread: thick while it \
                 runs, thin while it sleeps in the call under its name.";
    let peak = peak(&steps(hosts.iter().copied()));
    let summary = format!("at most {peak} thinking at once, threads: {}", threads.len());
    let heading = format!("{}: {} hosts in time", program.name, hosts.len());
    let name = format!("timeline-{}", program.name);
    plot([&name, &heading, notes, &summary], &strips, &time(longest), None)
}

fn threads<'a>(row: &Row<'a>) -> &'a [Thread] {
    row.entry.raw.as_ref().ok().map_or(&[], |ran| &ran.threads)
}

/// In the order in which they were connected to; the lab noted those of the runs before, too.
fn hosts<'a>(row: &Row<'a>) -> Vec<&'a Item> {
    let (Some(ran), Some(main)) = (row.entry.raw.as_ref().ok(), threads(row).first()) else {
        return Vec::new();
    };
    let mut hosts: Vec<&Item> = ran.trace.iter().filter(|item| item.accepted_s >= main.begin_s).collect();
    hosts.sort_by(|a, b| a.accepted_s.total_cmp(&b.accepted_s));
    hosts
}

fn time(end: f64) -> Axis {
    Axis { range: Some((0.0, end)), ..Axis::new(Scale::Zero, "time since the first connection", " s") }
}

/// From when on how many items are in flight, in seconds since the first connection.
fn steps<'a>(items: impl Iterator<Item = &'a Item> + Clone) -> Vec<Point> {
    let first = items.clone().map(|item| item.accepted_s).fold(f64::MAX, f64::min);
    let mut changes: Vec<Point> =
        items.flat_map(|item| [(item.begin_s - first, 1.0), (item.end_s - first, -1.0)]).collect();
    // At the same time, what ends goes first.
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let count = |now: &mut f64, (time, change): Point| {
        *now += change;
        Some((time, *now))
    };
    changes.into_iter().scan(0.0, count).collect()
}

fn peak(steps: &[Point]) -> f64 {
    steps.iter().map(|step| step.1).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_flight_is_what_began_and_has_not_ended() {
        let item = |begin_s, end_s| {
            let columns = format!("workload,item,accepted_s,begin_s,end_s\ndb,,8,{begin_s},{end_s}\n");
            bench_data::files::rows::<Item>(&columns).unwrap().remove(0)
        };
        let items = [item(8.0, 9.0), item(8.5, 9.5), item(9.0, 10.0)];
        let steps = steps(items.iter());
        assert_eq!(steps, [(0.0, 1.0), (0.5, 2.0), (1.0, 1.0), (1.0, 2.0), (1.5, 1.0), (2.0, 0.0)]);
    }
}
