//! The sources of the programs: short enough to read in a minute, and so alike that a diff shows the model.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use behaviour_tests::matrix::{ALL, ALL_PROGRAMS, ARTICLES, Program, each};
use behaviour_tests::root;
use bench_data::files;
use similar::{ChangeTag, TextDiff};

/// Lines of a program's `main.rs`, and of a shape's.
const LENGTH: RangeInclusive<usize> = 40..=75;
const SHAPE_LENGTH: RangeInclusive<usize> = 20..=35;

/// Lines that change from a program's neighbour: where both wait in the same way, and where only what they do is the same.
/// tokio joins tasks and ends late ones in its own way; those of the other event loops are alike.
const CHANGED: [usize; 2] = [30, 65];

#[test]
fn every_folder_with_a_program_has_a_row() {
    let folders = |folder: std::path::PathBuf| files::folders(&folder).expect("a folder");
    let workloads = ALL.split(' ').map(|workload| root().join("crates").join(workload));
    let programs = workloads.flat_map(folders).filter(|it| it.join("src/main.rs").exists());
    let rows = ALL_PROGRAMS.iter().filter(|it| it.is_rust());
    let rows: BTreeSet<_> =
        rows.map(|it| root().join("crates").join(&it.workload).join(it.folder())).collect();
    assert_eq!(programs.collect::<BTreeSet<_>>(), rows);
}

#[test]
fn each_is_read_in_a_minute_what_comes_first_first() {
    each(ARTICLES, Program::is_client, |program| {
        let source = program.source();
        let length = source.lines().count();
        assert!(LENGTH.contains(&length), "{program} has {length} lines, not {LENGTH:?}");
        let parts = [
            "//! ",
            "\n//! How it waits: ",
            "\n//! Expected wall time: ",
            "\nuse ",
            "\nstruct Args ",
            "fn main() ",
        ];
        let places = parts.map(|part| source.find(part));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{program}: {places:?}");
        let commands: Vec<_> = source.lines().filter(|line| line.starts_with("//!     cargo run ")).collect();
        let named = commands.iter().any(|line| line.contains(&format!(" --bin {program} -- ")));
        assert!(commands.len() == 2 && named, "{program}: {commands:?}");
    });
}

#[test]
fn only_the_model_differs_between_neighbours() {
    each(ARTICLES, Program::is_client, |program| {
        let Some(folder) = &program.neighbour else { return };
        let is_neighbour = |it: &&Program| (&it.workload, it.folder()) == (&program.workload, folder);
        let neighbour = ALL_PROGRAMS.iter().find(is_neighbour).expect("a neighbour");
        let (old, new) = (neighbour.source(), program.source());
        let changes = TextDiff::from_lines(&old, &new);
        let changed = changes.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count();
        let pair = [program, neighbour];
        let tokio = pair.map(|it| it.model.starts_with("tokio"));
        let at_most = CHANGED[usize::from(!pair.iter().all(|it| it.has_tasks) || tokio[0] != tokio[1])];
        assert!(changed <= at_most, "{program} from {folder}: {changed} > {at_most} changed lines");
    });
}

/// A shape's doc comment says what dropping it does and what is allocated: that depends on what owns its items, and
/// `crates/shapes/hosts/tests/owners.rs` holds each owner to it.
#[test]
fn shapes_are_short_and_claim_what_the_owner_of_their_items_does() {
    each("shapes", Program::is_rust, |program| {
        let source = program.source();
        let lines = source.lines().count();
        assert!(SHAPE_LENGTH.contains(&lines), "{program} has {lines} lines");
        let (dropping, allocated) = match |owner| source.contains(owner) {
            has if has("thread::scope") || has("par_iter") => ("is not possible", "nothing"),
            has if has("TaskTracker") || has("tokio::spawn") => ("leaves the tasks running", "a task"),
            has if has("async_channel") => ("cancels the workers", "nothing"),
            has if has("JoinSet") => ("cancels the tasks", "a task"),
            has if has("stream") || has("join_all") => ("drops the items", "its future"),
            _ => ("drops the item", "nothing"),
        };
        let dropping = format!("\n//! Dropping the whole: {dropping}");
        let allocated = format!("\n//! Allocated for each item: {allocated}");
        for claim in [dropping, allocated, format!("--bin {program} -- ")] {
            assert!(source.contains(&claim), "{program} does not say {claim:?}");
        }
    });
}
