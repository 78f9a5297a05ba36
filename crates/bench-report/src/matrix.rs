//! `bench.toml`: what is measured, before it is resolved for one machine.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workload::{Row, Workload, slug};

/// The whole of `bench.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Names of the models, in the order of the columns.
    pub models: Vec<String>,
    /// A shell command for each thing that a row may need of the machine.
    pub needs: BTreeMap<String, String>,
    /// The workloads, in the order of the tables.
    #[serde(rename = "workload")]
    pub workloads: Vec<Spec>,
}

/// One `[[workload]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `db`, `web`, …; may occur with several sizes.
    pub name: String,
    article: u32,
    title: String,
    asks: String,
    size: u64,
    latency: f64,
    quick: Quick,
    /// Arguments for `bench-lab`; none where no server is asked.
    lab: Option<Vec<String>>,
    args: Vec<String>,
    #[serde(default)]
    observed: Vec<String>,
    printed: Option<Printed>,
    #[serde(rename = "row")]
    rows: Vec<RowSpec>,
    #[serde(default)]
    absent: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quick {
    size: u64,
    latency: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Printed {
    started: String,
    finished: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowSpec {
    program: String,
    model: String,
    at_once: AtOnce,
    #[serde(default)]
    args: Vec<String>,
    needs: Option<String>,
    count_latency: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, \"cpus\", \"pool\" or \"all\"")]
enum AtOnce {
    Count(u64),
    Word(Word),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Cpus,
    Pool,
    All,
}

impl AtOnce {
    /// How many of `size` items the model has in flight on a machine with `cpus` CPUs.
    fn resolve(&self, size: u64, cpus: u64) -> u64 {
        match self {
            AtOnce::Count(count) => *count,
            AtOnce::Word(Word::Cpus) => cpus,
            // ThreadPoolExecutor's default, see article 3.
            AtOnce::Word(Word::Pool) => 32.min(cpus + 4),
            AtOnce::Word(Word::All) => size,
        }
        .clamp(1, size)
    }
}

impl Matrix {
    /// Reads and checks `bench.toml`.
    ///
    /// # Errors
    /// Names the file and what is wrong in it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let matrix: Matrix =
            toml::from_str(&text).with_context(|| format!("cannot use {}", path.display()))?;
        for workload in &matrix.workloads {
            for size in [workload.size, workload.quick.size] {
                if size == 0 {
                    bail!("{}: workload {} has no items", path.display(), workload.name);
                }
            }
            for row in &workload.rows {
                if !matrix.models.contains(&row.model) {
                    bail!("{}: {} has the unknown model {}", path.display(), row.program, row.model);
                }
                if let Some(needs) = row.needs.as_ref().filter(|needs| !matrix.needs.contains_key(*needs)) {
                    bail!("{}: {} needs {needs}, which [needs] does not have", path.display(), row.program);
                }
            }
        }
        Ok(matrix)
    }

    /// Names of the programs, each once.
    pub fn programs(&self) -> Vec<&str> {
        let mut programs: Vec<&str> =
            self.workloads.iter().flat_map(|w| &w.rows).map(|row| row.program.as_str()).collect();
        programs.dedup();
        programs
    }

    /// Workloads called `names` (all where there are none), resolved for `cpus` CPUs, with the folders of this run.
    ///
    /// # Errors
    /// An unknown name.
    pub fn resolve(&self, names: &[String], at: &Place) -> Result<Vec<Workload>> {
        if let Some(unknown) = names.iter().find(|name| !self.workloads.iter().any(|w| w.name == **name)) {
            let mut known: Vec<&str> = self.workloads.iter().map(|w| w.name.as_str()).collect();
            known.dedup();
            bail!("no workload is called {unknown:?}: choose from {}", known.join(", "));
        }
        let chosen = |spec: &Spec| names.is_empty() || names.contains(&spec.name);
        Ok((0..)
            .zip(&self.workloads)
            .filter(|(_, spec)| chosen(spec))
            .map(|(i, spec)| self.one(i, spec, at))
            .collect())
    }

    /// The command that starts the lab for all workloads of the matrix.
    pub fn lab_command(&self, at: &Place) -> String {
        let mut args = vec!["target/release/bench-lab".to_owned(), "--dir".to_owned(), at.lab.to_owned()];
        for spec in &self.workloads {
            let (size, latency) = spec.size(at.quick);
            args.extend(spec.lab.iter().flatten().map(|arg| fill(arg, at, size, latency)));
        }
        join(&args)
    }

    fn one(&self, order: usize, spec: &Spec, at: &Place) -> Workload {
        let (size, latency_s) = spec.size(at.quick);
        let key = match self.workloads.iter().filter(|other| other.name == spec.name).count() {
            1 => spec.name.clone(),
            // Of the full run, so that quick and full results line up.
            _ => format!("{}-{}", spec.name, spec.size),
        };
        let rows = spec.rows.iter().map(|row| self.row(row, spec, &key, at)).collect();
        Workload {
            version: crate::SCHEMA,
            order,
            name: spec.name.clone(),
            key,
            article: spec.article,
            title: spec.title.clone(),
            asks: fill(&spec.asks, at, size, latency_s),
            size,
            latency_s,
            cpus: at.cpus,
            quick: at.quick,
            lab: spec.lab.is_some(),
            sampled: spec.observed.iter().any(|arg| arg.ends_with("/memory.csv")),
            counted: at.count,
            models: self.models.clone(),
            absent: spec.absent.clone(),
            rows,
        }
    }

    fn row(&self, row: &RowSpec, spec: &Spec, key: &str, at: &Place) -> Row {
        let (size, latency) = spec.size(at.quick);
        let extra: Vec<String> = row.args.iter().map(|arg| fill(arg, at, size, latency)).collect();
        let program = [std::slice::from_ref(&row.program), &extra].concat().join(" ");
        let slug = slug(&program);
        let folder = format!("{}/{key}/{slug}", at.raw);
        let at_once = row.at_once.resolve(size, at.cpus);
        let turns = size.div_ceil(at_once);
        // Without the noise of the multiplication.
        let limit_s = (turns as f64 * latency * 1e6).round() / 1e6;
        let runs = match limit_s {
            limit if limit >= 10.0 => 0,
            _ if at.quick => 2,
            limit if limit < 1.0 => 10,
            _ => 5,
        };
        let argv = |latency: f64, observed: bool| -> Vec<String> {
            let own = spec.args.iter().chain(spec.observed.iter().filter(|_| observed));
            std::iter::once(format!("target/release/{}", row.program))
                .chain(own.map(|arg| fill(&arg.replace("{raw}", &folder), at, size, latency)))
                .chain(extra.iter().cloned())
                .collect()
        };
        let mut observe: Vec<String> = ["target/release/bench-observe", "--out"].map(str::to_owned).into();
        observe.extend([
            format!("{folder}/observed.json"),
            "--time".to_owned(),
            format!("{folder}/time.txt"),
        ]);
        if spec.lab.is_some() {
            let url = format!("$(cat {}/http.url)", at.lab);
            observe.extend(["--lab".to_owned(), url, "--workload".to_owned(), spec.name.clone()]);
        }
        if let Some(Printed { started, finished }) = &spec.printed {
            observe.extend(["--started", started, "--finished", finished].map(str::to_owned));
        }
        observe.push("--".to_owned());
        observe.extend(argv(latency, true));
        let count_latency_s = row.count_latency.map(|shorter| shorter.min(latency));
        let counted = join(&argv(count_latency_s.unwrap_or(latency), false));
        Row {
            program: program.clone(),
            args: extra.clone(),
            model: row.model.clone(),
            at_once,
            limit_s,
            runs,
            probe: row.needs.as_ref().map(|needs| format!("{} > /dev/null", self.needs[needs])),
            observe: join(&observe),
            time: format!(
                "hyperfine -N --style none --runs 1 --command-name {} --export-json {}/round-{{round}}.json \"{}\"",
                quote(&program),
                quote(&folder),
                argv(latency, false).iter().map(|arg| quote_inner(arg)).collect::<Vec<_>>().join(" "),
            ),
            count: format!(
                "strace -c -f -o {} {counted} > /dev/null",
                quote(&format!("{folder}/syscalls.txt"))
            ),
            count_limit_s: turns as f64 * count_latency_s.unwrap_or(latency),
            count_latency_s,
            slug,
        }
    }
}

