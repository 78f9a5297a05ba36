//! `report` without a folder: the index, the map of the crates, and the marked parts of README.md and docs/.

use std::fs;

use tempfile::TempDir;

use crate::{Results, contains, copy, files, refused, root, run_in, stdout};

fn readme(marker: &str) -> String {
    format!("# Title\n\n<!-- figures: machine -->\n{marker}\n")
}

/// A small repository: the matrix, the programs, results of one machine, and a page with markers.
fn repository(marker: &str) -> TempDir {
    let repository = TempDir::new().unwrap();
    let inside = |path: &str| repository.path().join(path);
    fs::copy(root().join("bench.toml"), inside("bench.toml")).unwrap();
    for workload in ["db", "web", "sleep", "prices"] {
        for program in fs::read_dir(root().join("crates").join(workload)).unwrap() {
            let program = program.unwrap().path();
            let source = format!("crates/{workload}/{}/src", program.file_name().unwrap().display());
            copy(&program.join("src"), &inside(&source));
        }
    }
    fs::create_dir_all(inside("crates/bench")).unwrap();
    copy(&Results::new().path(), &inside("results/machine"));
    fs::write(inside("README.md"), readme(marker)).unwrap();
    repository
}

#[test]
fn expressions_are_filled_and_checked() {
    let repository = repository(
        "a <!-- remark --> b\n\nIt takes <!-- = fig(\"db\", \"db-tokio\", \"wall\") -->9 s<!-- end -->, again \
         <!-- = pair(\"db\", \"db-tokio-mini\", \"db-tokio\") --><!-- end -->.\n\n\
         <!-- = table(\"db-tokio, db-threaded-concurrency-{size}\", \"label, db:wall, db:calls-each\") --><!-- end -->\n\
         <!-- = table(\"db-tokio\", \"label, db:ratio as ratio\") --><!-- end -->\n\
         <!-- = code(\"crates/db/tokio/src/main.rs\", \"Args\") --><!-- end -->\n\
         <!-- = diff(\"crates/db/tokio/src/main.rs\", \"crates/db/tokio-mini/src/main.rs\") --><!-- end -->",
    );
    stdout(&run_in(repository.path(), &["report"]));
    let read = |path: &str| fs::read_to_string(repository.path().join(path)).unwrap();
    contains(
        &read("README.md"),
        &[
            "a <!-- remark --> b\n\n",
            "\"wall\") -->0.139 s<!-- end -->, again",
            "-->0.925\u{a0}[0.898,\u{a0}0.998]<!-- end -->.",
            "| `db-threaded --concurrency N` | 0.190 | 56.4 |\n",
            "| program | ratio |\n| --- | ---: |\n| `db-tokio` | reference |\n",
            "```rust\n",
            "\nstruct Args {\n",
            "```diff\n--- crates/db/tokio/src/main.rs\n",
        ],
    );
    assert!(read("results/README.md").contains("[machine](machine/README.md)"));
    let source = read("crates/db/tokio/src/main.rs");
    assert!(
        read("crates/README.md").contains(&format!("[{}](db/tokio/src/main.rs), ", source.lines().count()))
    );
    stdout(&run_in(repository.path(), &["report", "--check"]));
    // A source that changed makes the pages about it stale.
    fs::write(repository.path().join("crates/db/tokio/src/main.rs"), format!("// new\n{source}")).unwrap();
    refused(&run_in(repository.path(), &["report", "--check"]), &["is stale"]);
    fs::remove_dir_all(repository.path().join("results")).unwrap();
    fs::write(repository.path().join("README.md"), "").unwrap();
    stdout(&run_in(repository.path(), &["report"]));
}

#[test]
fn a_marker_without_a_figure_is_refused_and_nothing_is_written() {
    let repository = repository("");
    for (marker, words) in [
        ("<!-- = 1 -->", ["line 4", "<!-- end --> is missing"]),
        ("<!-- = tabel(1) --><!-- end -->", ["line 4", "tabel"]),
        ("<!-- figures: other -->", ["no results called", "\"other\""]),
        ("<!-- = fig(\"db\", \"db-tokio\", \"speed\") --><!-- end -->", ["no column", "\"speed\""]),
        ("<!-- = fig(\"db\", \"db-tokio\", \"wall\") --><!-- end -->", ["line 4", "put a word before it"]),
        ("<!-- = fig(\"db\", \"db-smol\", \"wall\") --><!-- end -->", ["no row db-smol", "machine/raw/db"]),
        (
            "<!-- = fig(\"db\", \"db-tokio\", \"start\") --><!-- end -->",
            ["start of machine/raw/db/db-tokio", "not measured"],
        ),
        (
            "<!-- = pair(\"db\", \"db-compio\", \"db-tokio\") --><!-- end -->",
            ["does not say in what one thing", "db-compio"],
        ),
        ("<!-- = template(\"numbers\") --><!-- end -->", ["numbers:", "machine/raw"]),
        (
            "<!-- = code(\"crates/db/tokio/src/main.rs\", \"nothing\") --><!-- end -->",
            ["main.rs has no", "nothing"],
        ),
    ] {
        fs::write(repository.path().join("README.md"), readme(marker)).unwrap();
        let before = files(repository.path());
        refused(&run_in(repository.path(), &["report"]), &[words[0], words[1], "README.md"]);
        assert_eq!(before, files(repository.path()), "{marker}");
    }
}
