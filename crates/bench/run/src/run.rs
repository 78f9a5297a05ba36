//! What is measured, and on what: everything that the steps follow from. It stands in a file as long as the results are not
//! in place, so that a run that was stopped in whatever way can continue.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use bench_data::{
    facts::{Facts, Machine},
    files,
    matrix::{BENCH, Matrix},
    resolve::Place,
    workload::Workload,
};
use serde::{Deserialize, Serialize};

use crate::{
    facts, folders, machine,
    settings::Settings,
    sources,
    steps::{self, Steps},
    stop::{Outcome, Stop, refuse},
};

const MATRIX: &str = "bench.toml";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    version: u32,
    /// Name of the results folder.
    pub name: String,
    pub study: String,
    pub quick: bool,
    /// Whether it adds a sitting to the results of make bench.
    pub again: bool,
    /// Whether all workloads of the study are measured.
    pub whole: bool,
    /// Whether strace works here, so that system calls are counted.
    pub counted: bool,
    /// Where the order of the programs in each round comes from.
    pub seed: u64,
    pub machine: Machine,
    pub parts: Vec<Part>,
}

/// A workload, and the sitting in which it is measured.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub sitting: u32,
    /// None before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    pub workload: Workload,
}

impl Run {
    /// What the user asks for, on this machine.
    pub fn asked(settings: &Settings) -> Outcome<Self> {
        if !Path::new(MATRIX).exists() {
            return Err(Stop::refused(format!("no {MATRIX} here: run it in the root of the repository")));
        }
        let matrix = Matrix::read(Path::new(MATRIX)).map_err(refuse)?;
        let strace = strace_fails();
        let counted = strace.is_none();
        let place = Place {
            cpus: machine::cpus()?,
            quick: settings.quick,
            count: counted,
            python: settings.python,
            size: settings.size()?,
        };
        let workloads = matrix.resolve(&settings.study, &settings.workloads, &place).map_err(refuse)?;
        if let Some(reason) = strace.filter(|_| settings.study == "timeline") {
            return Err(Stop::refused(format!(
                "strace cannot trace here, which a timeline is made of: {reason} (in a container: \
                 --cap-add=SYS_PTRACE)"
            )));
        }
        let (machine, default_name) = machine::look()?;
        let name = settings.machine().unwrap_or(&default_name).to_owned();
        let folder = results(settings.quick).join(&name);
        let parts = match settings.again {
            true => again(&folder, &settings.workloads, settings.python)?,
            false => {
                workloads.into_iter().map(|workload| Part { sitting: 1, facts: None, workload }).collect()
            }
        };
        if !settings.quick {
            machine::check(&folder, &machine, &default_name)?;
            check_kept(&folder)?;
        }
        Ok(Run {
            version: bench_data::SCHEMA,
            name,
            study: settings.study.clone(),
            quick: settings.quick,
            again: settings.again,
            whole: settings.workloads.is_empty(),
            counted,
            seed: jiff::Timestamp::now().as_second().unsigned_abs(),
            machine,
            parts,
        })
    }

    /// The run that was stopped, where there is one.
    pub fn stopped() -> Result<Option<Self>> {
        let file = Path::new(folders::RUN);
        file.exists().then(|| files::toml(file)).transpose()
    }

    /// Refuses to continue with other programs or on another machine.
    pub fn check(&self) -> Outcome<()> {
        let (machine, _) = machine::look()?;
        let differences = machine.differences(&self.machine);
        if !differences.is_empty() {
            return Err(Stop::refused(format!(
                "cannot resume on another machine: {}",
                differences.join("; ")
            )));
        }
        for Part { workload, facts, .. } in &self.parts {
            let then = facts.as_ref().map(|facts| &facts.sources);
            if then != Some(&sources::hashes(workload)?) {
                return Err(Stop::refused(format!(
                    "cannot resume: the sources of {} have changed; FRESH=1 make bench begins anew",
                    workload.key
                )));
            }
        }
        Ok(())
    }

