//! Where a run writes: everything under `target/bench`, until it is complete.

use std::{env, ffi::OsString, fs, path::Path};

use anyhow::{Context, Result};

/// Names of the folders and files, relative to the root of the repository.
pub struct Place;

impl Place {
    /// All of it.
    pub const ALL: &str = "target/bench";
    /// What the server writes.
    pub const LAB: &str = "target/bench/lab";
    /// What the server notes of each item, where it does.
    pub const TRACE: &str = "target/bench/lab/trace.csv";
    /// The results under construction.
    pub const NEW: &str = "target/bench/new";
    /// What is written and not kept.
    pub const SCRATCH: &str = "target/bench/scratch";
    /// hyperfine's export of one round.
    pub const ROUND: &str = "target/bench/round.json";
    /// What the last step wrote to standard error, and to standard output.
    pub const ERRORS: &str = "target/bench/stderr.txt";
    /// What the last step wrote to standard output.
    pub const OUTPUT: &str = "target/bench/stdout.txt";

    /// Folder of a row's raw data.
    pub fn raw(key: &str, slug: &str) -> String {
        format!("{}/raw/{key}/{slug}", Self::NEW)
    }

    /// A word of a command with the folder of the server.
    pub fn fill(word: &str) -> String {
        word.replace("{lab}", Self::LAB)
    }

    /// Away with the last run, and room for a new one.
    ///
    /// # Errors
    /// Names the folder.
    pub fn make() -> Result<()> {
        if Path::new(Self::ALL).exists() {
            fs::remove_dir_all(Self::ALL).with_context(|| format!("cannot remove {}", Self::ALL))?;
        }
        Self::make_folders()
    }

    /// The folders of a run that goes on.
    ///
    /// # Errors
    /// Names the folder.
    pub fn make_folders() -> Result<()> {
        [Self::LAB, Self::NEW, Self::SCRATCH].into_iter().try_for_each(|folder| {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))
        })
    }
}

/// `PATH` with our own tools in front: hyperfine is there.
pub fn path() -> OsString {
    let mut path = env::current_dir().unwrap_or_default().join("target/tools/bin").into_os_string();
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    path
}
