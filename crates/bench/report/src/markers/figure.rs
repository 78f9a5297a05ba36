//! One figure in a sentence.

use anyhow::{Context, Result, bail};
use bench_data::{files, results::Results};

use crate::{
    format::{self, mib, three, wall, whole},
    markers::machines::{Machines, machine},
    pages,
};

/// `MACHINE KEY SLUG FIELD`: `intel… db db-tokio wall`. A field is `wall`, `memory`, `ratio`, `switches`, `cpu`, or a
/// column of measurements.csv.
///
/// # Errors
/// Nothing of that name, or nothing measured.
pub fn one(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder, key, slug, field] = arguments else { bail!("it takes MACHINE KEY PROGRAM FIELD") };
    let results: &Results = machine(folder, machines)?;
    let group = results.groups.iter().find(|group| group.workload.key == *key);
    let group = group.with_context(|| format!("{folder} has no raw/{key}"))?;
    let entry = group.entries.iter().find(|entry| entry.row.slug == *slug);
    let entry = entry.with_context(|| format!("{folder} has no raw/{key}/{slug}"))?;
    let figures = &entry.figures;
    let text = match *field {
        "wall" => figures.wall_median_s.map(|seconds| format!("{} s", wall(Some(seconds)))),
        "memory" => pages::memory(entry).map(|(_, kib, _)| format!("{} MiB", mib(Some(kib)))),
        "cpu" => figures.cpu_s().map(|seconds| format!("{} s", three(seconds))),
        "switches" => figures.switches().map(|all| whole(Some(all))),
        "ratio" => figures.ratio.map(|ratio| format::ratio(ratio, figures.ratio_low.zip(figures.ratio_high))),
        column => value(&files::to_csv([figures])?, column)?,
    };
    text.with_context(|| {
        format!("{field} of {slug} in {folder}/raw/{key} was not measured: {}", figures.status)
    })
}

/// A column of a table with one row; nothing where it is empty.
fn value(csv: &str, column: &str) -> Result<Option<String>> {
    let mut lines = csv.lines().map(|line| line.split(','));
    let (Some(mut head), Some(mut row)) = (lines.next(), lines.next()) else { return Ok(None) };
    let place =
        head.position(|name| name == column).with_context(|| format!("no figure is called {column:?}"))?;
    Ok(row.nth(place).filter(|value| !value.is_empty()).map(str::to_owned))
}
