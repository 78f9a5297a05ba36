//! Generated files on their way to the disk: all aside first, so that a full disk leaves the old ones, then moved into place.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use bench_data::files;

/// The text of each.
pub type Files = BTreeMap<PathBuf, String>;

/// All pages, tables and pictures in `folders` are to be among those generated.
pub fn write(generated: &Files, folders: &[PathBuf]) -> Result<()> {
    let aside = |path: &Path| path.with_added_extension("new");
    let written = generated.iter().try_for_each(|(path, text)| files::write(&aside(path), text));
    if written.is_err() {
        generated.keys().for_each(|path| drop(fs::remove_file(aside(path))));
    }
    written?;
    for path in generated.keys() {
        fs::rename(aside(path), path)
            .with_context(|| format!("cannot move {} into place", path.display()))?;
    }
    for path in left(generated, folders) {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// Compares them with the files on the disk, byte for byte; the first line that differs is an error.
pub fn check(generated: &Files, folders: &[PathBuf]) -> Result<()> {
    for (path, made) in generated {
        let found = files::text(path)?;
        let line = found.lines().zip(made.lines()).take_while(|(found, made)| found == made).count();
        let [old, new] = [&found, made]
            .map(|text| text.lines().nth(line).unwrap_or("nothing").chars().take(160).collect::<String>());
        let (file, line) = (path.display(), line + 1);
        ensure!(
            found == *made,
            "{file} line {line} is stale: it has {old:?}, a new one has {new:?}; make report"
        );
    }
    match left(generated, folders).first() {
        Some(path) => bail!("{} is not generated any more: make report", path.display()),
        None => Ok(()),
    }
}

/// Files of an earlier report that are not generated any more.
fn left(generated: &Files, folders: &[PathBuf]) -> Vec<PathBuf> {
    let folders = folders.iter().flat_map(|folder| [folder.clone(), folder.join("plots")]);
    let items = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let paths = items.filter_map(|item| Some(item.ok()?.path()));
    let is_left = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("md" | "csv" | "svg")) && !generated.contains_key(path)
    };
    paths.filter(is_left).collect()
}
