//! Complete results take the place of the old ones in one step: at every instant, also of a kill, `results/<machine>` is
//! the old folder or the new one, whole.
//!
//! They are put together in `results/.new/<machine>`, on the same disk: a disk that is full is full then. The kernel
//! exchanges both (`renameat2`, RENAME_EXCHANGE). Where a file system cannot, the old folder is first renamed to
//! `results/.old/<machine>`; a kill right there leaves it, and [`Exchange::restore`] brings it back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rustix::fs::{CWD, RenameFlags, renameat_with};

/// A results folder, and those beside it.
pub struct Exchange {
    /// `results/<machine>`.
    pub place: PathBuf,
    /// `results/.new/<machine>`, with the same last name: it stands in the pages.
    pub new: PathBuf,
    old: PathBuf,
    aside: [PathBuf; 2],
}

impl Exchange {
    pub fn new(results: &Path, machine: &str) -> Self {
        let aside = [results.join(".new"), results.join(".old")];
        Self { place: results.join(machine), new: aside[0].join(machine), old: aside[1].join(machine), aside }
    }

    /// Brings back what a killed run has put aside and not replaced.
    pub fn restore(&self) -> Result<()> {
        if self.old.exists() && !self.place.exists() {
            rename(&self.old, &self.place)?;
        }
        Ok(())
    }

    /// Room for new results. What a killed run has left is in the way: a copy, or results that were replaced.
    pub fn make_room(&self) -> Result<()> {
        self.clean()?;
        fs::create_dir_all(&self.new).with_context(|| format!("cannot create {}", self.new.display()))
    }

    /// Puts the new results in place of the old ones.
    pub fn exchange(&self) -> Result<()> {
        if !self.place.exists() {
            rename(&self.new, &self.place)?;
        } else if renameat_with(CWD, &self.new, CWD, &self.place, RenameFlags::EXCHANGE).is_err() {
            fs::create_dir_all(&self.aside[1])
                .with_context(|| format!("cannot create {}", self.aside[1].display()))?;
            rename(&self.place, &self.old)?;
            rename(&self.new, &self.place)?;
        }
        // Of no use any more. What cannot be removed is in nobody's way.
        let _ = self.clean();
        Ok(())
    }

    /// Removes what is aside of this machine.
    pub fn clean(&self) -> Result<()> {
        for folder in [&self.new, &self.old].into_iter().filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        // Of another machine there may be something in them.
        self.aside.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        Ok(())
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))
}

/// Copies a folder with all that is in it; files that are there already are written over.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let error = || format!("cannot copy {} to {}", from.display(), to.display());
    if !from.is_dir() {
        fs::copy(from, to).with_context(error)?;
        return Ok(());
    }
    fs::create_dir_all(to).with_context(error)?;
    for entry in fs::read_dir(from).with_context(error)? {
        let name = entry.with_context(error)?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, text: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("file"), text).unwrap();
    }

    #[test]
    fn new_results_replace_the_old_ones_and_leftovers_of_a_kill_are_used_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let exchange = Exchange::new(folder.path(), "box");
        let text = || fs::read_to_string(exchange.place.join("file")).unwrap();
        for new in ["first", "second"] {
            exchange.make_room().unwrap();
            write(&exchange.new, new);
            exchange.exchange().unwrap();
            assert_eq!(text(), new);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing aside");
        }
        fs::remove_dir_all(&exchange.place).unwrap();
        write(&exchange.old, "the only copy");
        write(&exchange.new, "half");
        exchange.restore().unwrap();
        assert_eq!(text(), "the only copy");
        write(&exchange.old, "replaced");
        exchange.restore().unwrap();
        exchange.make_room().unwrap();
        assert_eq!(text(), "the only copy");
        assert!(!exchange.old.exists() && fs::read_dir(&exchange.new).unwrap().next().is_none());
    }
}
