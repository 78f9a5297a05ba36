//! The sources of the programs: short enough to read in a minute, and so alike that a diff shows the model.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use behaviour_tests::root;
use bench_data::matrix::{Matrix, Program};
use similar::{ChangeTag, TextDiff};

/// Lines of a program's `main.rs`.
const LENGTH: RangeInclusive<usize> = 40..=75;

/// Lines that change from a program's neighbour: where both wait in the same way, and where only what they do is the same.
/// tokio joins tasks and ends late ones in its own way; those of the other event loops are alike.
const CHANGED: [usize; 2] = [30, 65];

/// A program and its `main.rs`.
struct Lesson {
    program: Program,
    source: String,
}

impl Lesson {
    /// Asserts something of its source.
    fn has(&self, held: bool, what: &str) {
        assert!(held, "{}: {what}", self.program.name);
    }
}

fn matrix() -> Matrix {
    Matrix::read(&root().join("bench.toml")).expect("bench.toml")
}

/// Every program that is a lesson: the baseline is none, and the shapes have rules of their own.
fn lessons() -> Vec<Lesson> {
    let lesson = |program: Program| {
        let path = format!("crates/{}/{}/src/main.rs", program.workload, program.folder());
        Lesson { source: fs::read_to_string(root().join(&path)).expect(&path), program }
    };
    let programs = matrix().programs().into_iter().filter(|program| !program.python);
    let programs = programs.filter(|program| program.model != "baseline" && program.workload != "shapes");
    programs.map(lesson).collect()
}

/// The folders with a program in them below this one, as `workload/folder`.
fn programs_below(folder: &Path) -> BTreeSet<String> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).into_iter().flatten();
        entries.map(|entry| entry.expect("a folder").path()).collect()
    };
    let programs = folders(folder).into_iter().flat_map(|workload| folders(&workload));
    let programs = programs.filter(|program| program.join("src/main.rs").exists());
    programs.map(|program| program.strip_prefix(folder).expect("below").display().to_string()).collect()
}

#[test]
fn every_folder_with_a_program_has_a_row() {
    let rows = matrix().programs().into_iter().filter(|program| !program.python);
    let rows: BTreeSet<_> = rows.map(|it| format!("{}/{}", it.workload, it.folder())).collect();
    let mut programs = programs_below(&root().join("crates"));
    programs.retain(|program| !program.starts_with("bench/"));
    assert!(programs.len() > 40 && programs == rows, "folders {programs:?}, rows {rows:?}");
}

#[test]
fn each_is_read_in_a_minute_what_comes_first_first() {
    for lesson in lessons() {
        let length = lesson.source.lines().count();
        lesson.has(LENGTH.contains(&length), &format!("{length} lines, not {LENGTH:?}"));
        let parts = ["//! ", "\nuse ", "\nstruct Args ", "fn main() "];
        let places = parts.map(|part| lesson.source.find(part));
        lesson.has(places.iter().all(Option::is_some) && places.is_sorted(), &format!("{places:?}"));
    }
}

#[test]
fn each_names_what_it_does_how_it_waits_and_two_commands() {
    for lesson in lessons() {
        let header: Vec<&str> = lesson.source.lines().take_while(|line| line.starts_with("//!")).collect();
        let with = |start: &str| header.iter().filter(|line| line.starts_with(start)).collect::<Vec<_>>();
        for start in ["//! How it waits: ", "//! Expected wall time: "] {
            lesson.has(with(start).len() == 1, start);
        }
        let commands = with("//!     cargo run ");
        let name = format!(" --bin {} -- ", lesson.program.name);
        let named = commands.iter().any(|line| line.contains(&name));
        lesson.has(commands.len() == 2 && named, &format!("{commands:?}"));
    }
}

#[test]
fn only_the_model_differs_between_neighbours() {
    let (lessons, matrix) = (lessons(), matrix());
    let event_loop = |program: &Program| {
        matrix.models.iter().any(|model| model.name == program.model && model.waits.starts_with("tasks "))
    };
    let mut too_many = Vec::new();
    for Lesson { program, source } in &lessons {
        let Some(folder) = &program.neighbour else { continue };
        let is_neighbour =
            |it: &&Lesson| (&it.program.workload, it.program.folder()) == (&program.workload, folder);
        let neighbour = lessons.iter().find(is_neighbour).expect("a neighbour");
        let diff = TextDiff::from_lines(&neighbour.source, source);
        let changed = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count();
        let loops = event_loop(program) && event_loop(&neighbour.program);
        let tokio = [program, &neighbour.program].map(|it| it.model.starts_with("tokio"));
        let at_most = CHANGED[usize::from(!loops || tokio[0] != tokio[1])];
        if changed > at_most {
            too_many.push(format!("{} from {folder}: {changed} > {at_most}", program.name));
        }
    }
    assert!(too_many.is_empty(), "changed lines: {too_many:#?}");
}

/// A shape's doc comment says what dropping it does and what is allocated: that depends on what owns its items, and
/// `crates/shapes/hosts/tests/owners.rs` holds each owner to it.
#[test]
fn shapes_are_short_and_claim_what_the_owner_of_their_items_does() {
    for shape in programs_below(&root().join("crates")).iter().filter_map(|it| it.strip_prefix("shapes/")) {
        let source = fs::read_to_string(root().join(format!("crates/shapes/{shape}/src/main.rs"))).unwrap();
        let lines = source.lines().count();
        assert!((20..=35).contains(&lines), "{shape} has {lines} lines");
        assert!(source.contains(&format!("--bin shapes-{shape} -- ")), "{shape}: its command is missing");
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
            assert!(source.contains(&format!("\n//! {claim}")), "{shape} does not say {claim:?}");
        }
    }
}
