//! Reading and writing of the raw files, with errors that name the file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The one field that files of every version have.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The text of a file.
///
/// # Errors
/// Names the file.
pub fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// What a parser makes of a file.
///
/// # Errors
/// Names the file, and what is wrong in it.
pub fn parse<T>(path: &Path, parser: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    parser(&text(path)?).with_context(|| format!("cannot use {}", path.display()))
}

/// A TOML record with a `version`.
///
/// # Errors
/// Missing, cut off, or of another version.
pub fn toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    parse(path, |text| {
        check(::toml::from_str(text)?)?;
        Ok(::toml::from_str(text)?)
    })
}

/// A JSON record with a `version`.
///
/// # Errors
/// Missing, cut off, or of another version.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    parse(path, |text| {
        check(serde_json::from_str(text)?)?;
        Ok(serde_json::from_str(text)?)
    })
}

fn check(found: Version) -> Result<()> {
    ensure!(
        found.version == crate::SCHEMA,
        "it has version {}, this program reads version {}: measure again",
        found.version,
        crate::SCHEMA
    );
    Ok(())
}

/// Rows of a CSV file; its first line names their fields.
///
/// # Errors
/// Missing, cut off, or with other columns.
pub fn csv<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    parse(path, rows)
}

/// Rows of CSV text.
///
/// # Errors
/// Cut off, or with other columns.
pub fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>> {
    Ok(::csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<::csv::Result<_>>()?)
}

/// Rows as CSV text, with the names of their fields first.
///
/// # Errors
/// None but those of the writer.
pub fn to_csv<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}

/// The folders in a folder, by name.
///
/// # Errors
/// It cannot be read.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let found = list.filter_map(|item| Some(item.ok()?.path()));
    let mut found: Vec<PathBuf> = found.filter(|path| path.is_dir()).collect();
    found.sort();
    Ok(found)
}

/// Writes a file, and the folders above it.
///
/// # Errors
/// Names the file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(path, text)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a record as TOML.
///
/// # Errors
/// Names the file.
pub fn write_toml(path: &Path, record: &impl Serialize) -> Result<()> {
    let text = ::toml::to_string(record).with_context(|| format!("cannot write {}", path.display()))?;
    write(path, &text)
}
