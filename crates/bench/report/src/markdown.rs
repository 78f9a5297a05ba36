//! Markdown as GitHub shows it. Cells of tables are not padded: a figure with one digit more would change every line of
//! its table.

/// A table whose columns after the first are aligned right.
pub fn table(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = format!("| ---{} |\n", " | ---:".repeat(head.len() - 1));
    let cell = |cell: String| cell.replace('|', "\\|").replace('\n', " ");
    let rows = rows.map(|cells| line(cells.into_iter().map(cell).collect()));
    line(head) + &rule + &rows.collect::<String>()
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
        let words = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        let table = table(words(["a", "b"]), [words(["x|y", "1"])].into_iter());
        assert_eq!(table, "| a | b |\n| --- | ---: |\n| x\\|y | 1 |\n");
        assert_eq!(list(&["a", "b", "c"].map(str::to_owned)), "a, b and c");
    }
}
