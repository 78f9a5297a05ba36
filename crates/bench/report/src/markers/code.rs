//! Code in docs, from the sources that are built.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bench_data::files;
use similar::TextDiff;

use crate::markers::machines::Machines;

/// Lines that surround a change.
const AROUND: usize = 2;

/// `FILE [FROM..TO]`: a source, or its lines from one to the other, both included.
///
/// # Errors
/// No such file or lines.
pub fn lines(arguments: &[&str], _: &Machines) -> Result<String> {
    let (path, range) = match arguments {
        [path] => (path, None),
        [path, range] => (path, Some(range)),
        _ => bail!("it takes FILE or FILE FROM..TO"),
    };
    let text = files::text(Path::new(path))?;
    let all: Vec<&str> = text.lines().collect();
    let (from, to) = match range {
        None => (1, all.len()),
        Some(range) => {
            let numbers = range.split_once("..").map(|(from, to)| (from.parse(), to.parse()));
            let Some((Ok(from), Ok(to))) = numbers else { bail!("{range:?} is not FROM..TO") };
            (from, to)
        }
    };
    ensure!(
        from >= 1 && from <= to && to <= all.len(),
        "{path} has lines 1..{}, not {from}..{to}",
        all.len()
    );
    let language = if path.ends_with(".py") { "python" } else { "rust" };
    Ok(format!("```{language}\n{}\n```\n", all[from - 1..to].join("\n")))
}

/// `FILE FILE`: what changes from one to the other.
///
/// # Errors
/// No such file.
pub fn changes(arguments: &[&str], _: &Machines) -> Result<String> {
    let [old, new] = arguments else { bail!("it takes FILE FILE") };
    let text = |path: &str| files::text(Path::new(path)).context("nothing to compare");
    let (before, after) = (text(old)?, text(new)?);
    let diff = TextDiff::from_lines(&before, &after);
    let unified = diff.unified_diff().context_radius(AROUND).header(old, new).to_string();
    Ok(format!("```diff\n{unified}```\n"))
}
