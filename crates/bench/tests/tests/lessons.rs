//! The sources of the programs: short enough to read in a minute, and so alike that a diff shows the model.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use bench_data::matrix::NEIGHBOURS;
use similar::{ChangeTag, TextDiff};

/// Those that have the same kind of loop.
const LOOPS: &[&str] = NEIGHBOURS.split_at(5).1;

/// Lines of a program's `main.rs`.
const LENGTH: RangeInclusive<usize> = 40..=80;

/// A program's workload and model, and its `main.rs`.
struct Lesson {
    workload: String,
    model: String,
    source: String,
}

impl Lesson {
    fn name(&self) -> String {
        format!("{}-{}", self.workload, self.model)
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("a folder").path()).collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// Every program that is a lesson, found by its folder. The baseline is none.
fn lessons() -> Vec<Lesson> {
    let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let workloads = folders(crates).into_iter().filter(|path| path.is_dir());
    let workloads = workloads.filter(|path| !["parts", "bench", "shapes"].contains(&name(path).as_str()));
    let programs = workloads.flat_map(|workload| {
        let programs = folders(&workload).into_iter();
        programs.map(move |program| (name(&workload), name(&program), program.join("src/main.rs")))
    });
    let programs = programs.filter(|(_, model, main)| main.exists() && model != "baseline");
    let lesson =
        |(workload, model, main)| Lesson { workload, model, source: fs::read_to_string(main).unwrap() };
    programs.map(lesson).collect()
}

/// Lines that `diff` marks with < or >.
fn changed_lines(old: &str, new: &str) -> usize {
    let diff = TextDiff::from_lines(old, new);
    diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count()
}

#[test]
fn each_is_read_in_a_minute() {
    let lessons = lessons();
    assert!(lessons.len() > 20, "only {} programs", lessons.len());
    for lesson in lessons {
        let length = lesson.source.lines().count();
        assert!(LENGTH.contains(&length), "{} has {length} lines, not {LENGTH:?}", lesson.name());
        assert!(NEIGHBOURS.contains(&lesson.model.as_str()), "{} has no place in the order", lesson.name());
    }
}

#[test]
fn what_to_read_first_stands_first() {
    for lesson in lessons() {
        let parts = ["//! ", "\nuse ", "\nstruct Args ", "fn main() "];
        let places = parts.map(|part| lesson.source.find(part));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{}: {places:?}", lesson.name());
    }
}

#[test]
fn each_names_what_it_does_how_it_waits_and_two_commands() {
    for lesson in lessons() {
        let header: Vec<&str> = lesson.source.lines().take_while(|line| line.starts_with("//!")).collect();
        let has = |start: &str| header.iter().any(|line| line.starts_with(start));
        assert!(
            has("//! How it waits: ") && has("//! Expected wall time: "),
            "{}: {header:#?}",
            lesson.name()
        );
        let commands: Vec<&&str> =
            header.iter().filter(|line| line.starts_with("//!     cargo run ")).collect();
        assert_eq!(commands.len(), 2, "{}: {commands:#?}", lesson.name());
        let own = format!(" --bin {} -- ", lesson.name());
        assert!(commands.iter().any(|line| line.contains(&own)), "{}: {commands:#?}", lesson.name());
    }
}

#[test]
fn only_the_model_differs_between_neighbours() {
    let lessons = lessons();
    let mut too_many = Vec::new();
    for workload in ["db", "web", "sleep", "prices"] {
        let in_order = NEIGHBOURS.iter().filter_map(|model| {
            lessons.iter().find(|lesson| lesson.workload == workload && lesson.model == *model)
        });
        let in_order: Vec<&Lesson> = in_order.collect();
        assert!(in_order.len() > 1, "{workload}");
        for pair in in_order.windows(2) {
            let both_loops = pair.iter().all(|lesson| LOOPS.contains(&lesson.model.as_str()));
            let at_most = if both_loops { 60 } else { 90 }; // each loop has names of its own
            let changed = changed_lines(&pair[0].source, &pair[1].source);
            if changed > at_most {
                too_many.push(format!("{} to {}: {changed} > {at_most}", pair[0].name(), pair[1].name()));
            }
        }
    }
    assert!(too_many.is_empty(), "changed lines: {too_many:#?}");
}

/// A shape's doc comment says what dropping it does and what is allocated: that depends on what owns its items, and
/// `crates/shapes/hosts/tests/owners.rs` holds each owner to it.
#[test]
fn shapes_are_short_and_claim_what_the_owner_of_their_items_does() {
    let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for folder in folders(&crates.join("shapes")).iter().filter(|folder| !folder.ends_with("hosts")) {
        let (name, source) = (name(folder), fs::read_to_string(folder.join("src/main.rs")).unwrap());
        let lines = source.lines().count();
        assert!((20..=35).contains(&lines), "{name} has {lines} lines");
        assert!(source.contains(&format!("--bin shapes-{name} -- ")), "{name}: its command is missing");
        let (dropping, allocated) = match |owner| source.contains(owner) {
            has if has("thread::scope") || has("par_iter") => ("is not possible", "nothing"),
            has if has("TaskTracker") || has("tokio::spawn") => ("leaves the tasks running", "a task"),
            has if has("async_channel") => ("cancels the workers", "nothing"),
            has if has("JoinSet") => ("cancels the tasks", "a task"),
            has if has("stream") || has("join_all") => ("drops the items", "its future"),
            _ => ("drops the item", "nothing"),
        };
        for claim in
            [format!("Dropping the whole: {dropping}"), format!("Allocated for each item: {allocated}")]
        {
            assert!(source.contains(&format!("\n//! {claim}")), "{name} does not say {claim:?}");
        }
    }
}
