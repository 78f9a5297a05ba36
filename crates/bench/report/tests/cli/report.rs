//! `report FOLDER`.

use std::fs;

use crate::folder::{Results, files, fixture, refused, run, stdout};

#[test]
fn raw_files_give_the_committed_pages_and_the_same_bytes_again() {
    let results = Results::new();
    stdout(&run(["report", &results.text()]));
    for page in [
        "README.md",
        "db.md",
        "sleep.md",
        "prices.md",
        "scale.md",
        "faults.md",
        "network.md",
        "measurements.csv",
    ] {
        let committed = fs::read_to_string(fixture().join(page)).unwrap();
        let made = results.read(page);
        let differs = committed.lines().zip(made.lines()).find(|(old, new)| old != new);
        assert!(
            committed == made,
            "{page}: {differs:?}; if that is meant: bench-report report crates/bench/report/tests/fixtures/machine"
        );
        let tables = made.split("\n\n").filter(|part| part.starts_with("| "));
        for table in tables {
            let cells = |line: &str| line.replace("\\|", "").matches('|').count();
            let counts: Vec<usize> = table.lines().filter(|line| line.starts_with('|')).map(cells).collect();
            assert!(counts.windows(2).all(|pair| pair[0] == pair[1]), "{page}: {table}");
        }
        assert_eq!(made.matches("<details>").count(), made.matches("</details>").count(), "{page}");
    }
    let first = files(&results.path());
    stdout(&run(["report", &results.text()]));
    assert_eq!(first, files(&results.path()));
    stdout(&run(["report", "--check", &results.text()]));
}

#[test]
fn check_names_the_first_difference_and_writes_nothing() {
    let results = Results::new();
    let check = || run(["report", "--check", &results.text()]);
    refused(&check(), &["cannot read", "README.md"]);
    results.page("db.md");
    results.edit("db.md", |text| text.replacen("0.139", "0.138", 1));
    let before = files(&results.path());
    refused(&check(), &["db.md line ", "is stale", "0.138", "make report"]);
    assert_eq!(before, files(&results.path()));
    fs::write(results.path().join("plots/old.svg"), "").unwrap();
    results.page("db.md");
    stdout(&check());
    assert!(!results.path().join("plots/old.svg").exists(), "generated files of before go");
}

#[test]
fn unusable_raw_files_are_named_and_nothing_is_written() {
    let half = |text: String| text[..text.len() / 2].to_owned();
    let old = |text: String| text.replace("version = 2", "version = 1");
    let fibers = |text: String| text.replace("model = \"compio\"", "model = \"fibers\"");
    type Change = fn(String) -> String;
    let changes: [(&str, Change, &[&str]); 6] = [
        ("machine.toml", half, &["machine.toml"]),
        ("machine.toml", old, &["machine.toml", "version", "measure again"]),
        ("raw/db/workload.toml", half, &["workload.toml"]),
        ("raw/db/workload.toml", fibers, &["db-compio", "\"fibers\"", "bench.toml"]),
        ("raw/db/sitting-1/facts.toml", half, &["facts.toml"]),
        ("raw/db/sitting-1/rounds.csv", half, &["rounds.csv"]),
    ];
    for (name, change, words) in changes {
        let (good, bad) = (Results::new(), Results::new());
        bad.edit(name, change);
        let before = files(&bad.path());
        refused(&run(["report", &good.text(), &bad.text()]), words);
        assert_eq!(before, files(&bad.path()), "{name}");
        assert!(!good.path().join("README.md").exists(), "{name}");
    }
    let other = Results::new().path().with_file_name("machin");
    refused(&run(["report", other.to_str().unwrap()]), &["no machine.toml"]);
}

#[test]
fn figures_of_different_programs_make_no_slope() {
    let results = Results::new();
    assert!(results.page("network.md").contains("round trips, slope"));
    results.edit("raw/network-db-50ms/sitting-1/facts.toml", |text| {
        text.replacen("commit = \"", "commit = \"0", 1)
    });
    assert!(!results.page("network.md").contains("round trips, slope"));
}

#[test]
fn sittings_stand_side_by_side_and_disturbed_rounds_are_counted() {
    let results = Results::new();
    assert!(!results.page("db.md").contains("Every sitting"));
    results.sittings(5, 0.02);
    results.edit("raw/db/sitting-1/rounds.csv", |text| {
        text.replacen(",,,1\n", ",4.0,2.5,3\n", 1).replacen(",,,1\n", ",0.1,0.0,2\n", 1)
    });
    results.edit("raw/db/sitting-1/facts.toml", |text| text.replace("busy = false", "busy = true"));
    let page = results.page("db.md");
    assert!(page.contains("Every sitting") && page.contains("| `db-tokio-mini` | 5 | 0."), "{page}");
    assert!(
        page.contains(" timed runs: 1 repeated because something else used the CPUs, 1 disturbed"),
        "{page}"
    );
    assert!(page.contains("**Measured on a busy machine: `db`."), "{page}");
}

#[test]
fn a_part_alone_and_rows_that_were_skipped_make_pages() {
    let keys: Vec<_> =
        fs::read_dir(fixture().join("raw")).unwrap().map(|item| item.unwrap().file_name()).collect();
    for key in &keys {
        let results = Results::new();
        for other in keys.iter().filter(|other| *other != key) {
            fs::remove_dir_all(results.path().join("raw").join(other)).unwrap();
        }
        results.page("README.md");
        let group = results.path().join("raw").join(key);
        for row in fs::read_dir(&group).unwrap().map(|item| item.unwrap().path()) {
            match row.join("facts.toml").exists() {
                true => drop(fs::remove_file(row.join("rounds.csv"))),
                false if row.is_dir() => fs::write(row.join("status.txt"), "skipped: no io_uring\n").unwrap(),
                false => {}
            }
        }
        results.page("README.md");
    }
}
