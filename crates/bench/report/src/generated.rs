//! Generated files on their way to the disk: all aside first, so that a full disk leaves the old ones, then moved into place.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use bench_data::files;

#[derive(Default)]
pub struct Generated {
    pub files: BTreeMap<PathBuf, String>,
    /// Folders whose pages, tables and pictures are all among the files.
    pub folders: Vec<PathBuf>,
}

impl Generated {
    /// # Errors
    /// Names the file that cannot be written.
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
        for path in self.left()? {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Compares them with the files on the disk, byte for byte.
    ///
    /// # Errors
    /// The first file, and its first line, that differs; or a file that would not be made.
    pub fn check(&self) -> Result<()> {
        for (path, made) in &self.files {
            let found = files::text(path)?;
            let line = found.lines().zip(made.lines()).take_while(|(found, made)| found == made).count();
            let shown = |text: &str| -> String {
                text.lines().nth(line).unwrap_or("nothing").chars().take(160).collect()
            };
            ensure!(
                found == *made,
                "{} line {} is stale: it has {:?}, a new one has {:?}; make report",
                path.display(),
                line + 1,
                shown(&found),
                shown(made)
            );
        }
        match self.left()?.first() {
            Some(path) => bail!("{} would not be made: make report", path.display()),
            None => Ok(()),
        }
    }

    /// Files of an earlier report that are not made any more.
    fn left(&self) -> Result<Vec<PathBuf>> {
        let mut left = Vec::new();
        for folder in self.folders.iter().flat_map(|folder| [folder.clone(), folder.join("plots")]) {
            let Ok(list) = fs::read_dir(&folder) else { continue };
            for item in list {
                let path = item.with_context(|| format!("cannot read {}", folder.display()))?.path();
                let generated =
                    ["md", "csv", "svg"].map(Some).contains(&path.extension().and_then(|ext| ext.to_str()));
                if generated && !self.files.contains_key(&path) {
                    left.push(path);
                }
            }
        }
        left.sort();
        Ok(left)
    }
}
