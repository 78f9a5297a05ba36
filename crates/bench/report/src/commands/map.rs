//! `crates/README.md`: the map of the programs, how long they are, and how much each differs from its neighbour.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use bench_data::{
    files,
    matrix::{BENCH, Matrix, NEIGHBOURS},
    resolve::Place,
    workload::Workload,
};
use similar::{ChangeTag, TextDiff};

use crate::{
    format::code,
    markdown::{Table, bullets},
};

/// The programs of a workload: the text of their `main.rs`, by the name of their folder.
type Room = BTreeMap<String, String>;

/// The whole page.
///
/// # Errors
/// Unreadable sources.
pub fn page() -> Result<String> {
    let place = Place { cpus: 2, quick: false, count: false, python: false, size: None };
    let workloads = Matrix::read(Path::new("bench.toml"))?.resolve(BENCH, &[], &place)?;
    let mut names: Vec<&str> = workloads.iter().map(|workload| workload.name.as_str()).collect();
    names.dedup();
    let rooms: Vec<Room> = names.iter().map(|workload| room(workload)).collect::<Result<_>>()?;
    let mut programs: Vec<&str> = NEIGHBOURS.to_vec();
    for name in rooms.iter().flat_map(Room::keys) {
        if !programs.contains(&name.as_str()) {
            programs.push(name);
        }
    }
    let mut table = Table::words([""].iter().chain(&names).copied());
    for program in programs {
        let cells = names.iter().zip(&rooms).map(|(workload, room)| cell(workload, room, program));
        table.row(std::iter::once(program.to_owned()).chain(cells));
    }
    Ok(format!(
        "# Programs and libraries\n\nMade by `make report`. A folder for each workload, in it a program for each way of \
         waiting. A cell has the lines of its `main.rs`, and how many lines change from its neighbour, the nearest program \
         above it. To see them: `diff crates/db/threaded/src/main.rs crates/db/tokio/src/main.rs`. A baseline has no \
         neighbour.\n\n{table}{}\n## Libraries and tools\n{}",
        bullets(absent(&workloads)),
        bullets(libraries(&names)?)
    ))
}

fn room(workload: &str) -> Result<Room> {
    let mut room = Room::new();
    for folder in files::folders(&Path::new("crates").join(workload))? {
        let path = folder.join("src/main.rs");
        if path.is_file() {
            room.insert(file_name(&folder), files::text(&path)?);
        }
    }
    Ok(room)
}

fn cell(workload: &str, room: &Room, program: &str) -> String {
    let Some(text) = room.get(program) else { return "–".to_owned() };
    let link = format!("[{}]({workload}/{program}/src/main.rs)", text.lines().count());
    let place = NEIGHBOURS.iter().position(|other| *other == program).unwrap_or(0);
    match NEIGHBOURS[..place].iter().rev().find_map(|other| room.get(*other)) {
        Some(neighbour) => format!("{link}, {} changed", changed(neighbour, text)),
        None => link,
    }
}

/// The lines that `diff` marks with `<` or `>`.
fn changed(old: &str, new: &str) -> usize {
    TextDiff::from_lines(old, new)
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal)
        .count()
}

/// Why cells are empty, as the matrix says.
fn absent(workloads: &[Workload]) -> Vec<String> {
    let all = workloads.iter().flat_map(|workload| {
        let absent = workload.absent.iter();
        absent.map(|(model, reason)| format!("No {}: {reason}.", code(&format!("{}-{model}", workload.name))))
    });
    let mut reasons: Vec<String> = all.collect();
    reasons.dedup();
    reasons
}

/// Each library and tool with the first sentence of its documentation.
fn libraries(workloads: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for room in workloads.iter().copied().chain(["parts", "bench"]) {
        for folder in files::folders(&Path::new("crates").join(room))? {
            // The programs of a workload are in the table.
            let sources = if room == "bench" { &["src/main.rs", "src/lib.rs"][..] } else { &["src/lib.rs"] };
            let Some(path) = sources.iter().map(|file| folder.join(file)).find(|path| path.is_file()) else {
                continue;
            };
            let name = format!("{room}/{}", file_name(&folder));
            found.push(format!("[{name}]({name}): {}", first_sentence(&files::text(&path)?)));
        }
    }
    Ok(found)
}

/// Of the documentation at the head of a source.
fn first_sentence(source: &str) -> String {
    let doc = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let paragraph: Vec<&str> = doc.take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ").replace("[`", "`").replace("`]", "`");
    paragraph.split_inclusive(". ").next().unwrap_or_default().trim().to_owned()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_place_of_another_changes_two() {
        assert_eq!(changed("a\nb\nc\n", "a\nx\nc\nd\n"), 3);
        assert_eq!(changed("a\n", "a\n"), 0);
    }

    #[test]
    fn a_library_is_described_by_its_first_sentence() {
        assert_eq!(
            first_sentence("//! Asks [`Hosts`]\n//! once. And more.\n//!\n//! No.\nfn"),
            "Asks `Hosts` once."
        );
        assert_eq!(first_sentence("fn main() {}"), "");
    }
}
