//! One figure has the same digits on every page that shows it, and is of one measure there.

use std::path::Path;

use behaviour_tests::root;
use bench_data::files;

/// A row of a table: each cell after the head of its column.
type Row = Vec<(String, String)>;

/// The rows of all tables of a page.
fn rows(page: &Path) -> Vec<Row> {
    let text = files::text(page).unwrap_or_else(|error| panic!("{error:#}"));
    let (mut head, mut rows): (Vec<String>, _) = (Vec::new(), Vec::new());
    // A section of its own has another server's figures.
    for line in text.lines().take_while(|line| !line.starts_with("## Databases (")) {
        let cells: Vec<String> = line.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect();
        match cells.is_empty() {
            true => head.clear(),
            false if head.is_empty() => head = cells,
            false => rows.push(head.iter().cloned().zip(cells).collect()),
        }
    }
    rows
}

/// A row's cell in such a column, without its number of runs.
fn cell<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    let (_, cell) = row.iter().find(|(head, _)| head.starts_with(column))?;
    cell.split(" (n").next()
}

#[test]
fn two_pages_that_show_one_figure_show_the_same_digits() {
    let mut compared = 0;
    for folder in files::folders(&root().join("results")).expect("results") {
        let pages = ["db", "web", "prices"].map(|workload| (workload, folder.join(format!("{workload}.md"))));
        for (workload, path) in pages.iter().filter(|(_, path)| path.exists()) {
            let page = rows(path);
            let mut same = |model: &str, column: &str, shown: &str| {
                compared += 1;
                let program = format!("`{workload}-{model}`");
                let on_page = page.iter().filter(|row| row[0].1 == program).find_map(|row| cell(row, column));
                assert_eq!(on_page, Some(shown), "{}: {program}: {column}", path.display());
            };
            for row in rows(&folder.join("README.md")).iter().filter(|row| row[0].0 == "model") {
                let model = &row[0].1;
                let shown = cell(row, &format!("[{workload}]")).and_then(|cell| cell.split_once(" / "));
                // With all at once, the number of threads is in its name.
                if let Some((wall, memory)) = shown.filter(|_| model != "threaded, all at once") {
                    same(model, "wall, s", wall);
                    same(model, "memory, MiB", memory);
                }
            }
            // What differs from the reference in one thing stands in both tables of the page.
            for row in page.iter().filter(|row| row[0].0 == "change") {
                if let Some(other) = row[1].1.strip_prefix("tokio → ") {
                    same(other, "÷ ", &row[2].1);
                }
            }
        }
    }
    assert!(compared > 40, "{compared} figures");
}
