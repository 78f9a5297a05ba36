//! All plots of all studies, of the real matrix with made-up figures.

use std::{collections::BTreeSet, path::Path};

use bench_data::{
    facts::Machine,
    matrix::Matrix,
    measurement::Measurement,
    observed::Observed,
    raw::{Ran, Raw},
    resolve::Place,
    results::{Entry, Group, Results},
    trace::Item,
    waits::{Call, Thread},
    workload::{Model, Row, Vary, Workload},
};
use svg::{node::element::tag::Type, parser::Event};

use super::{Plot, all, canvas::width, labels::Rect};

const GITHUB_PHONE: f64 = 358.0;

fn models() -> Vec<Model> {
    matrix().models
}

fn matrix() -> Matrix {
    Matrix::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml"))).unwrap()
}

/// Every row of every study, at a little more than its limit; what is skipped is skipped.
fn results() -> Results {
    let matrix = matrix();
    let place = Place { cpus: 2, quick: false, count: true, python: true, size: None };
    let workloads = ["bench", "mariadb", "scale", "faults", "network", "timeline"]
        .into_iter()
        .flat_map(|study| matrix.resolve(study, &[], &place).unwrap());
    let machine = Machine {
        version: bench_data::SCHEMA,
        cpu: String::new(),
        architecture: String::new(),
        sockets: None,
        cores: None,
        cpus: 2,
        memory_mib: 0,
        virtualisation: String::new(),
    };
    Results { machine, groups: workloads.map(group).collect(), csv: String::new() }
}

fn group(workload: Workload) -> Group {
    let entries = (0..).zip(&workload.rows).map(|(i, row)| entry(&workload, row, i)).collect();
    Group { workload, sittings: Vec::new(), entries }
}

fn entry(workload: &Workload, row: &Row, i: u32) -> Entry {
    let row = row.clone();
    if let Some(skip) = &row.skip {
        let figures = Measurement { status: skip.clone(), ..Measurement::default() };
        return Entry { figures, again: Vec::new(), raw: Raw::Status(skip.clone()), row };
    }
    let part = f64::from(i) / 100.0;
    let slow = if row.python { 3.0 } else { 1.02 };
    let trips = 4.0 * workload.rtt_s.unwrap_or(0.0);
    let wall = row.limit_s * (1.0 + trips / workload.latency_s) * (slow + part);
    let kib = 2000 + 100 * u64::from(i) + if row.python { 40_000 } else { 4 * workload.size };
    let figures = Measurement {
        size: workload.size,
        runs: Some(u64::from(row.rounds)),
        wall_median_s: Some(wall),
        wall_min_s: Some(0.99 * wall),
        wall_max_s: Some(1.05 * wall),
        ratio: Some(0.95 + part),
        ratio_low: Some(0.94 + part),
        ratio_high: Some(0.97 + part),
        limit_s: Some(row.limit_s),
        user_s: Some(1e-5 * (workload.size + u64::from(i)) as f64),
        system_s: Some(1e-3),
        observed: Some(5),
        max_rss_kib: Some(kib),
        max_rss_min_kib: Some(kib - 50),
        max_rss_max_kib: Some(kib + 90),
        round_trips: Some(4.0),
        half_s: Some(0.4 * wall),
        most_s: Some(0.9 * wall),
        status: "ok".to_owned(),
        ..Measurement::default()
    };
    let turn = |item: u64| (item / row.at_once) as f64 * workload.latency_s;
    let item = |item: u64| Item {
        workload: workload.name.clone(),
        item: item.to_string(),
        accepted_s: turn(item),
        begin_s: turn(item) + 1e-3,
        end_s: turn(item) + workload.latency_s,
    };
    let sleep = Call { name: "epoll_wait".to_owned(), begin_s: 1e-3, end_s: wall - 1e-3 };
    let thread = Thread { begin_s: 0.0, end_s: wall, calls: vec![sleep] };
    let samples = (1..=50).map(|at| (wall * f64::from(at) / 50.0, kib.min(1000 * u64::from(at as u32)), 1));
    let observed = Observed {
        version: bench_data::SCHEMA,
        command: Vec::new(),
        exit_code: 0,
        wall_s: wall,
        user_s: 0.0,
        system_s: 0.0,
        interval_ms: 1.0,
        samples: samples.collect(),
        sampled: 50,
        peak_pss_kib: None,
        peak_processes: None,
        in_flight: None,
        lines: Vec::new(),
        last_line: String::new(),
        lab: None,
    };
    let ran = Ran {
        observed: vec![observed],
        times: Vec::new(),
        start_s: None,
        syscalls: None,
        memory: Vec::new(),
        threads: if workload.vary == Vary::Time { vec![thread] } else { Vec::new() },
        trace: match workload.vary {
            Vary::Nothing | Vary::Time => (0..workload.size).map(item).collect(),
            _ => Vec::new(),
        },
    };
    Entry { figures, again: Vec::new(), raw: Raw::Ran(Box::new(ran)), row }
}

