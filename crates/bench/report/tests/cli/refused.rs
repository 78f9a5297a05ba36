//! Bad input: one line, exit code 2, nothing written.

use std::fs;

use crate::folder::{Results, files, refused, run};

/// Files of every kind, cut off in the middle.
#[test]
fn half_written_raw_files_are_named() {
    for name in [
        "machine.toml",
        "raw/db/workload.toml",
        "raw/db/sitting-1/facts.toml",
        "raw/db/sitting-1/rounds.csv",
        "raw/db/db-tokio/observed-1.json",
        "raw/db/db-tokio/time-1.txt",
        "raw/db/db-tokio/syscalls.txt",
        "raw/db/db-asyncio-py/start.json",
    ] {
        let results = Results::new();
        results.edit(name, |text| text[..text.len() / 2].to_owned());
        let before = files(&results.path());
        refused(&results.report(), &[name.rsplit('/').next().unwrap()]);
        assert_eq!(before, files(&results.path()), "{name}");
        fs::remove_file(results.path().join(name)).unwrap();
        refused(&results.report(), &[]);
    }
}

#[test]
fn other_versions_are_refused() {
    for (name, old, new) in [
        ("machine.toml", "version = 2", "version = 1"),
        ("raw/db/workload.toml", "version = 2", "version = 3"),
        ("raw/db/db-tokio/observed-1.json", "\"version\":2", "\"version\":1"),
    ] {
        let results = Results::new();
        results.edit(name, |text| text.replacen(old, new, 1));
        refused(&results.report(), &[name, "version", "measure again"]);
    }
}

#[test]
fn a_folder_without_results_says_what_there_is() {
    let results = Results::new();
    let other = results.path().with_file_name("machin");
    refused(&run(["report", other.to_str().unwrap()]), &["no machine.toml", "there are", "machine"]);
    refused(&run(["compare", &results.text(), other.to_str().unwrap()]), &["no machine.toml"]);
}

#[test]
fn one_bad_folder_of_two_leaves_both() {
    let (good, bad) = (Results::new(), Results::new());
    bad.edit("raw/db/sitting-1/facts.toml", |_| String::new());
    refused(&run(["report", &good.text(), &bad.text()]), &["facts.toml"]);
    assert!(!good.path().join("README.md").exists());
}

#[test]
fn a_model_that_the_matrix_does_not_have_is_refused() {
    let results = Results::new();
    results.edit("raw/db/workload.toml", |text| text.replace("model = \"compio\"", "model = \"fibers\""));
    refused(&results.report(), &["db-compio", "\"fibers\"", "bench.toml"]);
}
