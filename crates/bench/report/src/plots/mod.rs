//! The pictures.

use bench_data::results::Results;

/// A picture.
pub struct Plot {
    /// Its file is `plots/NAME.svg`.
    pub name: String,
    /// The file.
    pub svg: String,
    /// What is to be seen on it.
    pub alt: String,
}

/// All pictures of a results directory.
pub fn all(_results: &Results) -> Vec<Plot> {
    Vec::new()
}
