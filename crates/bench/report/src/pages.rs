//! Which generated files there are, and the template of each.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use bench_data::{
    files,
    matrix::{BENCH, Matrix},
    resolve::Place,
    results,
    workload::Vary,
};
use minijinja::{Environment, Value, value::Serde};

use crate::{
    folder::{Folder, Group},
    functions::{self, render},
    generated::Generated,
    markers, source,
};

/// Where committed results are.
const RESULTS: &str = "results";
/// The figures that the articles print.
const PUBLISHED: &str = include_str!("../published.toml");

/// Makes all generated files of `folders`, or of the whole repository where there are none; or checks that they are as
/// they would be made.
///
/// # Errors
/// Unusable results or sources: then nothing is written. A file that is stale, or cannot be written.
pub fn report(paths: &[PathBuf], check: bool) -> Result<String> {
    let env = functions::environment();
    let all = paths.is_empty() && Path::new(RESULTS).is_dir();
    let found = if all { results::machines(Path::new(RESULTS))? } else { paths.to_vec() };
    let folders = found.iter().map(|path| Folder::read(path)).collect::<Result<Vec<_>>>()?;
    let mut generated = Generated { folders: found, ..Generated::default() };
    for (path, folder) in generated.folders.iter().zip(&folders) {
        let pages = machine(&env, folder)?.into_iter();
        generated.files.extend(pages.map(|(name, text)| (path.join(name), text)));
    }
    if paths.is_empty() {
        repository(&env, &folders, &mut generated.files)?;
    }
    if check {
        generated.check()?
    } else {
        generated.write()?
    }
    let pages = paths.iter().map(|path| format!("{}/README.md\n", path.display()));
    Ok(if check { "All generated files are as they would be made.\n".to_owned() } else { pages.collect() })
}

/// All generated files of a results directory, by their path in it.
fn machine(env: &Environment, folder: &Arc<Folder>) -> Result<BTreeMap<String, String>> {
    let mut pages: Vec<(String, Vec<Group>)> = Vec::new();
    for group in folder.groups() {
        match pages.iter_mut().find(|(name, _)| name == group.page()) {
            Some((_, groups)) => groups.push(group),
            None => pages.push((group.page().to_owned(), vec![group])),
        }
    }
    pages.push(("README".to_owned(), folder.groups()));
    let published: toml::Table = toml::from_str(PUBLISHED)?;
    let mut made = BTreeMap::from([("measurements.csv".to_owned(), folder.results.csv.clone())]);
    for (name, groups) in pages {
        let template = match groups[0].data().workload.vary {
            _ if name == "README" => "machine",
            Vary::Nothing | Vary::Server => "workload",
            Vary::Size => "scale",
            Vary::Fault => "faults",
            Vary::Rtt => "network",
            Vary::Time => "timeline",
        };
        let variables = BTreeMap::from([
            ("machine", Value::from_dyn_object(Arc::clone(folder))),
            ("groups", groups.into_iter().map(Value::from_object).collect()),
            ("plots", Value::from("plots/")),
            ("published", Value::from(Serde(&published))),
        ]);
        made.insert(format!("{name}.md"), render(env, template, variables)?);
    }
    made.extend(folder.plots().iter().map(|plot| (format!("plots/{}.svg", plot.name), plot.svg.clone())));
    Ok(made)
}

/// The index, the map, and the documents with marked parts.
fn repository(
    env: &Environment,
    folders: &[Arc<Folder>],
    made: &mut BTreeMap<PathBuf, String>,
) -> Result<()> {
    let machine = |folder: &Arc<Folder>| (folder.name.clone(), Value::from_dyn_object(Arc::clone(folder)));
    let machines = Value::from_pairs(folders.iter().map(machine));
    if !folders.is_empty() {
        let variables = BTreeMap::from([("machines", machines.clone())]);
        made.insert(Path::new(RESULTS).join("README.md"), render(env, "index", variables)?);
    }
    made.insert(PathBuf::from("crates/README.md"), map(env)?);
    for path in marked() {
        let filled = markers::fill(env, &path, &files::text(&path)?, &machines);
        made.insert(path.clone(), filled.with_context(|| format!("cannot fill {}", path.display()))?);
    }
    Ok(())
}

fn map(env: &Environment) -> Result<String> {
    let place = Place { cpus: 2, quick: false, count: false, python: false, size: None };
    let matrix = Matrix::read(Path::new("bench.toml"))?;
    let workloads = matrix.resolve(BENCH, &[], &place)?;
    let mut names: Vec<String> = workloads.iter().map(|workload| workload.name.clone()).collect();
    names.dedup();
    let (shapes, libraries) = source::others(&names)?;
    let variables = BTreeMap::from([
        ("workloads", Value::from(Serde(&workloads))),
        ("names", Value::from(Serde(&names))),
        ("programs", source::map(&matrix, &names)?),
        ("shapes", shapes),
        ("libraries", libraries),
    ]);
    render(env, "map", variables)
}

/// README.md, those of the programs, and the pages in docs/.
fn marked() -> Vec<PathBuf> {
    let parents = files::folders(Path::new("crates")).unwrap_or_default();
    let folders = parents.iter().flat_map(|parent| files::folders(parent).unwrap_or_default());
    let mut found: Vec<PathBuf> = folders.map(|folder| folder.join("README.md")).collect();
    found.push(PathBuf::from("README.md"));
    let documents = fs::read_dir("docs").into_iter().flatten();
    found.extend(documents.filter_map(|item| Some(item.ok()?.path())));
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md") && path.is_file());
    found
}
