//! Generated files on their way to the disk: all aside first, so that a full disk leaves the old ones, then moved into place.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use bench_data::files;

pub struct Generated {
    pub files: BTreeMap<PathBuf, String>,
    /// Folders whose pages, tables and pictures are all among the files.
    pub folders: Vec<PathBuf>,
}

impl Generated {
    pub fn write(&self) -> Result<()> {
        let aside = |path: &Path| path.with_added_extension("new");
        let written = self.files.iter().try_for_each(|(path, text)| files::write(&aside(path), text));
        if written.is_err() {
            self.files.keys().for_each(|path| drop(fs::remove_file(aside(path))));
        }
        written?;
        for path in self.files.keys() {
            fs::rename(aside(path), path)
                .with_context(|| format!("cannot move {} into place", path.display()))?;
        }
        for path in self.left() {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Compares them with the files on the disk, byte for byte; the first line that differs is an error.
    pub fn check(&self) -> Result<()> {
        for (path, made) in &self.files {
            let found = files::text(path)?;
            let line = found.lines().zip(made.lines()).take_while(|(found, made)| found == made).count();
            let [old, new] = [&found, made].map(|text| {
                text.lines().nth(line).unwrap_or("nothing").chars().take(160).collect::<String>()
            });
            let (file, line) = (path.display(), line + 1);
            ensure!(
                found == *made,
                "{file} line {line} is stale: it has {old:?}, a new one has {new:?}; make report"
            );
        }
        match self.left().first() {
            Some(path) => bail!("{} is not generated any more: make report", path.display()),
            None => Ok(()),
        }
    }

    /// Files of an earlier report that are not generated any more.
    fn left(&self) -> Vec<PathBuf> {
        let folders = self.folders.iter().flat_map(|folder| [folder.clone(), folder.join("plots")]);
        let items = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let paths = items.filter_map(|item| Some(item.ok()?.path()));
        let generated = |path: &PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("md" | "csv" | "svg")) && !self.files.contains_key(path)
        };
        paths.filter(generated).collect()
    }
}
