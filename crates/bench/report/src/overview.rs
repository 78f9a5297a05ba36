//! The two pages above a results directory: the list of machines, and the table in the root README.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    markdown::Table,
    page,
    results::{self, Results},
};

const BEGIN: &str = "<!-- results:begin -->";
const END: &str = "<!-- results:end -->";

/// Writes `README.md` of the folder that holds all results.
///
/// # Errors
/// No results there, or unusable ones.
pub fn index(folder: &Path) -> Result<()> {
    let machines = results::machines(folder)?;
    ensure!(!machines.is_empty(), "{} holds no results", folder.display());
    let mut text = "Made by `make bench`; `make report` makes it again.\n\n# Results\n\nThe fastest program of each workload, on every machine:\n\n".to_owned();
    let mut table = Table::words(["machine", "CPU, kernel", "workload (items)", "fastest"]);
    for machine in machines {
        let results = Results::read(&machine)?;
        results.check_csv(&machine)?;
        let name = machine.file_name().unwrap_or_default().to_string_lossy();
        let facts = format!("{}, Linux {}", page::title(&results.machine), results.machine.kernel);
        let mut first = [format!("[{name}]({name}/README.md)"), facts];
        for (workload, headline) in page::headlines(&results.groups) {
            let [name, facts] = std::mem::take(&mut first);
            table.row([name, facts, workload, headline]);
        }
    }
    text += &table.to_string();
    text += "\n`make compare BASE=results/… NEW=results/…` sets two of them side by side.\n";
    write(&folder.join("README.md"), &text)
}

/// Replaces the part between the markers in the root README.
///
/// # Errors
/// No markers, or unusable results; then nothing is written.
pub fn readme(readme: &Path, folder: &Path) -> Result<()> {
    let text = fs::read_to_string(readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let Some((before, rest)) = text.split_once(BEGIN) else { bail!("{} has no {BEGIN}", readme.display()) };
    let Some((_, after)) = rest.split_once(END) else { bail!("{} has no {END} after it", readme.display()) };
    let results = Results::read(folder)?;
    results.check_csv(folder)?;
    let table = page::short(&results, folder.to_string_lossy().trim_end_matches('/'));
    write(readme, &format!("{before}{BEGIN}\n{table}{END}{after}"))
}

/// Aside first, so that a full disk leaves the old one.
fn write(path: &Path, text: &str) -> Result<()> {
    let aside = path.with_extension("md.new");
    fs::write(&aside, text).with_context(|| format!("cannot write {}", aside.display()))?;
    fs::rename(&aside, path).with_context(|| format!("cannot move {} into place", path.display()))
}