/// Where and how this run is made.
pub struct Place<'a> {
    /// Folder of the raw data.
    pub raw: &'a str,
    /// Folder that the lab writes.
    pub lab: &'a str,
    /// CPUs of this machine.
    pub cpus: u64,
    /// Shorter waits, fewer items, two rounds.
    pub quick: bool,
    /// Count system calls.
    pub count: bool,
}

impl Spec {
    fn size(&self, quick: bool) -> (u64, f64) {
        if quick { (self.quick.size, self.quick.latency) } else { (self.size, self.latency) }
    }
}

fn fill(text: &str, at: &Place, size: u64, latency: f64) -> String {
    text.replace("{lab}", at.lab)
        .replace("{size}", &size.to_string())
        .replace("{latency}", &latency.to_string())
}

fn is_plain(arg: &str) -> bool {
    !arg.is_empty() && arg.chars().all(|c| c.is_ascii_alphanumeric() || "_./:=,@%+-".contains(c))
}

/// For the shell; `$(…)` stays alive.
fn quote(arg: &str) -> String {
    match arg {
        _ if is_plain(arg) => arg.to_owned(),
        _ if arg.contains("$(") => format!("\"{arg}\""),
        _ => quote_inner(arg),
    }
}

/// For hyperfine, which splits its command itself; the shell has replaced `$(…)` before.
fn quote_inner(arg: &str) -> String {
    if is_plain(arg) { arg.to_owned() } else { format!("'{}'", arg.replace('\'', "'\\''")) }
}

