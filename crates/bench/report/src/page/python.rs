//! The articles' own programs, in Python, beside ours: measured in the same rounds on the same servers.

use crate::{
    format::{code, fixed, mib, or_dash},
    markdown::Table,
    page::beyond_noise,
    results::{Entry, Group},
};

/// Whether two programs stand for the same: the same model, as many at once.
fn alike(one: &Entry, other: &Entry) -> bool {
    (&one.row.model, one.row.at_once) == (&other.row.model, other.row.at_once)
}

/// How many times as much the Python program has of a figure.
fn times(rust: Option<f64>, python: Option<f64>) -> Option<f64> {
    rust.zip(python).filter(|(rust, _)| *rust > 0.0).map(|(rust, python)| python / rust)
}

/// Cells for the root README: the article's program, its wall time and memory, each also as a multiple of ours.
/// Empty where it was not measured.
pub fn beside(group: &Group, entry: &Entry) -> Vec<String> {
    // Of several that wait alike, the first stands for the article's.
    let first = group.ok().find(|first| alike(first, entry)).filter(|first| first.row.slug == entry.row.slug);
    let Some(python) = first.and_then(|_| group.python().find(|python| alike(python, entry))) else {
        return vec!["–".to_owned(); 5];
    };
    let wall = |entry: &Entry| entry.figures.wall_median_s;
    vec![
        code(&python.row.program),
        fixed(wall(python), 3),
        fixed(times(wall(entry), wall(python)), 1),
        mib(python.figures.tree_pss_kib),
        fixed(times(entry.figures.pss_kib(), python.figures.pss_kib()), 1),
    ]
}

/// Every Python program beside its twin, and how much of its time is its start.
pub fn section(group: &Group) -> String {
    let mut table = Table::figures([
        "in Rust",
        "in Python",
        "wall, Rust",
        "wall, Python",
        "× Rust",
        "of that, start and imports",
        "× Rust without them",
        "memory, Rust",
        "memory, Python",
        "× Rust",
        "CPU time, × Rust",
    ]);
    for python in group.python() {
        let Some(rust) = group.ok().find(|rust| alike(rust, python)) else { continue };
        let (ours, theirs) = (&rust.figures, &python.figures);
        let start = python.ran.as_ref().and_then(|ran| ran.start_s);
        let waiting = theirs.wall_median_s.zip(start).map(|(wall, start)| wall - start);
        table.row([
            code(&rust.row.program),
            code(&python.row.program),
            or_dash(ours.wall_median_s, |wall| format!("{wall:.3} s")),
            or_dash(theirs.wall_median_s, |wall| format!("{wall:.3} s")),
            fixed(times(ours.wall_median_s, theirs.wall_median_s), 2),
            or_dash(start, |start| format!("{start:.3} s")),
            fixed(times(ours.wall_median_s, waiting), 2),
            or_dash(ours.tree_pss_kib, |_| format!("{} MiB", mib(ours.tree_pss_kib))),
            or_dash(theirs.tree_pss_kib, |_| format!("{} MiB", mib(theirs.tree_pss_kib))),
            fixed(times(ours.pss_kib(), theirs.pss_kib()), 1),
            fixed(times(ours.cpu_s(), theirs.cpu_s()), 1),
        ]);
    }
    let mut text = format!(
        "\n**The articles' programs in Python, measured in the same rounds.** Memory is the PSS of the process tree. Start and imports: the interpreter and the libraries alone, without a program.\n\n{table}"
    );
    if let Some(sentence) = best_against_best(group) {
        text += &format!("\n{sentence}\n");
    }
    text
}

/// The fastest program of each side.
fn best_against_best(group: &Group) -> Option<String> {
    let wall = |entry: &&Entry| entry.figures.wall_median_s.unwrap_or(f64::MAX);
    let rust = group.ok().min_by(|a, b| wall(a).total_cmp(&wall(b)))?;
    let python = group.python().min_by(|a, b| wall(a).total_cmp(&wall(b)))?;
    let names = format!("{} and {}", code(&rust.row.program), code(&python.row.program));
    if !beyond_noise(&rust.figures, &python.figures) {
        return Some(format!("The fastest of both sides, {names}, are as fast as each other within noise."));
    }
    let ratio = times(rust.figures.wall_median_s, python.figures.wall_median_s)?;
    let memory = times(rust.figures.pss_kib(), python.figures.pss_kib())?;
    Some(format!(
        "The fastest of both sides are {names}: Python takes {ratio:.2} times as long, with {memory:.1} times the memory."
    ))
}
