//! One committed picture for each shape, and what holds for every committed picture.

use std::{fs, path::Path};

use bench_data::matrix::Matrix;
use svg::{node::element::tag::Type, parser::Event};

use super::{canvas::COLORS, *};

/// What GitHub leaves for a picture on a phone, in pixels.
const PHONE: f64 = 358.0;

fn models() -> Vec<Model> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    Matrix::read(&root.join("bench.toml")).unwrap().models
}

fn model(name: &str) -> Option<Model> {
    models().into_iter().find(|model| model.name == name)
}

fn series(name: &str, color: &str, marks: Vec<Mark>) -> Series {
    Series { name: name.to_owned(), model: model(color), marks, ..Series::default() }
}

/// Compared with `golden/NAME.svg`, which is written anew where `GOLDEN` is set.
fn golden(name: &str, series: &[Series], shape: &Shape) {
    let text = Text { heading: "Size & <time>", notes: "How to read it.".to_owned(), alt: "a < b & c" };
    let made = chart(&text, series, shape);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/chart/golden/{name}.svg"));
    if std::env::var_os("GOLDEN").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert!(made == kept, "{name}.svg: if the change is meant: GOLDEN=1 cargo test -p bench-report golden");
    check(name, &made);
}

#[test]
fn golden_rows_have_all_marks_and_escaped_texts() {
    let middle = |value| (value, 0.5);
    let rows = [
        Series {
            figure: "2.000 s".to_owned(),
            ..series("tokio", "tokio", vec![Mark::Limit(1.0), Mark::Marker(middle(2.0))])
        },
        Series {
            figure: "3.000 s".to_owned(),
            hollow: true,
            ..series("a<b>.py", "tokio", vec![Mark::Outline(1.0, 3.0)])
        },
        series("green", "green", vec![Mark::Interval(middle(1.5), middle(4.0)), Mark::Dot(middle(2.0), 4.0)]),
        Series { figure: "failed".to_owned(), ..series("compio", "compio", Vec::new()) },
        Series {
            note: "in futex".to_owned(),
            ..series(
                "thread 2",
                "none",
                vec![Mark::Line(vec![middle(1.0), middle(5.0)]), Mark::Bar(2.0, 3.0)],
            )
        },
        Series {
            note: "6 & more".to_owned(),
            ..series("threaded", "threaded", vec![Mark::Area(vec![(1.0, 0.0), (2.0, 1.0), (6.0, 0.0)])])
        },
    ];
    golden("rows", &rows, &Shape::Rows { x: Axis::log("wall time", " s").reference(Some(1.0)) });
}

#[test]
fn golden_lines_have_their_names_at_the_right_edge() {
    let line = |name: &str, color: &str, points: Vec<Point>| {
        let markers = points.iter().copied().map(Mark::Marker);
        series(name, color, [vec![Mark::Line(points.clone())], markers.collect()].concat())
    };
    let mut lines = vec![
        line("tokio", "tokio", vec![(10.0, 0.1), (100.0, 0.12), (1000.0, 0.3)]),
        line("compio", "compio", vec![(10.0, 0.1), (100.0, 0.11), (1000.0, 0.31)]),
        Series { hollow: true, ..line("threaded.py", "threaded", vec![(10.0, 0.2), (100.0, 1.7)]) },
    ];
    lines[2].marks.push(Mark::Stop((100.0, 1.7)));
    lines[0].marks.push(Mark::Interval((1000.0, 0.25), (1000.0, 0.4)));
    golden("lines", &lines, &Shape::Lines { x: Axis::log("items", ""), y: Axis::log("wall time", " s") });
}

#[test]
fn names_of_a_heap_of_lines_do_not_overlap() {
    let at = |i: usize| (1.0, 5.0 + i as f64 / 100.0);
    let lines: Vec<Series> =
        (0..30).map(|i| series(&format!("tokio-blocking {i}"), "tokio", vec![Mark::Marker(at(i))])).collect();
    let text = Text { heading: "A heap", notes: String::new(), alt: "" };
    check(
        "heap",
        &chart(&text, &lines, &Shape::Lines { x: Axis::zero("x", ""), y: Axis::around("y", " MiB") }),
    );
}

#[test]
fn committed_pictures_can_be_read_on_a_phone_and_no_text_hides_another() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../results");
    let machines = fs::read_dir(results).unwrap().map(|entry| entry.unwrap().path().join("plots"));
    let plots = machines.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let paths: Vec<_> = plots.map(|entry| entry.unwrap().path()).collect();
    assert!(!paths.is_empty());
    paths.iter().for_each(|path| check(&path.display().to_string(), &fs::read_to_string(path).unwrap()));
}

