//! `compare BASE NEW`.

use crate::folder::{Results, refused, run, stdout};

fn compare(base: &Results, new: &Results) -> String {
    stdout(&run(["compare", &base.text(), &new.text()]))
}

/// The paragraphs above the first heading of the second level.
fn top(text: &str) -> &str {
    text.split("\n## ").next().unwrap()
}

#[test]
fn the_same_results_do_not_differ() {
    let (base, new) = (Results::new(), Results::new());
    base.sittings(5, 0.01);
    new.sittings(5, 0.01);
    let text = compare(&base, &new);
    assert!(text.contains("The programs are of the same commit"), "{text}");
    assert!(top(&text).contains("7 ratios, none differs.**"), "{text}");
    assert!(top(&text).contains("All facts of machine, tools and crates are the same."), "{text}");
    assert!(!text.contains("What differs") && !text.contains("only in"), "{text}");
}

#[test]
fn a_program_slowed_by_ten_percent_is_flagged_and_nothing_else() {
    let (base, new) = (Results::new(), Results::new());
    base.sittings(5, 0.01);
    // On a day that is slower for all.
    new.sittings(5, 0.03);
    for sitting in 1..=5 {
        new.rounds(sitting, |_, slug, wall| if slug == "db-compio" { 1.1 * wall } else { wall });
    }
    let text = compare(&base, &new);
    assert!(top(&text).contains("ratios, 1 differs: `db-compio` in db.**"), "{text}");
    let differing = text.split("## What differs").nth(1).unwrap().split("## ").next().unwrap();
    assert_eq!(differing.lines().filter(|line| line.starts_with("| `")).count(), 1, "{differing}");
    assert!(differing.contains("1.1") && differing.contains("`db-tokio`"), "{differing}");
    let faster = compare(&new, &base);
    assert!(top(&faster).contains("ratios, 1 differs: `db-compio` in db.**"), "{faster}");
}

#[test]
fn fewer_sittings_have_ratios_and_no_verdict() {
    let (base, new) = (Results::new(), Results::new());
    base.sittings(5, 0.01);
    new.sittings(4, 0.01);
    new.rounds(1, |_, slug, wall| if slug == "db-compio" { 2.0 * wall } else { wall });
    let text = compare(&base, &new);
    let verdict = "it takes 5 sittings on both sides; base has 5 and new has 4.**";
    assert!(top(&text).contains("No verdict is possible") && top(&text).contains(verdict), "{text}");
    assert!(text.contains("| `db-compio` | db | `db-tokio` | 0.97"), "{text}");
}

#[test]
fn studies_are_compared_too() {
    let text = compare(&Results::new(), &Results::new());
    for key in ["db", "sleep-1000", "scale-db-1000", "faults-db-hang", "network-db-50ms"] {
        assert!(text.contains(&format!("<summary>{key}: ")), "{key}: {text}");
    }
}

#[test]
fn what_differs_in_commits_facts_and_packages_is_at_the_top() {
    let (base, new) = (Results::new(), Results::new());
    new.edit("raw/db/sitting-1/facts.toml", |text| {
        text.replace("PyMySQL==1.2.4", "PyMySQL==1.2.5").replacen("commit = \"", "commit = \"f", 1)
    });
    new.edit("machine.toml", |text| text.replace("cpus = 2", "cpus = 4"));
    let text = compare(&base, &new);
    let top = top(&text);
    assert!(top.lines().nth(2).unwrap().starts_with("The programs are of different commits"), "{top}");
    assert!(top.contains("| CPUs | 2 | 4 |"), "{top}");
    assert!(
        top.contains("| tool python packages | – | PyMySQL==1.2.5 |") && !top.contains("records"),
        "{top}"
    );
}

#[test]
fn what_one_side_has_alone_is_a_line() {
    let (base, new) = (Results::new(), Results::new());
    std::fs::remove_dir_all(new.path().join("raw/prices")).unwrap();
    std::fs::write(new.path().join("raw/db/db-compio/status.txt"), "skipped: no io_uring\n").unwrap();
    let text = compare(&base, &new);
    assert!(text.contains("With figures only in base: all of prices; `db-compio` of db.\n"), "{text}");
    assert!(!text.contains("only in new"), "{text}");
}

#[test]
fn other_workloads_do_not_compare() {
    let (base, new) = (Results::new(), Results::new());
    new.edit("raw/db/workload.toml", |text| text.replacen("latency_s = 0.1", "latency_s = 0.2", 1));
    let output = run(["compare", &base.text(), &new.text()]);
    refused(
        &output,
        &["different workloads do not compare", "db has 500 items of 0.1 s in base and 500 of 0.2 s in new"],
    );
}
