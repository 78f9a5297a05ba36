//! `bench.toml`: what is measured, before it is resolved for one machine.

use std::{collections::BTreeMap, fmt::Display, path::Path};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use toml::Spanned;

pub use crate::spec::{AtOnce, Word};
use crate::{
    files,
    spec::{Rounds, Spec, Study},
    workload::Model,
};

/// Folders of a workload's programs in the order in which a reader compares them: each with the nearest before it.
pub const NEIGHBOURS: [&str; 10] = [
    "sequential",
    "threaded",
    "multiprocess",
    "green",
    "tokio-blocking",
    "tokio",
    "tokio-multi",
    "tokio-mini",
    "glommio",
    "compio",
];

/// Study of the `[[workload]]`s that stand outside of a `[[study]]`: `make bench`.
pub const BENCH: &str = "bench";

/// The whole of `bench.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// The ways of waiting, in the order of the columns.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
    /// A command for each thing that a row may need of the machine.
    needs: BTreeMap<String, Vec<String>>,
    /// Rounds of the rows under a second, and of those under ten.
    pub(crate) rounds: Rounds,
    /// Observed runs of the rows under ten seconds.
    pub(crate) observed: u32,
    /// What `make bench` measures, in the order of the tables.
    #[serde(rename = "workload")]
    pub(crate) workloads: Vec<Spec>,
    /// What the other targets measure.
    #[serde(default, rename = "study")]
    pub(crate) studies: Vec<Study>,
}

/// A program as `make bench` runs it by default, for the tests that run over the matrix.
#[derive(Clone, Debug)]
pub struct Program {
    /// `db`, `web`, …
    pub workload: String,
    /// Its name: package and binary, or a file of `scripts/python`.
    pub name: String,
    /// Whether it is one of the articles' own, in Python.
    pub python: bool,
    /// Its model.
    pub model: String,
    /// What it has in flight by default.
    pub at_once: AtOnce,
    /// What it needs of the machine.
    pub needs: Option<String>,
}

impl Matrix {
    /// Reads and checks `bench.toml`.
    ///
    /// # Errors
    /// Names the file, the line, what is wrong in it, and what is known.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&files::text(path)?).with_context(|| format!("cannot use {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut matrix: Matrix = toml::from_str(text).map_err(|error| anyhow!(error))?;
        let at = |place: &Spanned<String>| text[..place.span().start].lines().count().max(1);
        let mut seen: Vec<Spec> = Vec::new();
        for spec in
            matrix.workloads.iter_mut().chain(matrix.studies.iter_mut().flat_map(|s| &mut s.workloads))
        {
            if let Some(like) = spec.like.take() {
                let named = |other: &&Spec| other.name.as_ref().map(Spanned::get_ref) == Some(like.get_ref());
                let Some(base) = seen.iter().find(named) else {
                    bail!("line {}: no workload before it is called {:?}", at(&like), like.get_ref())
                };
                spec.inherit(base);
            }
            seen.push(spec.clone());
        }
        for spec in &seen {
            matrix.check(spec, &at)?;
        }
        Ok(matrix)
    }

    fn check(&self, spec: &Spec, at: &impl Fn(&Spanned<String>) -> usize) -> Result<()> {
        let Some(name) = &spec.name else { bail!("a workload has neither `name` nor `like`") };
        let (line, name) = (at(name), name.get_ref());
        for (field, there) in [
            ("article", spec.article.is_some()),
            ("title", spec.title.is_some()),
            ("asks", spec.asks.is_some()),
            ("size", spec.size.is_some()),
            ("latency", spec.latency.is_some()),
            ("quick", spec.quick.is_some()),
            ("reference", spec.reference.is_some()),
            ("args", spec.args.is_some()),
            ("row", spec.rows.is_some()),
        ] {
            ensure!(there, "line {line}: workload {name:?} has no field `{field}`");
        }
        for size in spec.sizes(false).into_iter().chain(spec.sizes(true)) {
            ensure!(size > 0, "line {line}: workload {name:?} has no items");
        }
        for row in spec.all_rows() {
            let known = || self.models.iter().map(|model| &model.name);
            if !known().any(|model| model == row.model.get_ref()) {
                bail!(unknown(at(&row.model), "model", row.model.get_ref(), known()));
            }
            if let Some(needs) = &row.needs
                && !self.needs.contains_key(needs.get_ref())
            {
                bail!(unknown(at(needs), "need", needs.get_ref(), self.needs.keys()));
            }
        }
        let reference = spec.reference.as_deref().unwrap_or_default();
        let programs = spec.rows.iter().flatten().map(|row| row.program.get_ref());
        if !programs.clone().any(|program| program == reference) {
            bail!(unknown(line, "reference", reference, programs));
        }
        for model in spec.absent.iter().flat_map(BTreeMap::keys) {
            let known = self.models.iter().map(|model| &model.name);
            ensure!(known.clone().any(|known| known == model), unknown(line, "absent model", model, known));
        }
        Ok(())
    }

    /// The command that shows whether the machine has what a row needs.
    pub(crate) fn probe(&self, needs: &str) -> Vec<String> {
        self.needs.get(needs).cloned().unwrap_or_default()
    }

    /// The programs of `make bench`, each once, as they run without a bound of the row's own. No control.
    pub fn programs(&self) -> Vec<Program> {
        let mut found: Vec<Program> = Vec::new();
        for spec in &self.workloads {
            let rows = spec.rows.iter().flatten().map(|row| (row, false));
            for (row, python) in rows.chain(spec.python.iter().flatten().map(|row| (row, true))) {
                let name = row.program.get_ref();
                let again = found.iter().any(|program| program.name == *name);
                if again || row.control.is_some() || row.args.iter().any(|arg| arg.contains('{')) {
                    continue;
                }
                found.push(Program {
                    workload: spec.name().to_owned(),
                    name: name.clone(),
                    python,
                    model: row.model.get_ref().clone(),
                    at_once: row.at_once,
                    needs: row.needs.as_ref().map(|needs| needs.get_ref().clone()),
                });
            }
        }
        found
    }

    /// Names of all packages that a study and its workloads run, each once: those named, or all.
    pub fn packages(&self, study: &str, workloads: &[String]) -> Vec<String> {
        let (_, specs) = self.study(study);
        let specs =
            specs.iter().filter(|spec| workloads.is_empty() || workloads.iter().any(|n| n == spec.name()));
        let mut names: Vec<String> = Vec::new();
        for row in specs.flat_map(|spec| spec.rows.iter().flatten()) {
            let probe = row.needs.as_ref().and_then(|needs| self.needs.get(needs.get_ref())?.first());
            names.extend([row.program.get_ref()].into_iter().chain(probe).cloned());
        }
        names.sort();
        names.dedup();
        names
    }

    /// A study and its workloads; of `bench` there is no entry. Nothing where the name is not known.
    pub(crate) fn study(&self, name: &str) -> (Option<&Study>, &[Spec]) {
        let study = self.studies.iter().find(|study| study.name.get_ref() == name);
        match study {
            Some(study) => (Some(study), &study.workloads),
            None if name == BENCH => (None, &self.workloads),
            None => (None, &[]),
        }
    }

    /// Names of all studies.
    pub fn studies(&self) -> Vec<&str> {
        let others = self.studies.iter().map(|study| study.name.get_ref().as_str());
        std::iter::once(BENCH).chain(others).collect()
    }
}

