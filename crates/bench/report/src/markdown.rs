//! Markdown as GitHub shows it. Cells of tables are not padded: a figure with one digit more would change every line of
//! its table.

use std::fmt::{self, Display};

/// A table whose columns after the first are aligned right.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: impl IntoIterator<Item = String>) -> Self {
        Table { head: head.into_iter().collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect());
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.head.join(" | "))?;
        writeln!(f, "| ---{} |", " | ---:".repeat(self.head.len() - 1))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}

/// Folded text; nothing where there is none.
pub fn details(summary: &str, text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    // No Markdown is seen within the tag.
    let words = summary.split('`').enumerate();
    let summary: String = words
        .map(|(i, word)| if i % 2 == 1 { format!("<code>{word}</code>") } else { word.to_owned() })
        .collect();
    format!("\n\n<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>\n\n", text.trim())
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [item] => item.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_unpadded_and_escaped() {
        let mut table = Table::new(["a".to_owned(), "b".to_owned()]);
        table.row(["x|y".to_owned(), "1".to_owned()]);
        assert_eq!(table.to_string(), "| a | b |\n| --- | ---: |\n| x\\|y | 1 |\n");
        assert_eq!(list(&["a", "b", "c"].map(str::to_owned)), "a, b and c");
    }
}
