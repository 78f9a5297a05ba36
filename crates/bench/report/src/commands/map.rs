//! `crates/README.md`: the map of the programs, how long they are, and how much each differs from its neighbour.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{
    files,
    matrix::{BENCH, Matrix},
    resolve::Place,
};
use similar::{ChangeTag, TextDiff};

use crate::{
    format::code,
    markdown::{Table, bullets},
};

/// The rooms of the programs.
const WORKLOADS: [&str; 4] = ["db", "web", "sleep", "prices"];

/// Neighbours follow each other.
const ORDER: [&str; 11] = [
    "sequential",
    "threaded",
    "multiprocess",
    "green",
    "tokio-blocking",
    "tokio",
    "tokio-multi",
    "tokio-mini",
    "glommio",
    "compio",
    "baseline",
];

/// The whole page.
///
/// # Errors
/// Unreadable sources.
pub fn page() -> Result<String> {
    let mut table = Table::words(["", "db", "web", "sleep", "prices"]);
    let rooms: Vec<BTreeMap<&str, String>> =
        WORKLOADS.iter().map(|workload| room(workload)).collect::<Result<_>>()?;
    for model in ORDER {
        let cells = WORKLOADS.iter().zip(&rooms).map(|(workload, room)| cell(workload, room, model));
        table.row(std::iter::once(model.to_owned()).chain(cells));
    }
    let absent = absent()?;
    Ok(format!(
        "# Programs and libraries\n\nMade by `make report`. A room for each workload, one program for each way of waiting. \
         A cell: the lines of its `main.rs`, and how many lines change from its neighbour, the next program above it. \
         To see them: `diff crates/db/threaded/src/main.rs crates/db/tokio/src/main.rs`. The baseline has no neighbour.\n\n\
         {table}{}\n## Libraries and tools\n{}",
        bullets(absent),
        bullets(libraries()?)
    ))
}

/// Programs of a workload by model.
fn room(workload: &str) -> Result<BTreeMap<&'static str, String>> {
    let mut found = BTreeMap::new();
    for model in ORDER {
        let path = PathBuf::from(format!("crates/{workload}/{model}/src/main.rs"));
        if path.is_file() {
            found.insert(model, files::text(&path)?);
        }
    }
    Ok(found)
}

fn cell(workload: &str, room: &BTreeMap<&str, String>, model: &str) -> String {
    let Some(text) = room.get(model) else { return "–".to_owned() };
    let link = format!("[{}]({workload}/{model}/src/main.rs)", text.lines().count());
    let place = ORDER.iter().position(|other| *other == model).unwrap_or(0);
    let neighbour = ORDER[..place].iter().rev().find_map(|other| room.get(other));
    match neighbour.filter(|_| model != "baseline") {
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
fn absent() -> Result<Vec<String>> {
    let place = Place { cpus: 2, quick: false, count: false, python: false, size: None };
    let workloads = Matrix::read(Path::new("bench.toml"))?.resolve(BENCH, &[], &place)?;
    let mut reasons: Vec<String> = Vec::new();
    for workload in &workloads {
        let absent = workload.absent.iter();
        reasons.extend(
            absent.map(|(model, reason)| {
                format!("No {}: {reason}.", code(&format!("{}-{model}", workload.name)))
            }),
        );
    }
    reasons.dedup();
    Ok(reasons)
}

/// Each library and tool with the first sentence of its documentation.
fn libraries() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for room in WORKLOADS.iter().copied().chain(["parts", "bench"]) {
        let folder = Path::new("crates").join(room);
        let list = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut members: Vec<PathBuf> = list.filter_map(|item| Some(item.ok()?.path())).collect();
        members.sort();
        for member in members {
            let name = member.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let main = if room == "bench" { "src/main.rs" } else { "src/lib.rs" };
            let path =
                [main, "src/lib.rs"].map(|file| member.join(file)).into_iter().find(|path| path.is_file());
            let Some(path) = path else { continue };
            let text = files::text(&path)?;
            let doc: Vec<&str> =
                text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
            let doc = doc.split(|line| line.is_empty()).next().unwrap_or_default().join(" ");
            let sentence = doc
                .split_inclusive(". ")
                .next()
                .unwrap_or_default()
                .trim()
                .replace("[`", "`")
                .replace("`]", "`");
            found.push(format!("[{room}/{name}]({room}/{name}): {sentence}"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn a_line_in_place_of_another_changes_two() {
        assert_eq!(changed("a\nb\nc\n", "a\nx\nc\nd\n"), 3);
        assert_eq!(changed("a\n", "a\n"), 0);
    }
}
