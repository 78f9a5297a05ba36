//! The results that marked parts take figures from.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bench_data::results::Results;

/// All results by the name of their folder.
pub type Machines = BTreeMap<String, Results>;

/// The results of one machine.
///
/// # Errors
/// Names those that there are.
pub fn machine<'a>(name: &str, machines: &'a Machines) -> Result<&'a Results> {
    let known = || machines.keys().cloned().collect::<Vec<_>>().join(", ");
    machines.get(name).with_context(|| format!("there are no results called {name:?}; there are {}", known()))
}
