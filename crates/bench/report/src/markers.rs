//! Marked parts of README.md and docs/: `<!-- = EXPRESSION -->…<!-- end -->`. The expression is a template's, and what stands
//! behind it is its value. `<!-- figures: MACHINE -->` above them says whose figures they are.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use minijinja::{Environment, Value, context};

use crate::functions;

const FIGURES: &str = "figures: ";
const BEGIN: &str = "= ";
const END: &str = "<!-- end -->";

/// `text` with everything between markers made anew.
pub fn fill(env: &Environment, path: &Path, text: &str, machines: &Value) -> Result<String> {
    let up = "../".repeat(path.components().count() - 1);
    let mut machine = Value::UNDEFINED;
    let mut plots = String::new();
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!-- ") {
        let Some((words, after)) = comment.split_once(" -->") else { break };
        filled += before;
        let begins_line = filled.rsplit('\n').next().is_some_and(|start| start.trim().is_empty());
        filled += &format!("<!-- {words} -->");
        rest = after;
        if let Some(name) = words.strip_prefix(FIGURES) {
            machine = machines.get_attr(name)?;
            ensure!(!machine.is_undefined(), "there are no results called {name:?}");
            plots = format!("{up}results/{name}/plots/");
        }
        let Some(expression) = words.strip_prefix(BEGIN) else { continue };
        let line = filled.lines().count();
        let (old, after) = after.split_once(END).with_context(|| format!("line {line}: {END} is missing"))?;
        ensure!(!old.contains("<!-- = "), "line {line}: {END} is missing before the next marker");
        let variables =
            context! { machine => machine.clone(), machines => machines.clone(), plots => &plots };
        let value = env.compile_expression(expression).and_then(|expression| expression.eval(variables));
        let made = value.map_err(|error| anyhow!("line {line}: {error}"))?.to_string();
        ensure!(!made.trim().is_empty(), "line {line}: {expression} has no value");
        filled += &match made.contains('\n') {
            true => format!("\n{}", functions::tidy(&made)),
            false if begins_line => {
                bail!("line {line}: a comment that begins a line ends the paragraph: put a word before it")
            }
            false => made,
        };
        filled += END;
        rest = after;
    }
    Ok(filled + rest)
}
