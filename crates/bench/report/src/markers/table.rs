//! A table of chosen programs and figures.

use anyhow::{Context, Result, bail};
use bench_data::results::{Entry, Group, Results};

use crate::{
    format::{self, code},
    markdown::Table,
    markers::{
        figure,
        machines::{Machines, machine},
    },
    pages::outcome,
};

/// Stands for the number of items in the name of a row.
const SIZE: &str = "{size}";

/// `MACHINE SLUG,… KEY:FIELD,…`: a row for each program, a column for each figure of a folder in `raw`. In a slug,
/// `{size}` is the number of items.
///
/// # Errors
/// No such folder or field.
pub fn rows(arguments: &[&str], machines: &Machines) -> Result<String> {
    let (fields, programs) = cells(arguments, machines)?;
    let mut table = Table::figures(std::iter::once("program".to_owned()).chain(fields));
    programs.into_iter().for_each(|(name, cells)| table.row(std::iter::once(name).chain(cells)));
    Ok(table.to_string())
}

/// The same with a column for each program, a row for each figure.
///
/// # Errors
/// No such folder or field.
pub fn columns(arguments: &[&str], machines: &Machines) -> Result<String> {
    let (fields, programs) = cells(arguments, machines)?;
    let names = programs.iter().map(|(name, _)| name.clone());
    let mut table = Table::figures(std::iter::once(String::new()).chain(names));
    for (place, field) in fields.into_iter().enumerate() {
        table.row(std::iter::once(field).chain(programs.iter().map(|(_, cells)| cells[place].clone())));
    }
    Ok(table.to_string())
}

/// A program's name, and its figures.
type Line = (String, Vec<String>);

/// The names of the figures, and the programs.
fn cells(arguments: &[&str], machines: &Machines) -> Result<(Vec<String>, Vec<Line>)> {
    let [folder, slugs, columns] = arguments else { bail!("it takes MACHINE SLUGS COLUMNS") };
    let results = machine(folder, machines)?;
    let columns = columns.split(',').map(|column| parse(results, column));
    let columns: Vec<(&Group, &str)> = columns.collect::<Result<_>>()?;
    let one_group = columns.iter().all(|(group, _)| group.workload.key == columns[0].0.workload.key);
    let fields = columns.iter().map(|(group, field)| match one_group {
        true => figure::label(group, field),
        false => format!("{}, {}", figure::label(group, field), condition(group)),
    });
    let mut programs = Vec::new();
    for slug in slugs.split(',') {
        let mut name = code(&slug.replace(SIZE, "N"));
        let mut cells = Vec::new();
        for (group, field) in &columns {
            let size = group.workload.size.to_string();
            let row = slug.replace(SIZE, &size);
            let Some(entry) = group.entries.iter().find(|entry| entry.row.slug == row) else {
                cells.push("–".to_owned());
                continue;
            };
            name = code(&label(entry, slug.contains(SIZE), &size));
            cells.push(match entry.figures.is_ok() {
                true => figure::text(results, group, entry, field)?.unwrap_or("–".to_owned()),
                false => outcome(entry),
            });
        }
        programs.push((name, cells));
    }
    Ok((fields.collect(), programs))
}

fn parse<'a, 'b>(results: &'a Results, column: &'b str) -> Result<(&'a Group, &'b str)> {
    let (key, field) = column.split_once(':').with_context(|| format!("{column:?} is not KEY:FIELD"))?;
    Ok((figure::group(results, key)?, field))
}

/// The program, with `N` for its number of items.
fn label(entry: &Entry, sized: bool, size: &str) -> String {
    match entry.row.program.strip_suffix(size).filter(|_| sized) {
        Some(program) => format!("{program}N"),
        None => entry.row.program.clone(),
    }
}

/// What tells a group from the others of its table.
fn condition(group: &Group) -> String {
    let workload = &group.workload;
    match (&workload.fault, workload.rtt_s) {
        (Some(fault), _) => fault.title.clone(),
        (None, Some(rtt)) => format!("{} ms away", format::ms(rtt)),
        (None, None) => format!("{} items", workload.size),
    }
}
