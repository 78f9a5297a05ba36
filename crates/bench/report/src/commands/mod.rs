//! What the command line asks for.

mod index;
mod map;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{
    files,
    results::{self, Results},
};

use crate::{generated::Generated, markers, pages, read::read};

/// Where committed results are.
const RESULTS: &str = "results";
/// Where pages with marked parts are.
const DOCS: &str = "docs";

/// Makes all generated files of `folders`, or of the whole repository where there are none; or checks that they are as
/// they would be made.
///
/// # Errors
/// Unusable results or sources: then nothing is written. A file that is stale, or cannot be written.
pub fn report(folders: &[PathBuf], check: bool) -> Result<String> {
    let generated = match folders {
        [] => everything()?,
        folders => folders.iter().map(|folder| all_of(folder, &read(folder)?)).collect::<Result<_>>()?,
    };
    for files in &generated {
        if check { files.check()? } else { files.write()? }
    }
    let pages = folders.iter().map(|folder| format!("{}/README.md\n", folder.display()));
    Ok(if check { "All generated files are as they would be made.\n".to_owned() } else { pages.collect() })
}

fn all_of(folder: &Path, results: &Results) -> Result<Generated> {
    Ok(Generated::all(folder, pages::files(results)))
}

fn everything() -> Result<Vec<Generated>> {
    let folders =
        if Path::new(RESULTS).is_dir() { results::machines(Path::new(RESULTS))? } else { Vec::new() };
    let mut machines = BTreeMap::new();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        machines.insert(name, read(&folder)?);
    }
    let mut generated = Vec::new();
    for (name, results) in &machines {
        generated.push(all_of(&Path::new(RESULTS).join(name), results)?);
    }
    if !machines.is_empty() {
        generated.push(Generated::one(&Path::new(RESULTS).join("README.md"), index::page(&machines)));
    }
    generated.push(Generated::one(Path::new("crates/README.md"), map::page()?));
    for path in marked()? {
        let text = files::text(&path)?;
        let filled =
            markers::fill(&text, &machines).with_context(|| format!("cannot fill {}", path.display()))?;
        generated.push(Generated::one(&path, filled));
    }
    Ok(generated)
}

/// README.md, those of the programs, and the pages in docs/.
fn marked() -> Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::from("README.md")];
    for workload in files::folders(Path::new("crates")).unwrap_or_default() {
        found.extend(
            files::folders(&workload).unwrap_or_default().iter().map(|folder| folder.join("README.md")),
        );
    }
    if Path::new(DOCS).is_dir() {
        let list = fs::read_dir(DOCS).with_context(|| format!("cannot read {DOCS}"))?;
        found.extend(list.filter_map(|item| Some(item.ok()?.path())));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md") && path.is_file());
    found.sort();
    Ok(found)
}
