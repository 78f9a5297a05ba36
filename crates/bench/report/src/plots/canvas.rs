//! A page of SVG: its size, its colours in both schemes, and what is drawn on it.
//!
//! Colours are classes, so that one rule under `prefers-color-scheme: dark` turns them all. The page has a background of
//! its own: a reader whose site is dark and whose system is light can read it too.

use std::collections::BTreeMap;

use bench_data::workload::Model;
use svg::{
    Document, Node,
    node::element::{self, Path, Rectangle, Style, Title},
};

use super::marker::{self, px};

/// Width in units of the drawing. Pages show it at this many pixels, or less where the screen is narrow.
pub const WIDTH: f64 = 480.0;

/// Size of all text but the heading: 11.2 px where GitHub on a phone leaves 358 px for a picture.
pub const TEXT: f64 = 15.0;

/// Size of the heading.
pub const HEADING: f64 = 16.0;

/// Height of a line of text.
pub const LINE: f64 = 20.0;

/// Room at the edges.
pub const MARGIN: f64 = 10.0;

/// Class, colour in the light scheme, colour in the dark one.
pub(super) const COLORS: [(&str, &str, &str); 4] = [
    ("page", "#ffffff", "#0d1117"),
    ("ink", "#1f2328", "#e6edf3"),
    ("muted", "#57606a", "#9da7b3"),
    ("grid", "#d0d7de", "#30363d"),
];

/// Where a text is tied to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Name of its file without `.svg`: `db-wall`.
    pub name: String,
    /// The picture.
    pub svg: String,
    /// What is seen on it, with the figures.
    pub alt: String,
}

/// A drawing that grows downwards.
pub struct Canvas {
    nodes: Vec<Box<dyn Node>>,
    /// Colours of the models that are drawn.
    models: BTreeMap<String, (String, String)>,
    /// Where the next thing may begin.
    pub top: f64,
}

impl Canvas {
    /// Starts with a heading and notes under it, which say how to read it.
    pub fn new(heading: &str, notes: &[&str]) -> Self {
        let mut canvas = Canvas { nodes: Vec::new(), models: BTreeMap::new(), top: MARGIN };
        for line in wrap(heading, (WIDTH - 2.0 * MARGIN) * TEXT / HEADING / 1.06) {
            canvas.top += LINE;
            let text = element::Text::new(line).set("class", "ink").set("font-size", HEADING);
            canvas.add(text.set("font-weight", 600).set("x", MARGIN).set("y", canvas.top - 5.0));
        }
        for line in wrap(&notes.join(" "), WIDTH - 2.0 * MARGIN) {
            canvas.top += LINE;
            canvas.text(&line, (MARGIN, canvas.top - 5.0), Anchor::Start, "muted");
        }
        canvas.top += 4.0;
        canvas
    }

