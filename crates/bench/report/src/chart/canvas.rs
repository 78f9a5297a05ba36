//! A page of SVG that grows downwards.
//!
//! Colours are classes, so that one rule under `prefers-color-scheme: dark` turns them all. The page has a background of
//! its own: a reader whose site is dark and whose system is light can read it too.

use std::collections::BTreeMap;

use super::{Series, marker::px};

/// Width in units of the drawing. Pages show it at this many pixels, or less where the screen is narrow.
pub const WIDTH: f64 = 480.0;
/// Size of all text: 11.2 px where GitHub on a phone leaves 358 px for a picture.
pub const TEXT: f64 = 15.0;
pub const LINE: f64 = 20.0;
pub const MARGIN: f64 = 10.0;

/// Class, colour in the light scheme, colour in the dark one.
pub const COLORS: [(&str, &str, &str); 4] = [
    ("page", "#ffffff", "#0d1117"),
    ("ink", "#1f2328", "#e6edf3"),
    ("muted", "#57606a", "#9da7b3"),
    ("grid", "#d0d7de", "#30363d"),
];

const FONTS: &str =
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

/// A seam keeps apart what overlaps.
const STYLES: &str = "\
text,.fill{fill:currentColor}
.line,.thin,.lead,.hollow{fill:none;stroke:currentColor;stroke-linejoin:round}
.line{stroke-width:2}
.hollow{stroke-width:1.6}
.lead{stroke-dasharray:1 3}
.dash{stroke-dasharray:5 3}
";

pub struct Canvas {
    body: String,
    /// Where the next thing may begin.
    pub top: f64,
}

impl Canvas {
    pub fn new(heading: &str, notes: &str) -> Self {
        let mut canvas = Canvas { body: String::new(), top: MARGIN };
        // Bold letters are wider.
        for (text, wider, class) in [(heading, 1.1, "ink heading"), (notes, 1.0, "muted")] {
            for line in wrap(text, (WIDTH - 2.0 * MARGIN) / wider) {
                canvas.top += LINE;
                canvas.text(&line, (MARGIN, canvas.top - 5.0), "start", class);
            }
        }
        canvas.top += 4.0;
        canvas
    }

    /// Text whose base line has its `start`, its `middle` or its `end` at a point.
    pub fn text(&mut self, text: &str, (x, y): (f64, f64), anchor: &str, class: &str) {
        if text.is_empty() {
            return;
        }
        let (x, y, text) = (px(x), px(y), escape(text));
        self.body +=
            &format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>\n");
    }

    pub fn path(&mut self, class: &str, path: &str) {
        self.body += &format!("<path class=\"{class}\" d=\"{path}\"/>\n");
    }

    /// The finished picture; its height is what was used, its colours those of the series that are drawn.
    pub fn finish(self, alt: &str, series: &[Series]) -> String {
        let height = (self.top + MARGIN).ceil();
        let drawn = series.iter().filter(|series| !series.marks.is_empty());
        let models: BTreeMap<_, _> =
            drawn.filter_map(|series| Some((series.class(), series.model.as_ref()?))).collect();
        let models = models.iter().map(|(class, model)| (class.as_str(), &*model.light, &*model.dark));
        let (mut light_rules, mut dark_rules) = (String::new(), String::new());
        for (class, light, dark) in COLORS.into_iter().chain(models) {
            light_rules += &format!(".{class}{{color:{light}}}\n");
            dark_rules += &format!(".{class}{{color:{dark}}}\n");
        }
        let (_, light, dark) = COLORS[0];
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" font-family=\"{FONTS}\" font-size=\"{TEXT}\">\n\
             <title>{}</title>\n\
             <style>\n{STYLES}.heading{{font-weight:600}}\n.seam{{stroke:{light}}}\n{light_rules}\
             @media (prefers-color-scheme:dark){{\n.seam{{stroke:{dark}}}\n{dark_rules}}}\n</style>\n\
             <path class=\"fill page\" d=\"M0 0H{WIDTH}V{height}H0Z\"/>\n{}</svg>\n",
            escape(alt),
            self.body
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
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
