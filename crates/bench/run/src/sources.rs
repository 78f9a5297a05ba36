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

/// Besides the folder of the workload, and the libraries: what its programs are built with, and what answers them.
const SHARED: [&str; 4] = ["crates/bench/lab", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];

/// The hash of each row, by its folder's name.
pub fn hashes(workload: &Workload) -> Result<BTreeMap<String, String>> {
    let own = Path::new("crates").join(&workload.name);
    let rust = digest(SHARED.map(PathBuf::from).into_iter().chain(libraries()).chain([own]))?;
    let python = digest(["scripts/python", "crates/bench/lab"].map(PathBuf::from).into_iter())?;
    let rows = workload.rows.iter().map(|row| {
        let mut hash = Sha256::new();
        hash.update(if row.python { python } else { rust });
        row.argv.iter().for_each(|word| hash.update(format!("{word}\0")));
        (row.slug.clone(), hex(&hash.finalize()))
    });
    Ok(rows.collect())
}

/// Those of parts and of every workload: the shapes use that of db.
fn libraries() -> Vec<PathBuf> {
    let folders = |path: &Path| files::folders(path).unwrap_or_default();
    let workloads = folders(Path::new("crates")).into_iter().filter(|folder| !folder.ends_with("bench"));
    let libraries = workloads.flat_map(|workload| folders(&workload));
    libraries.filter(|folder| folder.join("src/lib.rs").is_file()).collect()
}

fn digest(roots: impl Iterator<Item = PathBuf>) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    for root in roots {
        add(&root, &mut hash)?;
    }
    Ok(hash.finalize().into())
}

/// Adds what a file holds, or all files of a folder in the order of their names. Not the pages, into which the report writes
/// figures, nor what Python compiles.
fn add(path: &Path, hash: &mut Sha256) -> Result<()> {
    let error = || format!("cannot read {}", path.display());
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(error)?;
        let mut entries = entries.collect::<std::io::Result<Vec<_>>>().with_context(error)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        return entries.iter().try_for_each(|entry| add(&entry.path(), hash));
    }
    let skipped = path.extension().is_some_and(|extension| extension == "md" || extension == "pyc");
    if path.is_file() && !skipped {
        let text = fs::read(path).with_context(error)?;
        hash.update(format!("{}\0{}\0", path.display(), text.len()));
        hash.update(text);
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
