//! Markdown tables. Their cells are not padded, as table crates do it: a figure with one digit more
//! would change every line of its table.

use std::fmt::{self, Display};

/// A table; the first column is text, the others are figures.
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

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn unpadded_and_escaped() {
        let mut table = Table::figures(["a", "b"]);
        table.row(["x|y"]);
        assert_eq!(table.to_string(), "| a | b |\n| --- | ---: |\n| x\\|y |  |\n");
    }
}
