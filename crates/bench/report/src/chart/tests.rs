//! Rules for every picture; the committed pages of the fixture hold a picture of each shape.

use std::{fs, path::Path};

use bench_data::matrix::Matrix;
use svg::{node::element::tag::Type, parser::Event};

use super::{canvas::COLORS, *};

/// The width of a picture on a phone in GitHub's layout, in pixels.
const PHONE: f64 = 358.0;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn models() -> Vec<Model> {
    Matrix::read(&root().join("bench.toml")).unwrap().models
}

#[test]
fn names_of_a_heap_of_lines_do_not_overlap_and_texts_are_escaped() {
    let model = models().into_iter().next();
    let line = |i: usize| Series {
        name: format!("tokio-blocking {i}"),
        model: model.clone(),
        marks: vec![(Shape::Marker, vec![(1.0, 5.0 + i as f64 / 100.0)])],
        ..Series::default()
    };
    let (x, y) = (Axis::new(Scale::Zero, "x", ""), Axis::new(Scale::Around, "y", " MiB"));
    let picture = chart(["A heap", "", "a < b & c"], &(0..30).map(line).collect::<Vec<_>>(), &x, Some(&y));
    assert!(picture.contains("<title>a &lt; b &amp; c</title>"));
    check("heap", &picture);
}

#[test]
fn committed_pictures_can_be_read_on_a_phone_and_no_text_hides_another() {
    let machines =
        fs::read_dir(root().join("results")).unwrap().map(|entry| entry.unwrap().path().join("plots"));
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
                    view = ["width", "height"].map(|name| number(name).unwrap());
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
                let before = ["start", "middle", "end"].iter().position(|name| *name == anchor).unwrap();
                let left = x - width(text) * before as f64 / 2.0;
                let rect = [left, y - 12.0, left + width(text), y + 4.0];
                let inside = left >= 0.0 && rect[1] >= 0.0 && rect[2] <= view[0] && rect[3] <= view[1];
                assert!(inside, "{name}: {text:?} is cut: {rect:?}");
                let meets =
                    |other: &[f64; 4]| (0..2).all(|i| rect[i] < other[i + 2] && other[i] < rect[i + 2]);
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
        let part = |start: usize| {
            let value = f64::from(u8::from_str_radix(&color[start..start + 2], 16).unwrap()) / 255.0;
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
    let paths = models().into_iter().map(|model| marker::path(model.marker, (0.0, 0.0), 10.0));
    assert_eq!(paths.collect::<std::collections::BTreeSet<_>>().len(), models().len());
}

#[test]
fn ticks_are_round_and_have_room() {
    for (scale, unit, values, length, expected) in [
        (Scale::Log, " s", [0.13, 8.0], 400.0, "0.2 s, 0.5 s, 1 s, 2 s, 5 s"),
        (Scale::Log, " s", [0.1, 50.0], 240.0, "0.1 s, 1 s, 10 s"),
        (Scale::Log, "", [10.0, 1e5], 250.0, "10, 100, 1k, 10k, 100k"),
        (Scale::Log, " s", [0.131, 0.139], 400.0, "0.13 s, 0.135 s, 0.14 s, 0.145 s, 0.15 s, 0.155 s"),
        (Scale::Zero, "", [0.0, 14.0], 100.0, "0, 5, 10"),
        (Scale::Around, "", [0.93, 1.06], 260.0, "0.95, 1, 1.05"),
    ] {
        let axis = Axis::new(scale, "", unit).fitted(values.into_iter()).drawn(0.0, length);
        let texts: Vec<String> = axis.ticks_beside().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts.join(", "), expected);
    }
    let axis = Axis { range: Some((0.1, 10.0)), ..Axis::new(Scale::Log, "", "") }.drawn(100.0, 0.0);
    assert_eq!([0.01, 1.0, 1e9].map(|value| axis.at(value).round()), [100.0, 50.0, 0.0]);
}
