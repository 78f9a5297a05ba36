//! Markdown as GitHub shows it. Cells of tables are not padded: a figure with one digit more would change every line of
//! its table.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

/// A table.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    figures: bool,
}

impl Table {
    /// A table whose columns after the first are aligned right.
    pub fn figures<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        Table { head: head.into_iter().map(Into::into).collect(), rows: Vec::new(), figures: true }
    }

    /// A table of words, aligned left.
    pub fn words<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        Table { figures: false, ..Self::figures(head) }
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row; it is filled up with empty cells.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut cells: Vec<String> = cells.into_iter().map(|cell| escape(&cell.into())).collect();
        cells.resize(self.head.len(), String::new());
        self.rows.push(cells);
    }
}

fn escape(cell: &str) -> String {
    cell.replace('|', "\\|").replace('\n', " ")
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = |i: usize| if self.figures && i > 0 { "---:" } else { "---" };
        writeln!(f, "| {} |", self.head.join(" | "))?;
        writeln!(f, "| {} |", (0..self.head.len()).map(rule).collect::<Vec<_>>().join(" | "))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}

/// Folded text; nothing where there is none.
pub fn details(summary: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("\n<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>\n", text.trim())
}

/// Bullets, then an empty line; nothing where there are none.
pub fn bullets(sentences: impl IntoIterator<Item = String>) -> String {
    let text: String = sentences.into_iter().map(|sentence| format!("- {sentence}\n")).collect();
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// Links to the headings of the second and third level in `text`, one per line.
pub fn contents(text: &str) -> String {
    let mut seen = BTreeMap::new();
    let mut contents = String::new();
    for line in text.lines().filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim();
        let anchor = anchor(title, &mut seen);
        match line.len() - line.trim_start_matches('#').len() {
            2 => contents += &format!("- [{title}](#{anchor})\n"),
            3 => contents += &format!("  - [{title}](#{anchor})\n"),
            _ => {}
        }
    }
    contents
}

/// The anchor that GitHub gives a heading; the second of the same name gets a number.
fn anchor(title: &str, seen: &mut BTreeMap<String, u32>) -> String {
    let kept = title.to_lowercase().replace(' ', "-");
    let kept: String = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
    let times = seen.entry(kept.clone()).or_insert(0);
    *times += 1;
    if *times == 1 { kept } else { format!("{kept}-{}", *times - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_unpadded_and_escaped() {
        let mut table = Table::figures(["a", "b"]);
        table.row(["x|y"]);
        assert_eq!(table.to_string(), "| a | b |\n| --- | ---: |\n| x\\|y |  |\n");
    }

    #[test]
    fn contents_have_githubs_anchors() {
        let text = "# Page\n## Databases (MariaDB)\n### 1 % hang\ntext\n## Time\n## Time\n";
        assert_eq!(
            contents(text),
            "- [Databases (MariaDB)](#databases-mariadb)\n  - [1 % hang](#1--hang)\n- [Time](#time)\n- [Time](#time-1)\n"
        );
    }
}