fn join(args: &[String]) -> String {
    args.iter().map(|arg| quote(arg)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Matrix {
        Matrix::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench.toml"))).unwrap()
    }

    fn resolve(quick: bool, cpus: u64) -> Vec<Workload> {
        matrix().resolve(&[], &Place { raw: "raw", lab: "lab", cpus, quick, count: true }).unwrap()
    }

    #[test]
    fn limits_and_runs_follow_the_cpus() {
        let workloads = resolve(false, 2);
        let row = |program: &str| {
            let rows = workloads.iter().flat_map(|w| &w.rows);
            let row = rows.into_iter().rfind(|row| row.program == program).unwrap();
            (row.at_once, (row.limit_s * 1e3).round(), row.runs)
        };
        assert_eq!(row("db-sequential"), (1, 50_000.0, 0));
        assert_eq!(row("db-multiprocess"), (2, 25_000.0, 0));
        assert_eq!(row("db-threaded"), (6, 8_400.0, 5));
        assert_eq!(row("db-threaded --concurrency 500"), (500, 100.0, 10));
        assert_eq!(row("sleep-threaded"), (6, 501_000.0, 0));
        let sixteen = resolve(false, 16);
        assert_eq!(sixteen[0].rows[2].at_once, 20);
    }

    #[test]
    fn a_name_that_occurs_twice_gets_its_size() {
        let keys: Vec<_> = resolve(true, 2).into_iter().map(|w| w.key).collect();
        assert_eq!(keys, ["db", "web", "sleep-2", "sleep-1000", "prices"]);
    }

    #[test]
    fn commands_survive_the_shell() {
        let workloads = resolve(false, 2);
        let db = &workloads[0].rows[0];
        assert!(
            db.observe
                .ends_with("-- target/release/db-sequential --urls lab/db.urls --query 'select sleep(0.1)'")
        );
        assert!(
            db.time
                .ends_with("\"target/release/db-sequential --urls lab/db.urls --query 'select sleep(0.1)'\"")
        );
        let web = &workloads[1].rows[0];
        assert!(web.observe.contains(r#""$(cat lab/http.url)/page/first?delay=2""#));
        assert!(web.time.contains("'$(cat lab/http.url)/page/first?delay=2'"));
    }
}
