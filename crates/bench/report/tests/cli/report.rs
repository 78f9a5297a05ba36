//! `report FOLDER`.

use std::fs;

use crate::folder::{Results, files, fixture, refused, stdout};

/// Generated pages and tables of the recorded results. Plots have tests of their own.
const PAGES: [&str; 8] = [
    "README.md",
    "db.md",
    "sleep.md",
    "prices.md",
    "scale.md",
    "faults.md",
    "network.md",
    "measurements.csv",
];

#[test]
fn raw_files_give_the_committed_pages_and_the_same_bytes_again() {
    let results = Results::new();
    stdout(&results.report());
    for page in PAGES {
        let committed = fs::read_to_string(fixture().join(page)).unwrap();
        let made = results.read(page);
        let differs = committed.lines().zip(made.lines()).find(|(old, new)| old != new);
        assert!(
            committed == made,
            "{page}: {differs:?}; if that is meant: bench-report report crates/bench/report/tests/fixtures/machine"
        );
    }
    let first = files(&results.path());
    stdout(&results.report());
    assert_eq!(first, files(&results.path()));
    stdout(&results.check());
}

#[test]
fn check_names_the_first_difference_and_writes_nothing() {
    let results = Results::new();
    refused(&results.check(), &["cannot read", "README.md"]);
    stdout(&results.report());
    results.edit("db.md", |text| text.replacen("0.139", "0.138", 1));
    let before = files(&results.path());
    refused(&results.check(), &["db.md line ", "is stale", "0.138", "make report"]);
    assert_eq!(before, files(&results.path()));
    stdout(&results.report());
    fs::write(results.path().join("plots/old.svg"), "").unwrap();
    refused(&results.check(), &["old.svg would not be made"]);
    stdout(&results.report());
    stdout(&results.check());
    assert!(!results.path().join("plots/old.svg").exists(), "what is not made any more goes");
}

#[test]
fn links_pictures_and_anchors_lead_somewhere() {
    let results = Results::new();
    stdout(&results.report());
    for page in PAGES.iter().filter(|page| page.ends_with(".md")) {
        let text = results.read(page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page } else { file };
            assert!(results.path().join(target).is_file(), "{page}: {link}");
            let anchors = results
                .read(target)
                .lines()
                .filter(|line| line.starts_with("##"))
                .map(anchor_of)
                .collect::<Vec<_>>();
            assert!(
                anchor.is_empty() || anchors.contains(&anchor.to_owned()),
                "{page}: {link} of {anchors:?}"
            );
        }
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        for table in text.split("\n\n").filter(|part| part.starts_with("| ")) {
            let counts: Vec<usize> = table.lines().filter(|line| line.starts_with('|')).map(cells).collect();
            assert!(counts.windows(2).all(|pair| pair[0] == pair[1]), "{page}: {table}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "{page}");
    }
}

/// As GitHub makes it: no marks but `-` and `_`.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    text.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

#[test]
fn the_answer_is_what_the_intervals_say() {
    let results = Results::new();
    let page = results.page("README.md");
    let answer =
        "Fastest, and not told apart from each other: `db-tokio-mini` (0.132 s) and `db-compio` (0.135 s).";
    assert!(page.contains(answer), "{page}");
    assert!(page.contains("No verdict on the fastest: a verdict takes 8 rounds, and there are 5."), "{page}");
    // Without its compio, mini is alone; and one that is slower by 20 % is named no more.
    results.rounds(1, |_, slug, wall| if slug == "db-compio" { 1.2 * wall } else { wall });
    let page = results.page("README.md");
    assert!(
        page.contains(
            "Fastest: `db-tokio-mini` with 0.132 s, 0.925 [0.909, 0.962] times as long as `db-tokio`."
        ),
        "{page}"
    );
    results.rounds(1, |_, slug, wall| if slug.starts_with("db-tokio-mini") { 1.2 * wall } else { wall });
    let page = results.page("README.md");
    assert!(page.contains("Fastest: `db-tokio` with 0.139 s."), "{page}");
}

#[test]
fn a_row_that_ran_once_has_no_verdict_and_no_false_precision() {
    let page = Results::new().page("db.md");
    assert!(page.contains("| `db-sequential` | 50.8 | ≈ 365 | 1.02 | 1 |"), "{page}");
    assert!(page.contains("`db-sequential` ran once and has no verdict"), "{page}");
}

#[test]
fn parts_of_different_days_say_so() {
    let results = Results::new();
    let mark = "Its parts were measured on different days or commits";
    assert!(!results.page("sleep.md").contains(mark));
    assert!(results.read("scale.md").contains("How it grows: db"));
    let elsewhere = |text: String| text.replacen("commit = \"", "commit = \"0", 1);
    for key in ["sleep-2", "scale-db-100", "network-db-50ms"] {
        results.edit(&format!("raw/{key}/sitting-1/facts.toml"), elsewhere);
    }
    assert!(results.page("sleep.md").contains(mark));
    let scale = results.read("scale.md");
    assert!(
        scale.contains(mark) && !scale.contains("How it grows: db") && scale.contains("How it grows: sleep")
    );
    let network = results.read("network.md");
    assert!(!network.contains("All at once pays the same"), "{network}");
    assert!(network.contains("| `db-sequential` | 2.033 | 6.047 | – | 4 |"), "{network}");
}
