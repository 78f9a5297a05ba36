//! The pages of this repository.

use std::fs;
use std::path::PathBuf;

use crate::root;

/// README.md, and the pages below docs, crates and results.
pub fn all() -> Vec<PathBuf> {
    let mut pages = files("md");
    pages.push(root().join("README.md"));
    pages
}

/// The plots below results.
pub fn plots() -> Vec<PathBuf> {
    files("svg")
}

/// The files below docs, crates and results with this ending, but for what tools wrote.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = ["docs", "crates", "results"].map(|folder| root().join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("the folder can be read").path();
            match path.is_dir() {
                true if path.ends_with("raw") || path.ends_with("fixtures") => {}
                true => folders.push(path),
                false if path.extension().is_some_and(|extension| extension == ending) => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    files
}
