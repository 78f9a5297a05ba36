//! Generated files on their way to the disk: aside first, then moved into place.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use bench_data::files;

/// Generated files of one folder.
pub struct Generated {
    folder: PathBuf,
    /// By path in the folder.
    files: BTreeMap<String, String>,
    /// Whether all pages, tables and plots of the folder are among them.
    whole: bool,
}

impl Generated {
    /// All generated files of a results directory.
    pub fn all(folder: &Path, files: BTreeMap<String, String>) -> Self {
        Generated { folder: folder.to_owned(), files, whole: true }
    }

    /// One file.
    pub fn one(path: &Path, text: String) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        Generated { folder, files: BTreeMap::from([(name, text)]), whole: false }
    }

    /// Writes them: aside first, so that a full disk leaves the old ones, then moved into place.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self) -> Result<()> {
        let aside = self.folder.join(".new");
        let written = self.files.iter().try_for_each(|(name, text)| files::write(&aside.join(name), text));
        written.inspect_err(|_| drop(fs::remove_dir_all(&aside)))?;
        for name in self.files.keys() {
            let to = self.folder.join(name);
            let parent = to.parent().unwrap_or(&self.folder);
            let moved = fs::create_dir_all(parent).and_then(|()| fs::rename(aside.join(name), &to));
            moved.with_context(|| format!("cannot move {} into place", to.display()))?;
        }
        fs::remove_dir_all(&aside).with_context(|| format!("cannot remove {}", aside.display()))?;
        for path in self.left()? {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Compares them with what is there, byte for byte.
    ///
    /// # Errors
    /// The first file, and its first line, that differs; or a file that would not be made.
    pub fn check(&self) -> Result<()> {
        self.files.iter().try_for_each(|(name, text)| same(&self.folder.join(name), text))?;
        match self.left()?.first() {
            Some(path) => bail!("{} would not be made: make report", path.display()),
            None => Ok(()),
        }
    }

    /// Files of an earlier report that are not made any more.
    fn left(&self) -> Result<Vec<PathBuf>> {
        let mut left = Vec::new();
        for kind in ["", "plots"].iter().filter(|_| self.whole) {
            let folder = self.folder.join(kind);
            let Ok(list) = fs::read_dir(&folder) else { continue };
            for item in list {
                let path = item.with_context(|| format!("cannot read {}", folder.display()))?.path();
                let generated =
                    path.extension().is_some_and(|ext| ext == "md" || ext == "csv" || ext == "svg");
                let name = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy().into_owned();
                if generated && !self.files.contains_key(&name) {
                    left.push(path);
                }
            }
        }
        left.sort();
        Ok(left)
    }
}

fn same(path: &Path, expected: &str) -> Result<()> {
    let text = files::text(path)?;
    let pairs = text.lines().zip(expected.lines());
    let line = pairs.take_while(|(found, expected)| found == expected).count();
    let shown =
        |text: &str| text.lines().nth(line).unwrap_or("nothing").chars().take(160).collect::<String>();
    ensure!(
        text == expected,
        "{} line {} is stale: it has {:?}, made again it is {:?}; make report",
        path.display(),
        line + 1,
        shown(&text),
        shown(expected)
    );
    Ok(())
}
