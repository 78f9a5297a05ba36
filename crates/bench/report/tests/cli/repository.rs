//! `report` without a folder: the index, the map of the crates, and the marked parts of README.md and docs/.

use std::fs;

use tempfile::TempDir;

use crate::folder::{Results, copy, files, refused, root, run_in, stdout};

/// A small repository: the matrix, the programs, results of one machine, and pages with markers.
fn repository(readme: &str) -> TempDir {
    let repository = TempDir::new().unwrap();
    let at = |path: &str| repository.path().join(path);
    fs::copy(root().join("bench.toml"), at("bench.toml")).unwrap();
    for room in ["db", "web", "sleep", "prices", "parts"] {
        for item in fs::read_dir(root().join("crates").join(room)).unwrap().map(Result::unwrap) {
            let source = item.path().join("src");
            if source.is_dir() {
                let name = item.file_name().into_string().unwrap();
                copy(&source, &at(&format!("crates/{room}/{name}/src")));
            }
        }
    }
    fs::create_dir_all(at("crates/bench")).unwrap();
    copy(&Results::new().path(), &at("results/machine"));
    fs::create_dir(at("docs")).unwrap();
    fs::write(at("README.md"), readme).unwrap();
    repository
}

fn read(repository: &TempDir, path: &str) -> String {
    fs::read_to_string(repository.path().join(path)).unwrap()
}

#[test]
fn everything_is_made_and_checked() {
    let repository =
        repository("# Title\n\n<!-- answer:begin machine -->\nold\n<!-- answer:end -->\n\nText.\n");
    fs::write(
        repository.path().join("docs/answers.md"),
        "It takes <!-- figure:begin machine db db-tokio wall -->9 s<!-- figure:end -->, \
         <!-- figure:begin machine db db-compio ratio --><!-- figure:end --> times, \
         <!-- figure:begin machine db db-compio syscalls --><!-- figure:end --> calls, \
         <!-- ratio:begin machine db db-compio db-tokio --><!-- ratio:end --> again.\n\n\
         <!-- table:begin machine db-tokio,db-threaded-concurrency-{size},none db:wall,db:calls -->\n<!-- table:end -->\n\
         <!-- facts:begin machine db-tokio db:ratio,db:memory -->\n<!-- facts:end -->\n\
         <!-- code:begin crates/db/tokio/src/main.rs Args -->\n<!-- code:end -->\n\
         <!-- diff:begin crates/db/tokio/src/main.rs crates/db/tokio-mini/src/main.rs -->\n<!-- diff:end -->\n",
    )
    .unwrap();
    stdout(&run_in(repository.path(), ["report"]));
    let readme = read(&repository, "README.md");
    assert!(readme.starts_with("# Title\n\n<!-- answer:begin machine -->\n| way of waiting |"), "{readme}");
    assert!(readme.ends_with("<!-- answer:end -->\n\nText.\n") && !readme.contains("old"), "{readme}");
    assert!(
        readme.contains("| [tokio](crates/db/tokio/src/main.rs) | 0.139\u{a0}s, 11.8\u{a0}MiB |"),
        "{readme}"
    );
    let answers = read(&repository, "docs/answers.md");
    assert!(answers.contains("wall -->0.139 s<!-- figure:end -->, "), "{answers}");
    assert!(answers.contains("-->0.973 [0.933, 1.052]<!-- figure:end --> times"), "{answers}");
    assert!(answers.contains("-->1189<!-- figure:end --> calls"), "{answers}");
    assert!(answers.contains("-->0.973 [0.933, 1.052]<!-- ratio:end --> again"), "{answers}");
    assert!(answers.contains("| `db-tokio` | 0.139 s | 16.6 |\n"), "{answers}");
    assert!(answers.contains("| `db-threaded --concurrency N` | 0.190 s | 56.4 |\n"), "{answers}");
    assert!(answers.contains("| `none` | – | – |\n"), "{answers}");
    assert!(answers.contains("| ÷ `db-tokio` [95 %] | reference |\n| memory | 11.8 MiB |\n"), "{answers}");
    let source = read(&repository, "crates/db/tokio/src/main.rs");
    let item = answers
        .split_once("```rust\n")
        .and_then(|(_, rest)| rest.split_once("```\n<!-- code:end -->"))
        .unwrap()
        .0;
    assert!(
        source.contains(item) && item.contains("\nstruct Args {\n") && item.ends_with("\n}\n"),
        "{answers}"
    );
    assert!(answers.contains("```diff\n--- crates/db/tokio/src/main.rs\n"), "{answers}");
    let index = read(&repository, "results/README.md");
    assert!(index.contains("[machine](machine/README.md)"), "{index}");
    let map = read(&repository, "crates/README.md");
    let lines = source.lines().count();
    assert!(map.contains(&format!("[{lines}](db/tokio/src/main.rs), ")), "{map}");
    stdout(&run_in(repository.path(), ["report", "--check"]));

    for (page, old, new) in [
        ("README.md", "11.8\u{a0}MiB", "11.7\u{a0}MiB"),
        ("docs/answers.md", "1189", "1188"),
        ("crates/README.md", "(db/tokio/src/main.rs)", "(db/tokyo/src/main.rs)"),
        ("results/README.md", "Results", "Result"),
    ] {
        let path = repository.path().join(page);
        let text = read(&repository, page);
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        refused(&run_in(repository.path(), ["report", "--check"]), &[page, "is stale"]);
        fs::write(&path, text).unwrap();
    }
    // A source that changed makes the pages about it stale.
    fs::write(repository.path().join("crates/db/tokio/src/main.rs"), format!("// new\n{source}")).unwrap();
    refused(&run_in(repository.path(), ["report", "--check"]), &["is stale"]);
}

#[test]
fn wrong_markers_are_refused_and_nothing_is_written() {
    for (marker, words) in [
        ("<!-- answer:begin other --><!-- answer:end -->", ["no results called \"other\"", "machine"]),
        ("<!-- answer:begin machine -->", ["line 1", "<!-- answer:end --> is missing"]),
        ("<!-- tabel:begin x --><!-- tabel:end -->", ["\"tabel\"", "known are answer"]),
        ("<!-- table:begin machine db-tokio db --><!-- table:end -->", ["\"db\"", "is not KEY:FIELD"]),
        ("<!-- ratio:begin machine none a b --><!-- ratio:end -->", ["ratio", "no raw/none"]),
        (
            "<!-- figure:begin machine db db-tokio speed --><!-- figure:end -->",
            ["no figure is called", "\"speed\""],
        ),
        (
            "<!-- figure:begin machine db db-smol wall --><!-- figure:end -->",
            ["there is no", "raw/db/db-smol"],
        ),
        ("<!-- code:begin crates/none.rs --><!-- code:end -->", ["cannot read", "crates/none.rs"]),
        (
            "<!-- code:begin crates/db/tokio/src/main.rs nothing --><!-- code:end -->",
            ["main.rs has no", "nothing"],
        ),
    ] {
        let repository = repository(marker);
        let before = files(repository.path());
        refused(&run_in(repository.path(), ["report"]), &[words[0], words[1], "README.md"]);
        assert_eq!(before, files(repository.path()), "{marker}");
    }
}

#[test]
fn without_results_there_is_still_a_map() {
    let repository = repository("Nothing marked.\n");
    fs::remove_dir_all(repository.path().join("results")).unwrap();
    stdout(&run_in(repository.path(), ["report"]));
    assert!(repository.path().join("crates/README.md").is_file());
    assert!(!repository.path().join("results").exists());
}
