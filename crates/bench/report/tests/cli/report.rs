//! `report FOLDER`.

use std::fs;

use crate::{Results, contains, files, fixture, refused, root, run_in, stdout};

#[test]
fn raw_files_give_the_committed_pages_and_the_same_bytes_again() {
    let results = Results::new();
    stdout(&results.report(&[]));
    for (path, committed) in files(&fixture()) {
        let page = path.strip_prefix(fixture()).unwrap().to_str().unwrap();
        let (committed, made) = (String::from_utf8(committed).unwrap(), results.read(page));
        let differs = committed.lines().zip(made.lines()).find(|(old, new)| old != new);
        assert!(
            committed == made,
            "{page}: {differs:?}; if that is meant: bench-report report crates/bench/report/tests/fixtures/machine"
        );
        for table in made.split("\n\n").filter(|part| part.starts_with("| ")) {
            let cells = |line: &str| line.replace("\\|", "").matches('|').count();
            let counts: Vec<usize> = table.lines().filter(|line| line.starts_with('|')).map(cells).collect();
            assert!(counts.windows(2).all(|pair| pair[0] == pair[1]), "{page}: {table}");
        }
        assert_eq!(made.matches("<details>").count(), made.matches("</details>").count(), "{page}");
    }
    let first = files(&results.path());
    stdout(&results.report(&[]));
    assert_eq!(first, files(&results.path()));
    stdout(&results.report(&["--check"]));
}

#[test]
fn check_names_the_first_difference_and_writes_nothing() {
    let results = Results::new();
    let check = || results.report(&["--check"]);
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
    let other_version = |text: String| text.replace("version = ", "version = 9");
    let fibers = |text: String| text.replace("model = \"compio\"", "model = \"fibers\"");
    type Change = fn(String) -> String;
    let changes: [(&str, Change, &[&str]); 6] = [
        ("machine.toml", half, &["machine.toml"]),
        ("machine.toml", other_version, &["machine.toml", "version", "measure again"]),
        ("raw/db/workload.toml", half, &["workload.toml"]),
        ("raw/db/workload.toml", fibers, &["db-compio", "\"fibers\"", "bench.toml"]),
        ("raw/db/sitting-1/facts.toml", half, &["facts.toml"]),
        ("raw/db/sitting-1/rounds.csv", half, &["rounds.csv"]),
    ];
    for (name, change, words) in changes {
        let (good, bad) = (Results::new(), Results::new());
        bad.edit(name, change);
        let before = files(&bad.path());
        refused(&bad.report(&[&good.text()]), words);
        assert_eq!(before, files(&bad.path()), "{name}");
        assert!(!good.path().join("README.md").exists(), "{name}");
    }
    let other = Results::new().path().with_file_name("machin");
    refused(&run_in(&root(), &["report", other.to_str().unwrap()]), &["no machine.toml"]);
}

#[test]
fn sittings_stand_side_by_side_and_what_is_unsound_is_said() {
    let results = Results::new();
    assert!(!results.page("db.md").contains("Every sitting"));
    results.sittings(5, 0.02);
    results.edit("raw/db/sitting-1/rounds.csv", |text| {
        text.replacen(",,,1\n", ",4.0,2.5,3\n", 1).replacen(",,,1\n", ",0.1,0.0,2\n", 1)
    });
    results.edit("raw/db/sitting-1/facts.toml", |text| text.replace("busy = false", "busy = true"));
    contains(
        &results.page("db.md"),
        &[
            "Every sitting",
            "| `db-tokio-mini` | 0.",
            " timed runs: 1 repeated because something else used the CPUs, 1 disturbed",
            "**Measured on a busy machine, where other processes used a part of the CPUs before it began:** `db` 0.0 %.",
        ],
    );
    // Figures of different programs make no slope.
    contains(&results.page("network.md"), &["round trips, slope"]);
    results.edit("raw/network-db-50ms/sitting-1/facts.toml", |text| {
        text.replacen("commit = \"", "commit = \"0", 1)
    });
    assert!(!results.page("network.md").contains("round trips, slope"));
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
        let folder = format!("raw/{}", key.display());
        for line in results.read(&format!("{folder}/workload.toml")).lines() {
            let Some(slug) = line.strip_prefix("slug = ") else { continue };
            let row = results.path().join(&folder).join(slug.trim_matches('"'));
            fs::create_dir_all(&row).unwrap();
            fs::write(row.join("status.txt"), "skipped: no io_uring\n").unwrap();
        }
        let _ = fs::remove_file(results.path().join(&folder).join("sitting-1/rounds.csv"));
        results.page("README.md");
    }
}
