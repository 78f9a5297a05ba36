//! Reading and writing of the raw files, with errors that name the file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::SCHEMA;

pub fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// What a parser makes of a file.
pub fn parse<T>(path: &Path, parser: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    parser(&text(path)?).with_context(|| format!("cannot use {}", path.display()))
}

/// A TOML record with a `version`, which has to be today's.
pub fn toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    parse(path, |text| {
        let Version { version } = ::toml::from_str(text)?;
        ensure!(
            version == SCHEMA,
            "it has version {version}, this program reads version {SCHEMA}: measure again"
        );
        Ok(::toml::from_str(text)?)
    })
}

/// Rows of a CSV file; its first line names their fields.
pub fn csv<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    parse(path, rows)
}

/// The same, and no rows where there is no such file.
pub fn csv_if_any<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if path.exists() { csv(path) } else { Ok(Vec::new()) }
}

pub fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>> {
    Ok(::csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<::csv::Result<_>>()?)
}

pub fn to_csv<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    rows.into_iter().try_for_each(|row| writer.serialize(row))?;
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}

/// The files and folders in a folder, by name.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

/// The folders in a folder, by name.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = entries(folder)?;
    found.retain(|path| path.is_dir());
    Ok(found)
}

/// Writes a file, and the folders above it.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(path, text)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

pub fn write_toml(path: &Path, record: &impl Serialize) -> Result<()> {
    let text = ::toml::to_string(record).with_context(|| format!("cannot write {}", path.display()))?;
    write(path, &text)
}
