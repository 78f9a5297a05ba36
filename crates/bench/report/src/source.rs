//! Code in documents, and the map of the crates, from the sources that are built.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use bench_data::{files, matrix::Matrix};
use minijinja::{Value, context};
use similar::{ChangeTag, TextDiff};

/// Lines that surround a change.
const AROUND: usize = 2;

/// A source, or its items of these names, as in `main,ask`.
pub fn lines(path: &str, names: Option<&str>) -> Result<String> {
    let text = part(&files::text(Path::new(path))?, names);
    ensure!(!text.is_empty(), "{path} has no {}", names.unwrap_or("text"));
    let language = if path.ends_with(".py") { "python" } else { "rust" };
    Ok(format!("```{language}\n{text}```\n"))
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

/// The programs in `crates/PARENT`: the text of their `main.rs`, by the name of their folder.
fn programs(parent: &str) -> Result<BTreeMap<String, String>> {
    let mut programs = BTreeMap::new();
    for folder in files::folders(&Path::new("crates").join(parent))? {
        let path = folder.join("src/main.rs");
        if path.is_file() {
            programs.insert(name(&folder), files::text(&path)?);
        }
    }
    Ok(programs)
}

/// The map: programs by model and workload with the size of each one's diff, folders of other programs, and libraries.
pub fn map(matrix: &Matrix, names: &[String]) -> Result<Value> {
    let columns: Vec<_> = names.iter().map(|workload| programs(workload)).collect::<Result<_>>()?;
    let mut declared = matrix.programs();
    declared.retain(|program| !program.python && names.contains(&program.workload));
    let mut folders: Vec<&str> = Vec::new();
    for program in &declared {
        if !folders.contains(&program.folder()) {
            folders.push(program.folder());
        }
    }
    let rows = folders.into_iter().map(|folder| {
        let cells = columns.iter().zip(names).map(|(programs, workload)| {
            let text = programs.get(folder)?;
            let program =
                declared.iter().find(|program| program.workload == *workload && program.folder() == folder);
            let neighbour = program.and_then(|program| program.neighbour.as_ref());
            let changed = neighbour.and_then(|neighbour| Some(changed(programs.get(neighbour)?, text)));
            Some(context! { workload, lines => text.lines().count(), neighbour, changed })
        });
        context! { name => folder, cells => cells.map(Value::from).collect::<Value>() }
    });
    let rows: Value = rows.collect();
    let (mut others, mut libraries) = (Vec::new(), Vec::new());
    for parent in files::folders(Path::new("crates"))? {
        let is_tools = name(&parent) == "bench";
        let programs = programs(&name(&parent))?;
        if !is_tools && !programs.is_empty() && !names.contains(&name(&parent)) {
            let program = |(name, text): (&String, &String)| context! { name, lines => text.lines().count() };
            let programs: Value = programs.iter().map(program).collect();
            others.push(context! { parent => name(&parent), programs });
        }
        for folder in files::folders(&parent)? {
            let sources = ["src/lib.rs", "src/main.rs"].map(|source| folder.join(source));
            let source = sources.iter().take(if is_tools { 2 } else { 1 }).find(|source| source.is_file());
            if let Some(source) = source {
                let name = format!("{}/{}", name(&parent), name(&folder));
                libraries.push(context! { name, does => first_sentence(&files::text(source)?) });
            }
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

/// The items of these names, with their comments and attributes; all of the text without names.
fn part(text: &str, names: Option<&str>) -> String {
    let Some(names) = names else { return text.to_owned() };
    let items = items(text);
    let wanted = items.iter().filter(|(name, _)| names.split(',').any(|wanted| wanted == name));
    wanted.map(|(_, item)| item.as_str()).collect::<Vec<_>>().join("\n")
}

/// The items of a source as rustfmt lays them out, by name. Imports are all called `use`.
fn items(text: &str) -> Vec<(String, String)> {
    let mut items: Vec<(String, String)> = Vec::new();
    let (mut name, mut item) = (String::new(), String::new());
    for line in text.lines().filter(|line| !line.starts_with("//!")) {
        let outermost = !line.starts_with([' ', ')']) && !line.is_empty();
        if item.is_empty() && !outermost {
            continue;
        }
        item += &format!("{line}\n");
        if outermost && !line.starts_with("//") && !line.starts_with("#[") {
            if name.is_empty() {
                name = named(line);
            }
            if line.ends_with([';', '}']) {
                match items.last_mut().filter(|(last, _)| *last == "use" && name == "use") {
                    Some((_, imports)) => *imports += &item,
                    None => items.push((name.clone(), item.clone())),
                }
                (name, item) = (String::new(), String::new());
            }
        }
    }
    items
}

/// The name of the item that begins in this line.
fn named(line: &str) -> String {
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let kinds = ["fn", "struct", "enum", "const", "static", "type", "trait", "mod", "impl"];
    match words.find(|word| *word == "use" || kinds.contains(word)) {
        Some("use") => "use".to_owned(),
        Some(_) => words.next().unwrap_or_default().to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! Header.\n\nuse a::{\n    b,\n};\nuse c;\n\n/// Arguments.\n#[derive(Parser)]\nstruct Args {\n    \
        /// One\n    one: u8,\n}\n\nconst N: u8 = 1;\n\nasync fn main(\n    a: u8,\n) -> Result<()> {\n    if a {}\n\n    b();\n}\n";

    #[test]
    fn an_item_has_its_comment_and_all_of_its_lines() {
        assert_eq!(part(SOURCE, Some("use")), "use a::{\n    b,\n};\nuse c;\n");
        assert_eq!(
            part(SOURCE, Some("Args,N")),
            "/// Arguments.\n#[derive(Parser)]\nstruct Args {\n    /// One\n    one: u8,\n}\n\nconst N: u8 = 1;\n"
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
