//! What a run remembers of itself, so that it can go on after it was stopped, in whatever way.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::MetadataExt,
    path::Path,
};

use anyhow::{Context, Result};
use bench_data::{facts::Facts, files, workload::Workload};
use serde::{Deserialize, Serialize};

use crate::{
    arguments::Request,
    facts,
    place::Place,
    steps::Plan,
    stop::{Outcome, refused},
};

/// The file.
pub const STATE: &str = "target/bench/state.toml";

/// A line for each complete step.
const DONE: &str = "target/bench/done.txt";

/// What the complete steps were made of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Version of the raw files.
    pub version: u32,
    /// What was asked.
    pub request: Request,
    /// What it is measured with.
    pub facts: Facts,
    /// The programs: size, and when they were built.
    pub programs: BTreeMap<String, String>,
    /// The workloads as they were asked.
    pub workloads: Vec<Workload>,
}

impl State {
    /// Remembers what begins now.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(&self) -> Result<()> {
        let text = toml::to_string(self).with_context(|| format!("cannot write {STATE}"))?;
        // Aside first: whoever sees it sees all of it.
        let aside = format!("{STATE}.new");
        files::write(Path::new(&aside), &text)?;
        fs::rename(&aside, STATE).with_context(|| format!("cannot write {STATE}"))
    }

    /// The run that was stopped.
    ///
    /// # Errors
    /// There is none, or none that can be used.
    pub fn read() -> Outcome<Self> {
        if !Path::new(STATE).exists() {
            return Err(refused("nothing to resume: no run was stopped here after its first step"));
        }
        files::toml(Path::new(STATE)).map_err(|error| refused(format!("cannot resume: {error:#}")))
    }

    /// Whether it can go on with what is there now.
    ///
    /// # Errors
    /// What is not the same.
    pub fn check(&self, request: &Request, plan: &Plan) -> Outcome<()> {
        let no = |why: String| Err(refused(format!("cannot resume: {why}; start anew without --resume")));
        let Facts { commit, .. } = &self.facts;
        let (now, _) = facts::commit();
        if self.request != *request {
            return no(format!("it was {}, not {}", describe(&self.request), describe(request)));
        }
        if *commit != now {
            return no(format!("it was of commit {commit}, and this is {now}"));
        }
        let text =
            |workloads: &[Workload]| toml::to_string(&BTreeMap::from([("w", workloads)])).unwrap_or_default();
        if text(&self.workloads) != text(&plan.workloads) {
            return no("bench.toml or this machine asks for something else now".to_owned());
        }
        let programs = fingerprints(plan);
        match self.programs.iter().find(|(path, print)| programs.get(*path) != Some(print)) {
            Some((path, _)) => no(format!("{path} was built anew since")),
            None => Ok(()),
        }
    }
}

fn describe(request: &Request) -> String {
    let Request { study, workloads, quick, again, python, urls, machine } = request;
    let mut words = vec![study.clone()];
    words.extend(workloads.iter().cloned());
    words.extend(quick.then(|| "--quick".to_owned()));
    words.extend(again.then(|| "--again".to_owned()));
    words.extend(python.then(|| "PYTHON=1".to_owned()));
    words.extend(urls.as_ref().map(|path| format!("DATABASE_URLS={}", path.display())));
    words.extend(machine.as_ref().map(|name| format!("MACHINE={name}")));
    words.join(" ")
}

/// Size and time of every program and script that the plan runs.
pub fn fingerprints(plan: &Plan) -> BTreeMap<String, String> {
    let words =
        plan.steps.iter().flat_map(|step| &step.argv).chain(plan.servers.iter().flat_map(|s| &s.argv));
    // hyperfine's command is one word.
    let split = words.flat_map(|word| shell_words::split(word).unwrap_or_default());
    let mut prints = BTreeMap::new();
    for path in split.filter(|word| word.contains('/') && !word.contains(Place::ALL)) {
        let file = fs::metadata(&path).ok().filter(fs::Metadata::is_file);
        prints.extend(
            file.map(|file| (path, format!("{} {}.{:09}", file.len(), file.mtime(), file.mtime_nsec()))),
        );
    }
    prints
}

/// The complete steps.
pub struct Done {
    ids: HashSet<String>,
    file: File,
}

impl Done {
    /// Reads what is there. A line without its end was not written to its end.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open() -> Result<Self> {
        let text = fs::read_to_string(DONE).unwrap_or_default();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let open = || {
            let file = OpenOptions::new().create(true).append(true).open(DONE)?;
            file.set_len(whole as u64)?;
            Ok::<_, std::io::Error>(file)
        };
        let file = open().with_context(|| format!("cannot write {DONE}"))?;
        Ok(Self { ids: text[..whole].lines().map(str::to_owned).collect(), file })
    }

    /// Whether a step is complete.
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Notes that it is.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&mut self, id: String) -> Result<()> {
        self.file.write_all(format!("{id}\n").as_bytes()).with_context(|| format!("cannot write {DONE}"))?;
        self.ids.insert(id);
        Ok(())
    }
}
