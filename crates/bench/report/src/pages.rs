//! Which generated files there are, and the template of each.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{
    files,
    matrix::{BENCH, Matrix},
    resolve::Place,
    results::{self, Results},
    workload::Vary,
};
use minijinja::{Environment, Value, context, value::Serde};

use crate::{
    compare,
    functions::{self, attr, render},
    generated::{self, Files},
    markers, plots, row, source, view,
};

const RESULTS: &str = "results";
/// The figures that the articles print.
const PUBLISHED: &str = include_str!("../published.toml");

/// Makes all generated files of these results directories, or of the whole repository where none is given; or checks that
/// none is stale. Results or sources that it cannot use are an error, and nothing is written.
pub fn report(paths: &[PathBuf], check: bool) -> Result<String> {
    let env = functions::environment();
    let committed = Path::new(RESULTS);
    let folders = match paths {
        [] if committed.is_dir() => results::machines(committed)?,
        _ => paths.to_vec(),
    };
    let mut files = Files::new();
    let mut machines = Vec::new();
    for folder in &folders {
        let results = read(folder)?;
        let plots = plots::all(&results);
        let machine = view::machine(&source::name(folder), &results, &plots);
        let mut made = pages(&env, &results, &machine)?;
        made.push(("measurements.csv".to_owned(), results.csv.clone()));
        made.extend(plots.into_iter().map(|plot| (format!("plots/{}.svg", plot.name), plot.svg)));
        files.extend(made.into_iter().map(|(name, text)| (folder.join(name), text)));
        machines.push((source::name(folder), machine, results));
    }
    if paths.is_empty() {
        let mut between = Vec::new();
        for (i, (base, _, base_results)) in machines.iter().enumerate() {
            for (new, _, new_results) in &machines[i + 1..] {
                let rows: Value = compare::ratios([base_results, new_results])?.into();
                between.push(vec![Value::from(base), Value::from(new), rows]);
            }
        }
        let machines = Value::from_pairs(machines.into_iter().map(|(name, machine, _)| (name, machine)));
        let index = context! { machines => machines.clone(), between };
        if !folders.is_empty() {
            files.insert(committed.join("README.md"), render(&env, "index", index)?);
        }
        repository(&env, &machines, &mut files)?;
    }
    if check {
        generated::check(&files, &folders)?;
        return Ok("All generated files are up to date.\n".to_owned());
    }
    generated::write(&files, &folders)?;
    Ok(paths.iter().map(|path| format!("{}/README.md\n", path.display())).collect())
}

/// The results in a folder, with the models of today's bench.toml.
pub fn read(folder: &Path) -> Result<Results> {
    Results::read(folder, &Matrix::read(Path::new("bench.toml"))?.models)
}

fn pages(env: &Environment, results: &Results, machine: &Value) -> Result<Vec<(String, String)>> {
    let mut templates = BTreeMap::from([("README", "machine")]);
    for group in &results.groups {
        let template = match group.workload.vary {
            Vary::Nothing | Vary::Server => "workload",
            Vary::Size => "scale",
            Vary::Fault => "faults",
            Vary::Rtt => "network",
            Vary::Time => "timeline",
        };
        templates.insert(row::page(group), template);
    }
    let published: toml::Table = toml::from_str(PUBLISHED)?;
    let page = |(page, template)| {
        let on_page = |group: &Value| page == "README" || attr(group, "page").as_str() == Some(page);
        let groups: Value = attr(machine, "groups").try_iter()?.filter(on_page).collect();
        let variables = context! { machine, groups, plots => "plots/", published => Serde(&published) };
        Ok((format!("{page}.md"), render(env, template, variables)?))
    };
    templates.into_iter().map(page).collect()
}

/// The map, and the documents with marked parts.
fn repository(env: &Environment, machines: &Value, made: &mut Files) -> Result<()> {
    let place = Place { cpus: 2, quick: false, count: false, python: false, size: None };
    let matrix = Matrix::read(Path::new("bench.toml"))?;
    let workloads = matrix.resolve(BENCH, &[], &place)?;
    let mut names: Vec<String> = workloads.iter().map(|workload| workload.name.clone()).collect();
    names.dedup();
    let map = context! { workloads => Value::from(Serde(&workloads)), ..source::map(&matrix, &names)? };
    made.insert(PathBuf::from("crates/README.md"), render(env, "map", map)?);
    for path in marked() {
        let text = markers::fill(env, &path, &files::text(&path)?, machines);
        made.insert(path.clone(), text.with_context(|| format!("cannot fill {}", path.display()))?);
    }
    Ok(())
}

/// README.md, those of the programs, and the pages in docs/.
fn marked() -> Vec<PathBuf> {
    let parents = files::folders(Path::new("crates")).unwrap_or_default();
    let folders = parents.iter().flat_map(|parent| files::folders(parent).unwrap_or_default());
    let mut paths: Vec<PathBuf> = folders.map(|folder| folder.join("README.md")).collect();
    paths.push(PathBuf::from("README.md"));
    paths.extend(fs::read_dir("docs").into_iter().flatten().filter_map(|item| Some(item.ok()?.path())));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md") && path.is_file());
    paths
}
