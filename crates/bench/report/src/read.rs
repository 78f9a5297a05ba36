//! Reading of results.

use std::path::Path;

use anyhow::Result;
use bench_data::{matrix::Matrix, results::Results};

/// Reads results whose programs are of the models of `bench.toml`.
///
/// # Errors
/// Unusable results, or no usable `bench.toml` here.
pub fn read(folder: &Path) -> Result<Results> {
    Results::read(folder, &Matrix::read(Path::new("bench.toml"))?.models)
}
