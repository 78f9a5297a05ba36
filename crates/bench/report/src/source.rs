//! Code in documents, and the map of the crates, from the sources that are built.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use bench_data::{
    files,
    matrix::{Matrix, Program},
};
use minijinja::{Value, context};
use similar::{ChangeTag, TextDiff};

/// Lines that surround a change.
const AROUND: usize = 2;

/// A source, or its items of these names, as in `main,ask`.
pub fn lines(path: &str, names: Option<&str>) -> Result<String> {
    let text = part(&files::text(Path::new(path))?, names);
    ensure!(!text.is_empty(), "{path} has no {}", names.unwrap_or("text"));
    Ok(format!("```rust\n{text}```\n"))
}

/// The lines that change from one source to the other, in the whole or in their items of these names.
pub fn changes(old: &str, new: &str, names: Option<&str>) -> Result<String> {
    let text = |path: &str| files::text(Path::new(path)).context("nothing to compare");
    let (before, after) = (part(&text(old)?, names), part(&text(new)?, names));
    ensure!(before != after, "nothing changes from {old} to {new} in {}", names.unwrap_or("them"));
    let diff = TextDiff::from_lines(&before, &after);
    // Lines are counted within the items: the numbers would lead nowhere.
    let hunks = diff.unified_diff().context_radius(AROUND).to_string();
    let hunks = hunks.lines().map(|line| if line.starts_with("@@") { "@@" } else { line });
    Ok(format!("```diff\n--- {old}\n+++ {new}\n{}\n```\n", hunks.collect::<Vec<_>>().join("\n")))
}

fn program(parent: &str, folder: &str) -> Option<String> {
    fs::read_to_string(format!("crates/{parent}/{folder}/src/main.rs")).ok()
}

/// The map: programs by model and workload with the size of each one's diff, folders of other programs, and libraries.
pub fn map(matrix: &Matrix, names: &[String]) -> Result<Value> {
    let mut declared = matrix.programs();
    declared.retain(|program| !program.python && names.contains(&program.workload));
    let rows = declared.iter().map(Program::folder).map(|folder| {
        let cell = |workload: &String| {
            let text = program(workload, folder)?;
            let is_cell = |program: &&Program| program.workload == *workload && program.folder() == folder;
            let neighbour = declared.iter().find(is_cell).and_then(|program| program.neighbour.as_ref());
            let changed =
                neighbour.and_then(|neighbour| Some(changed(&program(workload, neighbour)?, &text)));
            Some(context! { workload, lines => text.lines().count(), neighbour, changed })
        };
        context! { name => folder, cells => names.iter().map(cell).map(Value::from).collect::<Value>() }
    });
    let rows: Value = rows.collect();
    let (mut others, mut libraries) = (Vec::new(), Vec::new());
    for parent in files::folders(Path::new("crates"))? {
        let parent_name = name(&parent);
        let mut programs = Vec::new();
        for folder in files::folders(&parent)? {
            let name = name(&folder);
            let text = program(&parent_name, &name);
            let library = fs::read_to_string(folder.join("src/lib.rs")).ok();
            let header = library.or(text.clone().filter(|_| parent_name == "bench"));
            libraries.extend(header.map(|header| {
                context! { name => format!("{parent_name}/{name}"), does => first_sentence(&header) }
            }));
            programs.extend(text.map(|text| context! { name, lines => text.lines().count() }));
        }
        if parent_name != "bench" && !programs.is_empty() && !names.contains(&parent_name) {
            others.push(context! { parent => parent_name, programs });
        }
    }
    Ok(context! { names => names.to_vec(), rows, others, libraries })
}

/// The lines that `diff` marks with `<` or `>`.
fn changed(old: &str, new: &str) -> usize {
    let diff = TextDiff::from_lines(old, new);
    diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count()
}

fn first_sentence(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let paragraph: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ").replace("[`", "`").replace("`]", "`");
    paragraph.split_inclusive(". ").next().unwrap_or_default().trim().to_owned()
}

pub fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The functions and types of these names, with their comments and attributes; all of the text without names.
fn part(text: &str, names: Option<&str>) -> String {
    let Some(names) = names else { return text.to_owned() };
    let wanted = |item: &&str| {
        let head = item.lines().find(|line| !line.starts_with("//") && !line.starts_with('#'));
        let mut words = head.unwrap_or_default().split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| names.split(',').any(|name| name == word))
    };
    items(text).filter(wanted).collect::<Vec<_>>().join("\n")
}

/// As rustfmt lays them out: an item ends with a brace that is not indented, and an empty line stands before it.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive("\n}\n").map(|end| {
        let outermost = |(place, _): &(usize, &str)| !end[place + 2..].starts_with(' ');
        let begin = end.match_indices("\n\n").filter(outermost).last();
        begin.map_or(end, |(place, _)| &end[place + 2..]).trim_start_matches('\n')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! Header.\n\nuse a::{\n    b,\n};\nuse c;\n\n/// Arguments.\n#[derive(Parser)]\nstruct Args {\n    \
        /// One\n    one: u8,\n}\n\nconst N: u8 = 1;\n\nasync fn main(\n    a: u8,\n) -> Result<()> {\n    if a {}\n\n    b();\n}\n";

    #[test]
    fn an_item_has_its_comment_and_all_of_its_lines() {
        assert_eq!(
            part(SOURCE, Some("Args,N")),
            "/// Arguments.\n#[derive(Parser)]\nstruct Args {\n    /// One\n    one: u8,\n}\n"
        );
        let main = part(SOURCE, Some("main"));
        assert!(main.starts_with("async fn main(\n") && main.ends_with("    b();\n}\n"), "{main}");
        assert_eq!(part(SOURCE, Some("ask")), "");
    }
    #[test]
    fn a_line_that_replaces_another_changes_two() {
        assert_eq!(changed("a\nb\nc\n", "a\nx\nc\nd\n"), 3);
        assert_eq!(changed("a\n", "a\n"), 0);
    }

    #[test]
    fn a_library_is_described_by_its_first_sentence() {
        assert_eq!(
            first_sentence("//! Asks [`Hosts`]\n//! once. And more.\n//!\n//! No.\nfn"),
            "Asks `Hosts` once."
        );
    }
}
