//! One figure has the same digits on every page that shows it, and is of one measure there.

use std::fs;
use std::path::Path;

use behaviour_tests::root;

/// The rows of all tables of a page, with the cells of the table's head before each.
fn rows(page: &Path) -> Vec<(Vec<String>, Vec<String>)> {
    let text = fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let (mut head, mut rows): (Vec<String>, _) = (Vec::new(), Vec::new());
    // A section of its own has another server's figures.
    for line in text.lines().take_while(|line| !line.starts_with("## Databases (")) {
        let cells: Vec<String> = line.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect();
        match cells.is_empty() {
            true => head.clear(),
            false if head.is_empty() => head = cells,
            false => rows.push((head.clone(), cells)),
        }
    }
    rows
}

/// The cell of the first row of this name that has such a column, without its number of runs.
fn cell(rows: &[(Vec<String>, Vec<String>)], row: &str, column: &str) -> Option<String> {
    rows.iter().filter(|(_, cells)| cells[0] == row).find_map(|(head, cells)| {
        let place = head.iter().position(|name| name.starts_with(column))?;
        cells[place].split(" (n").next().map(str::to_owned)
    })
}

#[test]
fn two_pages_that_show_one_figure_show_the_same_digits() {
    let mut compared = 0;
    let mut same = |one: Option<String>, other: &str, what: &str| {
        compared += 1;
        assert_eq!(one.as_deref(), Some(other), "{what}");
    };
    for folder in fs::read_dir(root().join("results")).expect("results").map(|entry| entry.unwrap().path()) {
        let machine = folder.display();
        for workload in
            ["db", "web", "prices"].iter().filter(|name| folder.join(format!("{name}.md")).exists())
        {
            let page = rows(&folder.join(format!("{workload}.md")));
            for (head, cells) in rows(&folder.join("README.md")).iter().filter(|(head, _)| head[0] == "model")
            {
                let program = match cells[0].as_str() {
                    "threaded, all at once" => continue, // its number of threads is in its name
                    model => format!("`{workload}-{model}`"),
                };
                let shown = head.iter().position(|name| name.starts_with(&format!("[{workload}]")));
                let shown = shown.and_then(|place| cells[place].split_once(" / "));
                if let Some((wall, memory)) = shown {
                    same(cell(&page, &program, "wall, s"), wall, &format!("{machine}: {program}"));
                    same(cell(&page, &program, "memory, MiB"), memory, &format!("{machine}: {program}"));
                }
            }
            // What differs from the reference in one thing stands in both tables of the page.
            for (_, cells) in page.iter().filter(|(head, _)| head[0] == "change") {
                if let Some(other) = cells[1].strip_prefix("tokio → ") {
                    let program = format!("`{workload}-{other}`");
                    same(cell(&page, &program, "÷ "), &cells[2], &format!("{machine}: {program}"));
                }
            }
        }
    }
    assert!(compared > 40, "{compared} figures");
}