    /// Takes down what surrounds the programs, and remembers that it begins.
    pub fn begin(&mut self, busy_percent: Option<f64>) -> Result<Vec<String>> {
        let workloads: Vec<&Workload> = self.workloads().collect();
        let facts = facts::look(&self.machine, &workloads, self.seed, busy_percent)?;
        for part in &mut self.parts {
            part.facts = Some(Facts { sources: sources::hashes(&part.workload)?, ..facts.clone() });
        }
        steps::make_room().context("cannot make room for a run")?;
        // Aside first: whoever sees it sees all of it.
        let aside = format!("{}.new", folders::RUN);
        files::write_toml(Path::new(&aside), self)?;
        fs::rename(&aside, folders::RUN).with_context(|| format!("cannot write {}", folders::RUN))?;
        Ok(facts.warnings)
    }

    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.parts.iter().map(|part| &part.workload)
    }

    /// The folder of all results.
    pub fn results(&self) -> &'static Path {
        results(self.quick)
    }

    /// Refuses to throw away what `make resume` could use.
    pub fn check_thrown_away(&self, plan: &Steps) -> Outcome<()> {
        let done = plan.steps.iter().filter(|step| step.is_done()).count();
        if done == 0 || self.quick {
            return Ok(());
        }
        let keys: Vec<&str> = self.workloads().map(|workload| workload.key.as_str()).collect();
        Err(Stop::refused(format!(
            "{} was stopped after {done} of {} steps: make resume continues it, FRESH=1 throws it away",
            keys.join(", "),
            plan.steps.len()
        )))
    }
}

fn results(quick: bool) -> &'static Path {
    Path::new(if quick { "target/quick/results" } else { "results" })
}

/// Why strace cannot trace here, in its own words; none where it can.
fn strace_fails() -> Option<String> {
    let strace = std::process::Command::new("strace").args(["-c", "-o", "/dev/null", "true"]).output();
    match strace {
        Err(error) => Some(error.to_string()),
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            Some(text.lines().next().unwrap_or("it fails").to_owned())
        }
    }
}

/// What stays beside the new results has to be readable, or the report could not be made in the end.
fn check_kept(folder: &Path) -> Outcome<()> {
    for kept in files::folders(&folder.join("raw")).unwrap_or_default() {
        Workload::read(&kept.join("workload.toml")).map_err(|error| {
            Stop::refused(format!(
                "{error:#}; move {} away, or set MACHINE to another name",
                folder.display()
            ))
        })?;
    }
    Ok(())
}

/// One more sitting of timed rounds, of the workloads of `make bench` in a results folder: those called `names` or all.
fn again(folder: &Path, names: &[String], python: bool) -> Outcome<Vec<Part>> {
    let mut parts = Vec::new();
    for path in files::folders(&folder.join("raw")).unwrap_or_default() {
        let mut workload = Workload::read(&path.join("workload.toml")).map_err(refuse)?;
        if workload.study != BENCH || !(names.is_empty() || names.contains(&workload.name)) {
            continue;
        }
        workload.rows.retain(|row| {
            row.rounds > 0 && (python || !row.python) && path.join(&row.slug).join("runs.csv").exists()
        });
        for row in &mut workload.rows {
            (row.observed, row.timed, row.timed_short, row.traced) = (0, 0, 0, false);
            (row.imports, row.skip) = (None, None);
            [&mut row.probe, &mut row.sample, &mut row.count].into_iter().for_each(Vec::clear);
        }
        if !workload.rows.is_empty() {
            parts.push(Part { sitting: last_sitting(&path) + 1, facts: None, workload });
        }
    }
    if parts.is_empty() {
        let folder = folder.display();
        return Err(Stop::refused(format!("{folder} has no rounds to repeat: make bench comes first")));
    }
    parts.sort_by_key(|part| (part.workload.order, part.workload.size));
    Ok(parts)
}

/// The highest number of a sitting, rejected ones included; there may be gaps.
fn last_sitting(folder: &Path) -> u32 {
    let folders = files::folders(folder).unwrap_or_default();
    let numbers = folders.iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        let number = name.strip_prefix("sitting-").or(name.strip_prefix("rejected-"))?;
        number.parse().ok()
    });
    numbers.max().unwrap_or(0)
}
