//! What the programs of a workload were made of, as one hash for each row: two figures belong to the same program when it is
//! the same. It needs no git, and sees changes that nobody has committed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{files, workload::Workload};
use sha2::{Digest, Sha256};

use crate::results::entries;

/// What programs are built with, and what answers them.
const SHARED: [&str; 4] = ["crates/bench/lab", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];

/// The hash of each row, by its folder's name: of its workload's folder and of all libraries, since the shapes use that of db.
pub fn hashes(workload: &Workload) -> Result<BTreeMap<String, String>> {
    let mut roots: Vec<PathBuf> = SHARED.map(PathBuf::from).to_vec();
    roots.push(Path::new("crates").join(&workload.name));
    for folder in files::folders(Path::new("crates")).unwrap_or_default() {
        let crates = files::folders(&folder).unwrap_or_default().into_iter();
        roots.extend(
            crates.filter(|_| !folder.ends_with("bench")).filter(|path| path.join("src/lib.rs").exists()),
        );
    }
    let rust = digest(&roots)?;
    let python = digest(&["scripts/python", "crates/bench/lab"].map(PathBuf::from))?;
    let rows = workload.rows.iter().map(|row| {
        let mut hash = if row.python { python.clone() } else { rust.clone() };
        row.argv.iter().for_each(|word| hash.update(format!("{word}\0")));
        let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (row.slug.clone(), hex)
    });
    Ok(rows.collect())
}

fn digest(roots: &[PathBuf]) -> Result<Sha256> {
    let mut hash = Sha256::new();
    roots.iter().try_for_each(|root| add(root, &mut hash))?;
    Ok(hash)
}

/// Adds what a file holds, or all files of a folder in the order of their names. Not the pages, into which the report writes
/// figures, nor what Python compiles.
fn add(path: &Path, hash: &mut Sha256) -> Result<()> {
    if path.is_dir() {
        return entries(path)?.iter().try_for_each(|path| add(path, hash));
    }
    let skipped = path.extension().is_some_and(|extension| extension == "md" || extension == "pyc");
    if path.is_file() && !skipped {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        hash.update(format!("{}\0{}\0", path.display(), text.len()));
        hash.update(text);
    }
    Ok(())
}
