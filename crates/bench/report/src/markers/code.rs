//! Code in docs, from the sources that are built.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bench_data::files;
use similar::TextDiff;

use crate::markers::machines::Machines;

/// Lines that surround a change.
const AROUND: usize = 2;

/// `FILE [ITEMS]`: a source, or its items of these names, as in `main,ask`.
///
/// # Errors
/// No such file or items.
pub fn lines(arguments: &[&str], _: &Machines) -> Result<String> {
    let (path, names) = match arguments {
        [path] => (path, None),
        [path, names] => (path, Some(*names)),
        _ => bail!("it takes FILE or FILE ITEMS"),
    };
    let text = part(&files::text(Path::new(path))?, names);
    ensure!(!text.is_empty(), "{path} has no {}", names.unwrap_or("text"));
    let language = if path.ends_with(".py") { "python" } else { "rust" };
    Ok(format!("```{language}\n{text}```\n"))
}

/// `FILE FILE [ITEMS]`: what changes from one to the other, in the whole or in their items of these names.
///
/// # Errors
/// No such file, or nothing changes.
pub fn changes(arguments: &[&str], _: &Machines) -> Result<String> {
    let (old, new, names) = match arguments {
        [old, new] => (old, new, None),
        [old, new, names] => (old, new, Some(*names)),
        _ => bail!("it takes FILE FILE or FILE FILE ITEMS"),
    };
    let text = |path: &str| files::text(Path::new(path)).context("nothing to compare");
    let (before, after) = (part(&text(old)?, names), part(&text(new)?, names));
    ensure!(before != after, "nothing changes from {old} to {new} in {}", names.unwrap_or("them"));
    let diff = TextDiff::from_lines(&before, &after);
    // Lines are counted within the items: the numbers would lead nowhere.
    let hunks = diff.unified_diff().context_radius(AROUND).to_string();
    let hunks = hunks.lines().map(|line| if line.starts_with("@@") { "@@" } else { line });
    Ok(format!("```diff\n--- {old}\n+++ {new}\n{}\n```\n", hunks.collect::<Vec<_>>().join("\n")))
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
    use super::part;

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
}