/// Texts are large enough, within the picture and apart; both schemes have every colour.
fn check(name: &str, text: &str) {
    let (light, dark) = text.split_once("@media (prefers-color-scheme:dark)").expect(name);
    let (mut view, mut texts, mut open) = ([0.0; 2], Vec::<([f64; 4], String)>::new(), None);
    for event in svg::read(text).unwrap() {
        match event {
            Event::Tag(tag, kind, attributes) if kind != Type::End => {
                let number = |name: &str| attributes.get(name).map(|value| value.parse::<f64>().unwrap());
                if let Some(size) = number("font-size") {
                    view = [number("width").unwrap(), number("height").unwrap()];
                    assert!(size * PHONE / view[0] >= 11.0, "{name}: {size}");
                }
                for class in attributes.get("class").map(|class| class.split(' ')).into_iter().flatten() {
                    let colour = format!(".{class}{{color:");
                    assert_eq!(light.contains(&colour), dark.contains(&colour), "{name}: {class}");
                }
                let anchor = attributes.get("text-anchor").map(ToString::to_string);
                open = (tag == "text").then(|| (number("x").unwrap(), number("y").unwrap(), anchor.unwrap()));
            }
            Event::Text(text) => {
                let Some((x, y, anchor)) = open.take() else { continue };
                let wide = width(text);
                let left = x - wide
                    * ["start", "middle", "end"].iter().position(|a| *a == anchor).unwrap() as f64
                    / 2.0;
                let rect = [left, y - 12.0, left + wide, y + 4.0];
                let inside = left >= 0.0 && rect[1] >= 0.0 && rect[2] <= view[0] && rect[3] <= view[1];
                assert!(inside, "{name}: {text:?} is cut: {rect:?}");
                let meets =
                    |b: &[f64; 4]| rect[0] < b[2] && b[0] < rect[2] && rect[1] < b[3] && b[1] < rect[3];
                let hidden = texts.iter().find(|(other, _)| meets(other));
                assert_eq!(hidden.map(|(_, hidden)| hidden), None, "{name}: {text:?} is on it");
                texts.push((rect, text.to_owned()));
            }
            _ => {}
        }
    }
    assert!(!texts.is_empty(), "{name}");
}

#[test]
fn colours_have_contrast_in_both_schemes() {
    // Relative luminance and contrast as in WCAG 2.
    let luminance = |color: &str| {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) + 0.05
    };
    let contrast = |a: &str, b: &str| (luminance(a) / luminance(b)).max(luminance(b) / luminance(a));
    let text = COLORS.iter().filter(|(class, ..)| ["ink", "muted"].contains(class));
    let text = text.map(|(class, light, dark)| (class.to_string(), light.to_string(), dark.to_string()));
    let (_, white, black) = COLORS[0];
    for (name, light, dark) in text.chain(models().into_iter().map(|m| (m.name, m.light, m.dark))) {
        assert!(contrast(&light, white) >= 4.5, "{name} on white: {:.2}", contrast(&light, white));
        assert!(contrast(&dark, black) >= 4.5, "{name} on black: {:.2}", contrast(&dark, black));
    }
}

#[test]
fn no_two_models_share_a_marker() {
    let mut paths: Vec<String> =
        models().iter().map(|model| marker::path(model.marker, (0.0, 0.0), 10.0)).collect();
    let count = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), count);
}

#[test]
fn ticks_are_round_and_have_room() {
    for (axis, values, length, expected) in [
        (Axis::log("", " s"), [0.13, 8.0], 400.0, "0.2 s, 0.5 s, 1 s, 2 s, 5 s"),
        (Axis::log("", " s"), [0.1, 50.0], 240.0, "0.1 s, 1 s, 10 s"),
        (Axis::log("", ""), [10.0, 1e5], 250.0, "10, 100, 1k, 10k, 100k"),
        (Axis::log("", " s"), [0.131, 0.139], 400.0, "0.13 s, 0.135 s, 0.14 s, 0.145 s, 0.15 s, 0.155 s"),
        (Axis::zero("", ""), [0.0, 14.0], 100.0, "0, 5, 10"),
        (Axis::around("", ""), [0.93, 1.06], 260.0, "0.95, 1, 1.05"),
    ] {
        let ticks = axis.fitted(values.into_iter()).drawn(0.0, length).ticks_beside();
        let texts: Vec<String> = ticks.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts.join(", "), expected);
    }
    let axis = Axis::log("", "").within(0.1, 10.0).drawn(100.0, 0.0);
    assert_eq!([0.01, 1.0, 1e9].map(|value| axis.at(value).round()), [100.0, 50.0, 0.0]);
}

#[test]
fn names_move_as_little_as_needed() {
    assert_eq!(spread(&[100.0, 101.0, 300.0], (0.0, 400.0)), [91.0, 110.0, 300.0]);
    assert_eq!(spread(&[400.0, 400.0, 400.0], (0.0, 400.0)), [362.0, 381.0, 400.0]);
}
