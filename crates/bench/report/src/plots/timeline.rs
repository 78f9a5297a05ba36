//! A program on three hosts, in time: what becomes of each host, and which thread sleeps meanwhile, in which system call.

use bench_data::{
    results::{Entry, Group},
    trace::Item,
    waits::{Call, Thread},
};

use crate::markdown::list;

use super::{
    axis::{Axis, Unit},
    canvas::{Anchor, Canvas, LINE, MARGIN, Plot, WIDTH, width},
    in_flight::steps,
    text,
};

/// Height of what is drawn of a host or a thread.
const BAR: f64 = 12.0;

/// Height of a strip with the room around it: two lines of text beside it.
const STEP: f64 = 2.0 * LINE + 4.0;

/// A call that returns sooner did not sleep, as far as anybody can see, in seconds.
const SLEEP_S: f64 = 0.001;

/// A thread that slept so long is said to sleep in that call, in seconds.
const NAMED_S: f64 = 0.02;

/// A thread that wakes for less is drawn as wide as this.
const SEEN: f64 = 1.5;

/// One picture for each program.
pub fn timelines(group: &Group) -> Vec<Plot> {
    let seconds = group.ok().filter_map(|entry| Some(Story::of(entry)?.end_s));
    let longest = seconds.fold(0.0, f64::max);
    group.ok().filter_map(|entry| plot(group, entry, longest)).collect()
}

/// What one run did, from its first connection on.
struct Story<'a> {
    /// The hosts, in the order in which they were connected to.
    items: Vec<&'a Item>,
    threads: &'a [Thread],
    first_s: f64,
    end_s: f64,
}

impl<'a> Story<'a> {
    fn of(entry: &'a Entry) -> Option<Self> {
        let ran = entry.ran()?;
        let begin = ran.threads.first()?.begin_s;
        // The lab noted those of the runs before it, too.
        let mut items: Vec<&Item> = ran.trace.iter().filter(|item| item.accepted_s >= begin).collect();
        items.sort_by(|a, b| a.accepted_s.total_cmp(&b.accepted_s));
        let first_s = items.first()?.accepted_s;
        let end = ran.threads.iter().map(|thread| thread.end_s).fold(first_s, f64::max);
        Some(Story { items, threads: &ran.threads, first_s, end_s: end - first_s })
    }
}

fn plot(group: &Group, entry: &Entry, longest: f64) -> Option<Plot> {
    let story = Story::of(entry)?;
    let Story { items, threads, first_s, .. } = &story;
    let model = group.workload.model(&entry.row.model)?;
    let program = text::name(&entry.row);
    let heading = format!("{program}: {} hosts in time", group.workload.size);
    let notes = [
        "Host: hollow while it is connected to and logged in, filled while it thinks.",
        "Thread: thick while it runs, thin while it sleeps in the call beside it.",
    ];
    let mut canvas = Canvas::new(&heading, &notes);
    let class = canvas.class(model);
    let labels: Vec<(String, String)> = (1..).zip(*threads).map(|(i, thread)| label(i, thread)).collect();
    let names =
        labels.iter().map(|(name, calls)| width(name).max(width(calls))).fold(width("host 3"), f64::max);
    let (left, right) = (MARGIN + names + 12.0, WIDTH - MARGIN - 20.0);
    let x = Axis::from_zero([longest / 1.05], Unit::Seconds).drawn(left, right);
    let at = |time_s: f64| x.at(time_s - first_s);
    let hosts = items.len() as f64 * (LINE + 4.0);
    let bottom = canvas.top + hosts + STEP * labels.len() as f64;
    for (place, tick) in x.ticks(false) {
        canvas.line(&[(place, canvas.top), (place, bottom)], "grid", 1.0, "");
        canvas.text(&tick, (place, bottom + 18.0), Anchor::Middle, "muted");
    }
    for (number, item) in (1..).zip(items) {
        canvas.text(&format!("host {number}"), (MARGIN, canvas.top + LINE - 4.0), Anchor::Start, "ink");
        let top = canvas.top + (LINE - BAR) / 2.0 + 1.0;
        let (accepted, begin, end) = (at(item.accepted_s), at(item.begin_s), at(item.end_s));
        canvas.bar((accepted, top), (begin - accepted, BAR), &class, true);
        canvas.bar((begin, top), (end - begin, BAR), &class, false);
        canvas.top += LINE + 4.0;
    }
    for ((name, calls), thread) in labels.iter().zip(*threads) {
        canvas.text(name, (MARGIN, canvas.top + LINE - 4.0), Anchor::Start, "ink");
        canvas.text(calls, (MARGIN, canvas.top + 2.0 * LINE - 6.0), Anchor::Start, "muted");
        let middle = canvas.top + LINE - 2.0;
        let (from, to) = (at(thread.begin_s), at(thread.end_s));
        canvas.line(&[(from, middle), (to, middle)], "ink", 1.0, "");
        for (begin, end) in awake(thread) {
            let (begin, end) = (at(begin), at(end));
            if end > left {
                let wide = (end - begin).max(SEEN);
                canvas.bar((begin, middle - BAR / 2.0), (wide, BAR), "ink", false);
            }
        }
        canvas.top += STEP;
    }
    canvas.text("time since the first connection", (left, bottom + 18.0 + LINE), Anchor::Start, "ink");
    canvas.top = bottom + 18.0 + LINE + 4.0;
    let told: Vec<String> = labels.iter().map(|(name, calls)| format!("{name} {calls}")).collect();
    let peak = steps(items.iter().copied()).into_iter().map(|(_, hosts)| hosts).max();
    let alt = format!(
        "{heading}: at most {} at once are thinking, until {}; {}.",
        peak.map_or("no host".to_owned(), |peak| format!("{peak} host{}", if peak == 1 { "" } else { "s" })),
        text::millis(items.iter().map(|item| item.end_s).fold(0.0, f64::max) - first_s),
        list(&told)
    );
    Some(canvas.finish(format!("timeline-{}", entry.row.bare_name()), alt))
}

/// What stands beside a thread: its name, and what it sleeps in.
fn label(number: usize, thread: &Thread) -> (String, String) {
    let name = if number == 1 { "main thread".to_owned() } else { format!("thread {number}") };
    let mut slept: Vec<(&str, f64)> = Vec::new();
    for call in &thread.calls {
        let took = call.end_s - call.begin_s;
        match slept.iter_mut().find(|(name, _)| *name == call.name) {
            Some((_, sum)) => *sum += took,
            None => slept.push((&call.name, took)),
        }
    }
    slept.retain(|(_, sum)| *sum >= NAMED_S);
    slept.sort_by(|a, b| b.1.total_cmp(&a.1));
    let calls: Vec<String> = slept.into_iter().map(|(name, _)| name.to_owned()).collect();
    (name, if calls.is_empty() { "does not sleep".to_owned() } else { format!("in {}", list(&calls)) })
}

/// When a thread does not sleep.
fn awake(thread: &Thread) -> Vec<(f64, f64)> {
    let sleeps = |call: &&Call| call.end_s - call.begin_s >= SLEEP_S;
    let mut from = thread.begin_s;
    let mut parts = Vec::new();
    for call in thread.calls.iter().filter(sleeps) {
        parts.push((from, call.begin_s));
        from = call.end_s;
    }
    parts.push((from, thread.end_s));
    parts.retain(|(from, to)| to >= from);
    parts
}