fn unknown(line: usize, what: &str, name: &str, known: impl Iterator<Item: Display>) -> String {
    let mut known: Vec<String> = known.map(|name| name.to_string()).collect();
    known.dedup();
    format!("line {line}: unknown {what} {name:?}; known are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"
needs = { io_uring = ["true"] }
rounds = { under_1s = 30, under_10s = 9 }
observed = 5
[[model]]
name = "tokio"
waits = ""
threads = ""
at_once = ""
python = ""
light = "#000000"
dark = "#ffffff"
marker = "circle"
[[workload]]
name = "a"
article = 1
title = "A"
asks = ""
size = 3
latency = 1
quick = { size = 1, latency = 1 }
reference = "a-tokio"
args = ["--own"]
row = [{ program = "a-tokio", model = "tokio", at_once = "all", needs = "io_uring" }]
[[study]]
name = "scale"
vary = "size"
[[study.workload]]
like = "a"
sizes = [1, 2]
"##;

    fn error(from: &str, to: &str) -> String {
        assert!(TEXT.contains(from), "{from}");
        format!("{:#}", Matrix::parse(&TEXT.replacen(from, to, 1)).err().expect("an error"))
    }

    #[test]
    fn a_workload_like_another_says_only_what_differs() {
        let matrix = Matrix::parse(TEXT).unwrap();
        let (_, specs) = matrix.study("scale");
        assert_eq!((specs[0].title.as_deref(), specs[0].sizes(false)), (Some("A"), vec![1, 2]));
        assert_eq!(matrix.programs().len(), 1);
        assert_eq!(matrix.packages("scale", &[]), ["a-tokio", "true"]);
    }

    #[test]
    fn what_is_unknown_is_told_with_its_line_and_what_is_known() {
        assert_eq!(
            error(r#"model = "tokio""#, r#"model = "tokyo""#),
            "line 24: unknown model \"tokyo\"; known are tokio"
        );
        let need = error(r#"needs = "io_uring""#, r#"needs = "epoll""#);
        assert_eq!(need, "line 24: unknown need \"epoll\"; known are io_uring");
        let like = error(r#"like = "a""#, r#"like = "c""#);
        assert_eq!(like, "line 29: no workload before it is called \"c\"");
        let field = error("article = 1", "artikel = 1");
        assert!(
            field.contains("line 16") && field.contains("`artikel`") && field.contains("`article`"),
            "{field}"
        );
        let word = error(r#"at_once = "all""#, r#"at_once = "some""#);
        assert!(word.contains("\"cpus\", \"pool\" or \"all\""), "{word}");
        assert_eq!(error("latency = 1\n", ""), "line 15: workload \"a\" has no field `latency`");
        assert!(error("size = 3", "size = 0").contains("has no items"));
        assert!(error(r#"reference = "a-tokio""#, r#"reference = "b""#).contains("unknown reference"));
    }
}
