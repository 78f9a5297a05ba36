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
pub fn report(folders: &[PathBuf], check: bool) -> Result<String> {
    let env = functions::environment();
    let generated = match folders {
        [] => everything(&env)?,
        folders => {
            folders.iter().map(|path| machine(&env, path, &Folder::read(path)?)).collect::<Result<_>>()?
        }
    };
    for files in &generated {
        if check { files.check()? } else { files.write()? }
    }
    let pages = folders.iter().map(|folder| format!("{}/README.md\n", folder.display()));
    Ok(if check { "All generated files are as they would be made.\n".to_owned() } else { pages.collect() })
}

/// All generated files of a results directory.
fn machine(env: &Environment, path: &Path, folder: &Arc<Folder>) -> Result<Generated> {
    let mut pages: Vec<(String, Vec<Group>)> = Vec::new();
    for group in folder.groups() {
        match pages.iter_mut().find(|(name, _)| name == group.page()) {
            Some((_, groups)) => groups.push(group),
            None => pages.push((group.page().to_owned(), vec![group])),
        }
    }
    let published: toml::Table = toml::from_str(PUBLISHED)?;
    let all = pages.iter().map(|(name, groups)| {
        let template = match groups[0].data().workload.vary {
            Vary::Nothing | Vary::Server => "workload",
            Vary::Size => "scale",
            Vary::Fault => "faults",
            Vary::Rtt => "network",
            Vary::Time => "timeline",
        };
        (name.as_str(), template, groups.clone())
    });
    let mut files = BTreeMap::from([("measurements.csv".to_owned(), folder.results.csv.clone())]);
    for (name, template, groups) in all.chain([("README", "machine", folder.groups())]) {
        let variables = BTreeMap::from([
            ("machine", Value::from_dyn_object(Arc::clone(folder))),
            ("page", Value::from(name)),
            ("groups", groups.into_iter().map(Value::from_object).collect()),
            ("plots", Value::from("plots/")),
            ("published", Value::from(Serde(&published))),
        ]);
        files.insert(format!("{name}.md"), render(env, template, variables)?);
    }
    files.extend(folder.plots.iter().map(|plot| (format!("plots/{}.svg", plot.name), plot.svg.clone())));
    Ok(Generated::all(path, files))
}

fn everything(env: &Environment) -> Result<Vec<Generated>> {
    let folders =
        if Path::new(RESULTS).is_dir() { results::machines(Path::new(RESULTS))? } else { Vec::new() };
    let folders = folders.iter().map(|path| Folder::read(path)).collect::<Result<Vec<_>>>()?;
    let mut generated = Vec::new();
    for folder in &folders {
        generated.push(machine(env, &Path::new(RESULTS).join(&folder.name), folder)?);
    }
    let machines =
        folders.iter().map(|folder| (folder.name.as_str(), Value::from_dyn_object(Arc::clone(folder))));
    let machines = Value::from_pairs(machines);
    if !folders.is_empty() {
        let variables = BTreeMap::from([("machines", machines.clone())]);
        generated
            .push(Generated::one(&Path::new(RESULTS).join("README.md"), render(env, "index", variables)?));
    }
    generated.push(Generated::one(Path::new("crates/README.md"), map(env)?));
    for path in marked()? {
        let text = files::text(&path)?;
        let filled = markers::fill(env, &path, &text, &machines);
        generated
            .push(Generated::one(&path, filled.with_context(|| format!("cannot fill {}", path.display()))?));
    }
    Ok(generated)
}

fn map(env: &Environment) -> Result<String> {
    let place = Place { cpus: 2, quick: false, count: false, python: false, size: None };
    let workloads = Matrix::read(Path::new("bench.toml"))?.resolve(BENCH, &[], &place)?;
    let mut names: Vec<String> = workloads.iter().map(|workload| workload.name.clone()).collect();
    names.dedup();
    let variables = BTreeMap::from([
        ("workloads", Value::from(Serde(&workloads))),
        ("names", Value::from(Serde(&names))),
        ("programs", source::map(&names)?),
        ("libraries", source::libraries(&names)?),
    ]);
    render(env, "map", variables)
}

/// README.md, those of the programs, and the pages in docs/.
fn marked() -> Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::from("README.md")];
    for parent in files::folders(Path::new("crates")).unwrap_or_default() {
        let folders = files::folders(&parent).unwrap_or_default();
        found.extend(folders.iter().map(|folder| folder.join("README.md")));
    }
    if let Ok(list) = fs::read_dir("docs") {
        found.extend(list.filter_map(|item| Some(item.ok()?.path())));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md") && path.is_file());
    found.sort();
    Ok(found)
}
