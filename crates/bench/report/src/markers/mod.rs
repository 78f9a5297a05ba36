//! Marked parts of README.md and docs/: `<!-- NAME:begin ARGUMENTS -->`…`<!-- NAME:end -->`. What stands between the
//! markers is made of results and sources.

mod answer;
mod code;
mod figure;
mod machines;
mod page;
mod table;
mod travels;

use anyhow::{Context, Result, bail, ensure};

pub use machines::Machines;

/// Makes the text between two markers of its arguments.
type Generator = fn(&[&str], &Machines) -> Result<String>;

/// What may stand between markers. A text of several lines gets lines of its own.
const GENERATORS: [(&str, Generator); 12] = [
    // MACHINE: the ways of waiting, with time and memory for all hosts.
    ("answer", answer::table),
    // FILE [ITEMS]: a source, or items of it: `main,ask`; `use` stands for all imports.
    ("code", code::lines),
    // FILE FILE [ITEMS]: what changes from one source to the other.
    ("diff", code::changes),
    // MACHINE SLUGS KEY:FIELDs: a column for each program, a row for each figure.
    ("facts", table::columns),
    // MACHINE KEY SLUG FIELD: one figure.
    ("figure", figure::one),
    // MACHINE KEY SLUG SLUG: CPU time for each context switch that one program makes more than another.
    ("per-switch", figure::per_switch),
    // MACHINE KEY SLUG SLUG: the ratio of two programs within rounds.
    ("ratio", figure::ratio),
    // MACHINE: the ratios of every sitting.
    ("study", page::study),
    // MACHINE KEY: what the figures of a workload rest on.
    ("sure", page::sure),
    // MACHINE SLUGS KEY:FIELDs: a row for each program, a column for each figure.
    ("table", table::rows),
    // MACHINE MODEL: the picture of three hosts in time.
    ("timeline", page::timeline),
    // KEY MACHINE…: the ratios to the reference on several machines.
    ("travels", travels::table),
];

const BEGIN: &str = ":begin";

/// `text` with everything between markers made anew.
///
/// # Errors
/// An unknown name, a marker without its end, or arguments that a generator does not understand.
pub fn fill(text: &str, machines: &Machines) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!-- ") {
        let Some((words, after)) = comment.split_once("-->") else { break };
        let mut arguments: Vec<&str> = words.split_whitespace().collect();
        let name = arguments.first().and_then(|name| name.strip_suffix(BEGIN));
        filled += &format!("{before}<!-- {words}-->");
        rest = after;
        let Some(name) = name else { continue };
        let line = filled.lines().count();
        let Some((_, generator)) = GENERATORS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = GENERATORS.iter().map(|(name, _)| *name).collect();
            bail!("line {line}: nothing is called {name:?}; known are {}", known.join(", "))
        };
        let end = format!("<!-- {name}:end -->");
        let Some((old, after)) = after.split_once(&end) else { bail!("line {line}: {end} is missing") };
        ensure!(!old.contains(BEGIN), "line {line}: {end} is missing before the next marker");
        arguments.remove(0);
        let made = generator(&arguments, machines).with_context(|| format!("line {line}: {name}"))?;
        filled += &match made.contains('\n') {
            true => format!("\n{}\n", made.trim_end()),
            false => made,
        };
        filled += &end;
        rest = after;
    }
    Ok(filled + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", fill(text, &Machines::new()).unwrap_err())
    }

    #[test]
    fn what_is_not_marked_stays() {
        let text = "a <!-- remark --> b\n<!-- open";
        assert_eq!(fill(text, &Machines::new()).unwrap(), text);
    }

    #[test]
    fn wrong_markers_are_named() {
        assert_eq!(
            error("\n<!-- tabel:begin -->"),
            "line 2: nothing is called \"tabel\"; known are answer, code, diff, facts, figure, per-switch, ratio, study, sure, table, timeline, travels"
        );
        assert_eq!(error("<!-- code:begin x -->"), "line 1: <!-- code:end --> is missing");
        let figure = error("<!-- figure:begin m db db-tokio wall --><!-- figure:end -->");
        assert!(figure.contains("there are no results called \"m\""), "{figure}");
    }
}