    /// Text whose base line begins, has its middle or ends at a point.
    pub fn text(&mut self, text: &str, (x, y): (f64, f64), anchor: Anchor, class: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let node = element::Text::new(text).set("class", class).set("text-anchor", anchor);
        self.add(node.set("x", px(x)).set("y", px(y)));
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f64, f64)], class: &str, width: f64, dashes: &str) {
        let line = self.path(points).set("class", class).set("fill", "none").set("stroke", "currentColor");
        let line = line.set("stroke-width", width).set("stroke-linejoin", "round");
        self.add(if dashes.is_empty() { line } else { line.set("stroke-dasharray", dashes) });
    }

    /// A closed area.
    pub fn area(&mut self, points: &[(f64, f64)], class: &str) {
        self.add(self.path(points).set("class", class).set("fill", "currentColor"));
    }

    /// A rectangle; hollow: its outline.
    pub fn bar(&mut self, (left, top): (f64, f64), (width, height): (f64, f64), class: &str, hollow: bool) {
        let bar = Rectangle::new().set("class", class).set("x", px(left)).set("y", px(top));
        let bar = bar.set("width", px(width.max(1.0))).set("height", px(height));
        self.add(match hollow {
            true => bar.set("fill", "none").set("stroke", "currentColor").set("stroke-width", 1.5),
            false => bar.set("fill", "currentColor"),
        });
    }

    /// The marker of a model, about `size` wide; hollow: Python.
    pub fn marker(&mut self, model: &Model, at: (f64, f64), size: f64, hollow: bool) {
        let class = self.class(model);
        let path = Path::new().set("d", marker::path(model.marker, at, size));
        let path = path.set("class", class.as_str()).set("stroke-linejoin", "round");
        self.add(match hollow {
            true => path.set("fill", "none").set("stroke", "currentColor").set("stroke-width", 1.6),
            false => path.set("fill", "currentColor").set("class", format!("{class} seam")),
        });
    }

    /// A round dot.
    pub fn dot(&mut self, model: &Model, (x, y): (f64, f64), radius: f64) {
        let class = self.class(model);
        let dot = element::Circle::new().set("cx", px(x)).set("cy", px(y)).set("r", radius);
        self.add(dot.set("class", format!("{class} seam")).set("fill", "currentColor"));
    }

    /// A cross where something ends that did not finish.
    pub fn cross(&mut self, (x, y): (f64, f64), class: &str) {
        for slope in [-1.0, 1.0] {
            self.line(&[(x - 5.0, y - 5.0 * slope), (x + 5.0, y + 5.0 * slope)], class, 2.2, "");
        }
    }

    /// The class of a model's colour.
    pub fn class(&mut self, model: &Model) -> String {
        let class = format!("m-{}", model.name);
        self.models.insert(class.clone(), (model.light.clone(), model.dark.clone()));
        class
    }

    /// The finished picture; its height is what was used.
    pub fn finish(self, name: String, alt: String) -> Plot {
        let height = (self.top + MARGIN).ceil();
        let fonts =
            "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";
        let page = Rectangle::new().set("class", "page").set("width", WIDTH).set("height", height);
        let mut document = Document::new()
            .set("viewBox", (0.0, 0.0, WIDTH, height))
            .set("width", WIDTH)
            .set("height", height)
            .set("role", "img")
            .set("font-family", fonts)
            .set("font-size", TEXT)
            .add(Title::new(alt.as_str()))
            .add(Style::new(style(&self.models)))
            .add(page.set("fill", "currentColor").set("rx", 6));
        for node in self.nodes {
            document.append(node);
        }
        Plot { name, svg: format!("{document}\n"), alt }
    }

    fn path(&self, points: &[(f64, f64)]) -> Path {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{} {}", px(*x), px(*y))).collect();
        Path::new().set("d", format!("M{}", points.join(" L")))
    }

    fn add(&mut self, node: impl Into<Box<dyn Node>>) {
        self.nodes.push(node.into());
    }
}

fn style(models: &BTreeMap<String, (String, String)>) -> String {
    let models = models.iter().map(|(class, (light, dark))| (class.as_str(), light.as_str(), dark.as_str()));
    let rules = COLORS.into_iter().chain(models);
    let (mut light_rules, mut dark_rules) = ("text{fill:currentColor}\n".to_owned(), String::new());
    for (class, light, dark) in rules {
        if class == "page" {
            // Keeps what lies on something else apart from it.
            light_rules += &format!(".seam{{stroke:{light};stroke-width:1}}\n");
            dark_rules += &format!(".seam{{stroke:{dark}}}\n");
        }
        light_rules += &format!(".{class}{{color:{light}}}\n");
        dark_rules += &format!(".{class}{{color:{dark}}}\n");
    }
    format!("\n{light_rules}@media (prefers-color-scheme:dark){{\n{dark_rules}}}\n")
}

/// Width of a text in units, as in DejaVu Sans, which is the widest that readers have.
pub fn width(text: &str) -> f64 {
    let part = |c: char| match c {
        'i' | 'j' | 'l' | '|' | '\'' | ' ' | '.' | ',' | ':' => 0.32,
        'f' | 't' | 'r' | '(' | ')' | '-' | '/' => 0.40,
        'm' | 'M' | 'w' | 'W' | '%' => 0.97,
        '×' | '←' | '→' | '↓' | '↑' | '–' | '÷' => 0.84,
        'A'..='Z' => 0.70,
        _ => 0.62,
    };
    TEXT * text.chars().map(part).sum::<f64>()
}

/// Breaks a text at blanks into lines that are not wider than `most`.
fn wrap(text: &str, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + width(word) + width(" ") <= most => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_at_blanks() {
        let lines = wrap("one two three four", width("one two thr"));
        assert_eq!(lines, ["one two", "three four"]);
    }
}
