//! What holds on several machines, and what does not.

use anyhow::{Result, ensure};
use bench_data::results::{Entry, Group};

use crate::{
    format::code,
    markdown::Table,
    markers::{
        figure,
        machines::{Machines, machine},
    },
    pages,
};

/// `KEY MACHINE…`: each program's ratio to the reference on each machine, and whether the verdicts are the same. Every
/// ratio is of one machine, commit and day, which its column names; none is of two.
///
/// # Errors
/// No such results.
pub fn table(arguments: &[&str], machines: &Machines) -> Result<String> {
    ensure!(arguments.len() > 2, "it takes KEY MACHINE MACHINE…");
    let groups = arguments[1..].iter().map(|folder| figure::group(machine(folder, machines)?, arguments[0]));
    let groups: Vec<&Group> = groups.collect::<Result<_>>()?;
    let heads = arguments[1..].iter().zip(&groups).map(|(folder, group)| {
        format!(
            "[{folder}](../results/{folder}/{}), {}",
            pages::anchor(group),
            group.facts().version_for_people()
        )
    });
    let head = std::iter::once("program".to_owned()).chain(heads).chain(["on all".to_owned()]);
    let mut table = Table::figures(head);
    for first in groups[0].entries.iter().filter(|entry| entry.row.control.is_none() && !entry.row.python) {
        let verdicts: Vec<Option<&str>> =
            groups.iter().map(|group| same(group, first)?.figures.verdict.as_deref()).collect();
        let missing = if pages::is_reference(groups[0], first) { "reference" } else { "–" };
        let cells = groups.iter().map(|group| {
            same(group, first).and_then(|entry| pages::ratio(group, entry)).unwrap_or(missing.to_owned())
        });
        let on_all = match verdicts[0] {
            Some(verdict @ ("faster" | "slower")) if verdicts.iter().all(|other| *other == Some(verdict)) => {
                verdict
            }
            _ if verdicts.contains(&None) => "–",
            Some("none") if verdicts.iter().all(|other| *other == Some("none")) => "no difference shown",
            _ => "not the same",
        };
        table.row(std::iter::once(code(&first.row.program)).chain(cells).chain([on_all.to_owned()]));
    }
    Ok(table.to_string())
}

/// The same program in another group.
fn same<'a>(group: &'a Group, first: &Entry) -> Option<&'a Entry> {
    group.entries.iter().find(|entry| entry.row.slug == first.row.slug)
}
