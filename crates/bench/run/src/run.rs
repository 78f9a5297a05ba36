//! What is measured, and on what: everything that the steps follow from. It stands in a file as long as the results are not
//! in place, so that a run that was stopped in whatever way can continue.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use bench_data::{
    facts::{Facts, Machine},
    files,
    matrix::{BENCH, Matrix},
    resolve::Place,
    workload::Workload,
};
use serde::{Deserialize, Serialize};

use crate::{
    facts, machine, progress,
    settings::Settings,
    steps::{LAB, STEPS},
};

/// Its file. All that is not complete stands under `target/bench`, in the root of the repository.
pub const RUN: &str = "target/bench/run.toml";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    version: u32,
    /// Name of the results folder.
    pub name: String,
    pub quick: bool,
    /// Whether it adds a sitting to the results of make bench.
    pub again: bool,
    /// Whether all workloads of the study are measured.
    pub whole: bool,
    /// Where the order of the programs in each round comes from.
    pub seed: u64,
    pub machine: Machine,
    pub parts: Vec<Part>,
}

/// A workload, and the sitting in which it is measured.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub sitting: u32,
    /// None before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    pub workload: Workload,
}

impl Run {
    pub fn asked(settings: &Settings) -> Result<Self> {
        let matrix = Path::new("bench.toml");
        ensure!(matrix.exists(), "no bench.toml here: run it in the root of the repository");
        let matrix = Matrix::read(matrix)?;
        // As the programs read it: what they refuse is refused before anything is built.
        let hosts = match settings.urls.as_str() {
            "" => None,
            urls => Some(db_hosts::read(urls).with_context(|| format!("DATABASE_URLS: {urls}"))?),
        };
        let strace = machine::output("strace", &["-c", "-o", "/dev/null", "true"]);
        let place = Place {
            cpus: machine::cpus()?,
            quick: settings.quick,
            count: strace.is_ok(),
            python: settings.python,
            size: hosts.map(|hosts| hosts.len() as u64),
        };
        let workloads = matrix.resolve(&settings.study, &settings.workloads, &place)?;
        match strace {
            Err(reason) if settings.study == "timeline" => bail!(
                "strace cannot trace here, which a timeline is made of: {reason} (in a container: \
                 --cap-add=SYS_PTRACE)"
            ),
            Err(_) => progress::print("strace does not work here: system calls are not counted"),
            Ok(_) => {}
        }
        let (machine, default_name) = machine::look()?;
        let name = Some(&settings.machine).filter(|name| !name.is_empty()).unwrap_or(&default_name).clone();
        let folder = results(settings.quick).join(&name);
        let parts = match settings.again {
            true => again(&folder, settings)?,
            false => {
                workloads.into_iter().map(|workload| Part { sitting: 1, facts: None, workload }).collect()
            }
        };
        if !settings.quick {
            machine::check(&folder, &machine, &default_name)?;
            // What stays beside the new results has to be readable, or the report could not be made in the end.
            kept(&folder).map_err(|error| {
                anyhow!("{error:#}; move {} away, or set MACHINE to another name", folder.display())
            })?;
        }
        Ok(Run {
            version: bench_data::SCHEMA,
            name,
            quick: settings.quick,
            again: settings.again,
            whole: settings.workloads.is_empty(),
            seed: jiff::Timestamp::now().as_second().unsigned_abs(),
            machine,
            parts,
        })
    }

    /// The run that was stopped, where there is one.
    pub fn stopped() -> Result<Option<Self>> {
        let file = Path::new(RUN);
        file.exists().then(|| files::toml(file)).transpose()
    }

    /// Refuses to continue with other programs or on another machine.
    pub fn check(&self) -> Result<()> {
        let (machine, _) = machine::look()?;
        let differences = machine.differences(&self.machine).join("; ");
        ensure!(differences.is_empty(), "cannot resume on another machine: {differences}");
        for Part { workload, facts, .. } in &self.parts {
            let then = facts.as_ref().map(|facts| &facts.sources);
            ensure!(
                then == Some(&facts::hashes(workload)?),
                "cannot resume: the sources of {} have changed; FRESH=1 make bench begins anew",
                workload.key
            );
        }
        Ok(())
    }

    /// Takes down what surrounds the programs, makes room, and remembers that it begins. Returns what the user should know.
    pub fn begin(&mut self, busy_percent: Option<f64>) -> Result<Vec<String>> {
        let facts = facts::look(self, busy_percent);
        for part in &mut self.parts {
            part.facts = Some(Facts { sources: facts::hashes(&part.workload)?, ..facts.clone() });
        }
        for folder in [STEPS, LAB] {
            let _ = fs::remove_dir_all(folder);
            fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
        }
        // Aside first: a reader sees all of it or none.
        let aside = format!("{RUN}.new");
        files::write_toml(Path::new(&aside), self)?;
        fs::rename(&aside, RUN).with_context(|| format!("cannot write {RUN}"))?;
        Ok(facts.warnings)
    }

    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.parts.iter().map(|part| &part.workload)
    }

    pub fn keys(&self) -> String {
        self.workloads().map(|workload| workload.key.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// The folder of the results of all machines.
pub fn results(quick: bool) -> &'static Path {
    Path::new(if quick { "target/quick/results" } else { "results" })
}

/// The workloads in a results folder, each with its folder.
pub fn kept(results: &Path) -> Result<Vec<(PathBuf, Workload)>> {
    let folders = files::folders(&results.join("raw")).unwrap_or_default().into_iter();
    folders
        .map(|folder| files::toml::<Workload>(&folder.join("workload.toml")).map(|read| (folder, read)))
        .collect()
}

/// One more sitting of timed rounds, of the workloads of `make bench` in a results folder: those that are named or all.
fn again(folder: &Path, settings: &Settings) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let named = |name: &String| settings.workloads.is_empty() || settings.workloads.contains(name);
    for (path, mut workload) in kept(folder)? {
        if workload.study != BENCH || !named(&workload.name) {
            continue;
        }
        workload.rows.retain(|row| {
            let ran = !path.join(&row.slug).join("status.txt").exists();
            row.rounds > 0 && (settings.python || !row.python) && ran
        });
        // Rejected sittings count, and there may be gaps.
        let folders = files::folders(&path)?;
        let last = folders.iter().filter_map(|folder| Some(bench_data::results::sitting(folder)?.0)).max();
        let Some(last) = last.filter(|_| !workload.rows.is_empty()) else { continue };
        for row in &mut workload.rows {
            (row.observed, row.timed, row.timed_short, row.traced) = (0, 0, 0, false);
            (row.imports, row.skip) = (None, None);
            [&mut row.probe, &mut row.sample, &mut row.count].into_iter().for_each(Vec::clear);
        }
        parts.push(Part { sitting: last + 1, facts: None, workload });
    }
    ensure!(!parts.is_empty(), "{} has no rounds to repeat: make bench comes first", folder.display());
    parts.sort_by_key(|part| (part.workload.order, part.workload.size));
    Ok(parts)
}