/// The texts of a picture: where they are at most, and what they say.
fn texts(plot: &Plot) -> Vec<(Rect, String)> {
    let (mut texts, mut open) = (Vec::new(), None);
    for event in svg::read(&plot.svg).unwrap() {
        match event {
            Event::Tag("text", Type::Start, attributes) => {
                let number = |name: &str| attributes.get(name).map(|value| value.parse::<f64>().unwrap());
                let anchor = attributes.get("text-anchor").map_or("start", |anchor| &**anchor).to_owned();
                open = Some((number("x").unwrap(), number("y").unwrap(), anchor));
            }
            Event::Text(text) => {
                let Some((x, y, anchor)) = open.take() else { continue };
                let wide = width(text);
                let left = match anchor.as_str() {
                    "end" => x - wide,
                    "middle" => x - wide / 2.0,
                    _ => x,
                };
                texts.push((Rect::of_text((left, y), wide), text.to_owned()));
            }
            _ => {}
        }
    }
    texts
}

#[test]
fn there_is_a_plot_of_everything_that_is_worth_one() {
    let names: Vec<String> = all(&results()).into_iter().map(|plot| plot.name).collect();
    let expected = [
        "overview",
        "db-wall",
        "db-ratio",
        "db-memory",
        "db-in-flight",
        "prices-memory-over-time",
        "db-mariadb-wall",
        "scale-sleep-wall",
        "scale-db-memory",
        "scale-prices-cpu",
        "scale-db-bound",
        "faults-db-hang",
        "faults-prices-slow",
        "network-db-round-trips",
        "timeline-tokio",
    ];
    for name in expected {
        assert!(names.iter().any(|other| other == name), "{name} is not in {names:?}");
    }
    for none in ["web-wall", "sleep-2-wall", "db-memory-over-time", "scale-sleep-bound"] {
        assert!(!names.iter().any(|name| name == none), "{none}");
    }
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn the_same_results_make_the_same_bytes() {
    assert_eq!(all(&results()), all(&results()));
}

#[test]
fn texts_can_be_read_on_a_phone_and_hide_nothing() {
    for plot in all(&results()) {
        let name = &plot.name;
        let mut view = [0.0; 2];
        for event in svg::read(&plot.svg).unwrap() {
            let Event::Tag(_, _, attributes) = event else { continue };
            if let Some(size) = attributes.get("viewBox") {
                let numbers: Vec<f64> = size.split(' ').map(|number| number.parse().unwrap()).collect();
                view = [numbers[2], numbers[3]];
            }
            if let Some(size) = attributes.get("font-size") {
                let shown = size.parse::<f64>().unwrap() * GITHUB_PHONE / view[0];
                assert!(shown >= 11.0, "{name}: {shown} px");
            }
        }
        let texts = texts(&plot);
        for (i, (rect, text)) in texts.iter().enumerate() {
            let Rect(left, top, right, bottom) = *rect;
            assert!(
                left >= 0.0 && top >= 0.0 && right <= view[0] && bottom <= view[1],
                "{name}: {text:?} is cut"
            );
            let other = texts[..i].iter().find(|(other, _)| other.meets(rect));
            assert_eq!(other.map(|(_, other)| other), None, "{name}: {text:?} is on it");
        }
    }
}

#[test]
fn both_schemes_have_every_colour_that_is_used() {
    let results = results();
    for plot in all(&results) {
        let (light, dark) = plot.svg.split_once("@media (prefers-color-scheme:dark)").expect(&plot.name);
        let dark = dark.split_once("</style>").unwrap().0;
        for event in svg::read(&plot.svg).unwrap() {
            let Event::Tag(_, _, attributes) = event else { continue };
            for class in attributes.get("class").map(|class| class.split(' ')).into_iter().flatten() {
                let rule = format!(".{class}{{");
                assert!(light.contains(&rule) && dark.contains(&rule), "{}: {class}", plot.name);
            }
        }
    }
}

#[test]
fn every_model_of_a_workload_has_its_colour_and_marker() {
    let results = results();
    for plot in
        all(&results).iter().filter(|plot| ["overview", "db-wall", "db-memory"].contains(&&*plot.name))
    {
        for model in models() {
            let marker = format!("class=\"m-{} seam\"", model.name);
            assert!(plot.svg.contains(&marker), "{}: no marker of {}", plot.name, model.name);
            for color in [&model.light, &model.dark] {
                assert!(plot.svg.contains(&format!(".m-{}{{color:{color}}}", model.name)), "{}", plot.name);
            }
        }
    }
}

#[test]
fn colours_have_contrast_in_both_schemes() {
    // Relative luminance and contrast as in WCAG 2.
    let luminance = |color: &str| {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let contrast = |a: &str, b: &str| {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        (a / b).max(b / a)
    };
    let text = super::canvas::COLORS.iter().filter(|(class, ..)| ["ink", "muted"].contains(class));
    let text = text.map(|(class, light, dark)| (class.to_string(), light.to_string(), dark.to_string()));
    let models = models().into_iter().map(|model| (model.name, model.light, model.dark));
    let (_, white, black) = super::canvas::COLORS[0];
    for (name, light, dark) in text.chain(models) {
        assert!(contrast(&light, white) >= 4.5, "{name} on white: {:.2}", contrast(&light, white));
        assert!(contrast(&dark, black) >= 4.5, "{name} on black: {:.2}", contrast(&dark, black));
    }
}

#[test]
fn the_alternative_text_says_the_figures_and_is_in_the_picture() {
    let results = results();
    let plots = all(&results);
    assert!(plots.iter().all(|plot| plot.svg.contains("<title>") && plot.svg.contains("role=\"img\"")));
    let wall = plots.iter().find(|plot| plot.name == "db-wall").unwrap();
    let tokio = results.groups[0].reference().unwrap().figures.wall_median_s.unwrap();
    assert!(wall.alt.contains(&format!("tokio {tokio:.3} s")), "{}", wall.alt);
    assert!(wall.alt.contains("tokio-blocking") && wall.alt.contains("asyncio.py"), "{}", wall.alt);
}

#[test]
fn python_is_hollow_in_the_colour_of_its_model() {
    let plots = all(&results());
    let wall = &plots.iter().find(|plot| plot.name == "db-wall").unwrap().svg;
    let hollow =
        wall.lines().filter(|line| line.contains("m-tokio\"") && line.contains("fill=\"none\" stroke="));
    assert!(hollow.count() >= 1, "{wall}");
    let order: Vec<String> = texts(&plots[1]).into_iter().map(|(_, text)| text).collect();
    let at = |name: &str| {
        order.iter().position(|text| text == name).unwrap_or_else(|| panic!("{name}: {order:?}"))
    };
    assert_eq!(at("asyncio.py"), at("tokio") + 2, "the name after tokio's figure: {order:?}");
}
