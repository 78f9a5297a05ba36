//! `bench.toml`: what is measured, before it is resolved for one machine.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use toml::{Table, Value};

use crate::format;
use crate::workload::{FLOOR, Fault, Part, Row, Workload, slug, yes};

/// In `make scale`, a row that would wait longer is not tried, in seconds.
const BUDGET_S: f64 = 30.0;

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
    /// What can be wrong with some of the items.
    #[serde(default, rename = "fault")]
    faults: Vec<FaultSpec>,
}

/// One `[[workload]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `db`, `web`, …; may occur with several sizes.
    pub name: String,
    #[serde(default)]
    part: Part,
    article: u32,
    title: String,
    asks: String,
    size: u64,
    sizes: Option<Vec<u64>>,
    latency: f64,
    rtts: Option<Vec<f64>>,
    quick: Quick,
    /// Arguments for `bench-lab`; none where no server is asked.
    lab: Option<Vec<String>>,
    server: Option<Server>,
    #[serde(default = "yes")]
    counted: bool,
    #[serde(default = "yes")]
    limit: bool,
    args: Vec<String>,
    #[serde(default)]
    observed: Vec<String>,
    printed: Option<Printed>,
    #[serde(rename = "row")]
    rows: Vec<RowSpec>,
    #[serde(default)]
    python: Vec<RowSpec>,
    #[serde(default)]
    absent: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quick {
    #[serde(default)]
    size: u64,
    sizes: Option<Vec<u64>>,
    latency: f64,
    rtts: Option<Vec<f64>>,
}

/// Takes the lab's place: its name, and the command that starts it, where it is ours to start.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    name: String,
    command: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultSpec {
    name: String,
    title: String,
    /// Part of the items that are sick.
    share: f64,
    lab: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    fails: bool,
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
    #[serde(default = "yes")]
    counted: bool,
    count_latency: Option<f64>,
    imports: Option<String>,
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
        Self::parse(&text).with_context(|| format!("cannot use {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut table: Table = toml::from_str(text)?;
        if let Some(Value::Array(workloads)) = table.get_mut("workload") {
            inherit(workloads)?;
        }
        let matrix: Matrix = table.try_into()?;
        for workload in &matrix.workloads {
            for (size, _) in workload.sizes(false).into_iter().chain(workload.sizes(true)) {
                ensure!(size > 0, "workload {} has no items", workload.name);
            }
            for row in workload.rows.iter().chain(&workload.python) {
                let RowSpec { program, model, .. } = row;
                let known = model == FLOOR || matrix.models.contains(model);
                ensure!(known, "{program} has the unknown model {model}");
                if let Some(needs) = row.needs.as_ref().filter(|needs| !matrix.needs.contains_key(*needs)) {
                    bail!("{program} needs {needs}, which [needs] does not have");
                }
            }
        }
        Ok(matrix)
    }

    /// Names of the crates of the programs, each once.
    pub fn programs(&self) -> Vec<&str> {
        let mut programs: Vec<&str> =
            self.workloads.iter().flat_map(|w| &w.rows).map(|row| row.program.as_str()).collect();
        programs.dedup();
        programs
    }

    /// The workloads of one part called `names` (all where there are none), resolved for this machine.
    ///
    /// # Errors
    /// An unknown name.
    pub fn resolve(&self, part: Part, names: &[String], at: &Place) -> Result<Vec<Workload>> {
        let of_part = || (0..).zip(&self.workloads).filter(|(_, spec)| spec.part == part);
        if let Some(unknown) = names.iter().find(|name| !of_part().any(|(_, spec)| spec.name == **name)) {
            let mut known: Vec<&str> = of_part().map(|(_, spec)| spec.name.as_str()).collect();
            known.dedup();
            bail!("no workload is called {unknown:?}: choose from {}", known.join(", "));
        }
        let mut workloads = Vec::new();
        for (order, spec) in of_part().filter(|(_, spec)| names.is_empty() || names.contains(&spec.name)) {
            for (size, latency) in spec.sizes(at.quick) {
                let size = at.size.unwrap_or(size);
                let plain = Case { spec, size, latency, fault: None, rtt: None };
                let cases: Vec<Case> = match part {
                    Part::Faults => {
                        self.faults.iter().map(|fault| Case { fault: Some(fault), ..plain }).collect()
                    }
                    Part::Network => {
                        spec.rtts(at.quick).iter().map(|rtt| Case { rtt: Some(*rtt), ..plain }).collect()
                    }
                    _ => vec![plain],
                };
                workloads.extend(cases.iter().map(|case| self.one(order, case, at)));
            }
        }
        Ok(workloads)
    }

    /// The commands that start the servers: before which of the workloads (by their place), and what.
    pub fn servers(&self, workloads: &[Workload], at: &Place) -> BTreeMap<usize, String> {
        let mut starts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (i, workload) in workloads.iter().enumerate() {
            let spec = &self.workloads[workload.order];
            let case = self.case(spec, workload);
            if let Some(server) = &spec.server {
                starts.extend(server.command.iter().map(|command| (i, vec![case.fill(command, at)])));
            } else if let Some(lab) = &spec.lab {
                // One lab for all that `make bench` asks; where sizes, faults or networks differ, one for each.
                let first = if workload.part == Part::Bench { 0 } else { i };
                let args = starts.entry(first).or_insert_with(|| {
                    ["target/release/bench-lab", "--dir", at.lab].map(str::to_owned).into()
                });
                let sick = case.fault.iter().flat_map(|fault| &fault.lab);
                args.extend(lab.iter().chain(sick).map(|arg| case.fill(arg, at)));
            }
        }
        let shell = |words: Vec<String>| if words.len() > 1 { join(&words) } else { words.concat() };
        starts.into_iter().map(|(i, words)| (i, shell(words))).collect()
    }

    fn case<'a>(&'a self, spec: &'a Spec, workload: &Workload) -> Case<'a> {
        let name = workload.fault.as_ref().map(|fault| &fault.name);
        let fault = self.faults.iter().find(|fault| Some(&fault.name) == name);
        Case { spec, size: workload.size, latency: workload.latency_s, fault, rtt: workload.rtt_s }
    }

    fn one(&self, order: usize, case: &Case, at: &Place) -> Workload {
        let Case { spec, size, latency, fault, rtt } = *case;
        let twins = self.workloads.iter().filter(|other| other.name == spec.name && other.part == spec.part);
        let key = match (spec.part, fault, rtt) {
            (Part::Scale, ..) => format!("scale-{}-{size}", spec.name),
            (_, Some(fault), _) => format!("faults-{}-{}", spec.name, fault.name),
            (.., Some(rtt)) => format!("network-{}-{}ms", spec.name, format::ms(rtt)),
            // Of the full run, so that quick and full results line up.
            _ if twins.count() > 1 => format!("{}-{}", spec.name, spec.size),
            _ => spec.name.clone(),
        };
        let python =
            spec.python.iter().filter(|_| at.python && spec.part.has_python()).map(|row| (row, true));
        let rows = spec.rows.iter().map(|row| (row, false)).chain(python);
        // The floor takes neither sick hosts nor all of the user's.
        let floor = !matches!(spec.part, Part::Faults | Part::Own);
        let rows = rows.filter(|(row, _)| floor || row.model != FLOOR);
        // A bound that bounds nothing is another row's.
        let rows = rows.filter(|(row, _)| {
            spec.part != Part::Scale
                || row.args.is_empty()
                || !matches!(row.at_once, AtOnce::Count(n) if n >= size)
        });
        Workload {
            version: crate::SCHEMA,
            order,
            name: spec.name.clone(),
            part: spec.part,
            article: spec.article,
            title: spec.title.clone(),
            asks: case.fill(&spec.asks, at),
            size,
            latency_s: latency,
            cpus: at.cpus,
            quick: at.quick,
            lab: spec.lab.is_some() && spec.server.is_none(),
            server: spec.server.as_ref().map(|server| server.name.clone()),
            limited: spec.limit,
            sampled: spec.observed.iter().any(|arg| arg.ends_with("/memory.csv")),
            counted: at.count && spec.counted && matches!(spec.part, Part::Bench),
            fault: fault.map(|fault| Fault {
                name: fault.name.clone(),
                title: fault.title.clone(),
                sick: case.sick(),
                fails: fault.fails,
            }),
            rtt_s: rtt,
            models: self.models.clone(),
            absent: spec.absent.clone(),
            rows: rows.map(|(row, python)| self.row(row, python, case, &key, at)).collect(),
            key,
        }
    }

    fn row(&self, row: &RowSpec, python: bool, case: &Case, key: &str, at: &Place) -> Row {
        let Case { spec, size, latency, fault, .. } = *case;
        let extra: Vec<String> = row.args.iter().map(|arg| case.fill(arg, at)).collect();
        let program = [std::slice::from_ref(&row.program), &extra].concat().join(" ");
        let slug = slug(&program);
        let folder = format!("{}/{key}/{slug}", at.raw);
        let at_once = row.at_once.resolve(size, at.cpus);
        let turns = size.div_ceil(at_once);
        // Without the noise of the multiplication.
        let limit_s = (turns as f64 * latency * 1e6).round() / 1e6;
        let runs = match (spec.part, limit_s) {
            (_, limit) if limit >= 10.0 => 0,
            _ if at.quick => 2,
            (Part::Scale | Part::Faults, limit) if limit < 1.0 => 4,
            (Part::Scale, _) => 2,
            (Part::Faults, _) => 0,
            (Part::Network, _) => 5,
            (_, limit) if limit < 1.0 => 10,
            _ => 5,
        };
        let executable = if python {
            vec!["target/python/bin/python".to_owned(), format!("scripts/python/{}", row.program)]
        } else {
            vec![format!("target/release/{}", row.program)]
        };
        let argv = |latency: f64, observed: bool| -> Vec<String> {
            let case = Case { latency, ..*case };
            let own = spec.args.iter().chain(fault.iter().flat_map(|fault| &fault.args));
            let own = own.chain(spec.observed.iter().filter(|_| observed));
            let own = own.map(|arg| case.fill(&arg.replace("{raw}", &folder), at));
            executable.iter().cloned().chain(own).chain(extra.iter().cloned()).collect()
        };
        let observe = |out: &str, time: &str| {
            let words = ["target/release/bench-observe", "--out", out, "--time", time];
            let mut words: Vec<String> = words.map(str::to_owned).into();
            if spec.server.as_ref().is_some_and(|server| server.command.is_some()) {
                let (admin, pid) = (format!("{}/admin.url", at.lab), format!("{}/pid", at.lab));
                words.extend(["--database".to_owned(), admin, "--server-pid".to_owned(), pid]);
            } else if spec.lab.is_some() && spec.server.is_none() {
                let url = format!("$(cat {}/http.url)", at.lab);
                words.extend(["--lab".to_owned(), url, "--workload".to_owned(), spec.name.clone()]);
            }
            if let Some(Printed { started, finished }) = &spec.printed {
                words.extend(["--started", started, "--finished", finished].map(str::to_owned));
            }
            words.push("--".to_owned());
            words.extend(argv(latency, true));
            let command = join(&words);
            // The sick items are named on stderr, and the program says so in its exit code.
            if fault.is_some() { format!("{command} 2> /dev/null || [ $? = 1 ]") } else { command }
        };
        let count_latency_s = row.count_latency.map(|shorter| shorter.min(latency));
        let counted = join(&argv(count_latency_s.unwrap_or(latency), false));
        let hyperfine = |name: &str, export: &str, runs: u64, command: &[String]| {
            format!(
                "hyperfine -N --style none --runs {runs} --command-name {} --export-json {folder}/{export} \"{}\"",
                quote(name),
                command.iter().map(|arg| quote_inner(arg)).collect::<Vec<_>>().join(" "),
            )
        };
        let start = |imports: &String| {
            let command = [executable[0].clone(), "-c".to_owned(), format!("import {imports}")];
            hyperfine(&format!("import {imports}"), "start.json", 5, &command)
        };
        let skip = (spec.part == Part::Scale && limit_s > BUDGET_S)
            .then(|| format!("skipped: would wait {limit_s} s, the budget is {BUDGET_S} s"));
        Row {
            program: program.clone(),
            args: extra.clone(),
            model: row.model.clone(),
            python,
            at_once,
            limit_s,
            runs,
            probe: row.needs.as_ref().map(|needs| format!("{} > /dev/null", self.needs[needs])),
            skip,
            start: row.imports.as_ref().map(start),
            observe: observe(&format!("{folder}/observed.json"), &format!("{folder}/time.txt")),
            time: match fault {
                Some(_) => observe(&format!("{folder}/round-{{round}}.json"), "/dev/null"),
                None => hyperfine(&program, "round-{round}.json", 1, &argv(latency, false)),
            },
            counted: row.counted,
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

/// Gives each workload that is `like` another what it does not say itself.
fn inherit(workloads: &mut [Value]) -> Result<()> {
    for i in 0..workloads.len() {
        let Some(Value::String(like)) = workloads[i].as_table_mut().and_then(|own| own.remove("like")) else {
            continue;
        };
        let named = |other: &Value| other.get("name").and_then(Value::as_str) == Some(&like);
        let other = workloads[..i].iter().find(|other| named(other));
        let other = other.and_then(Value::as_table).cloned();
        let other = other.with_context(|| format!("no workload before it is called {like:?}"))?;
        if let Some(own) = workloads[i].as_table_mut() {
            for (key, value) in other {
                own.entry(key).or_insert(value);
            }
        }
    }
    Ok(())
}

/// A workload at one size, with one fault or none, over one network or none.
#[derive(Clone, Copy)]
struct Case<'a> {
    spec: &'a Spec,
    size: u64,
    latency: f64,
    fault: Option<&'a FaultSpec>,
    /// Round-trip time in seconds.
    rtt: Option<f64>,
}

impl Case<'_> {
    /// Number of sick items: at least one.
    fn sick(&self) -> u64 {
        self.fault.map_or(0, |fault| ((self.size as f64 * fault.share).round() as u64).max(1))
    }

    fn fill(&self, text: &str, at: &Place) -> String {
        text.replace("{lab}", at.lab)
            .replace("{size}", &self.size.to_string())
            .replace("{latency}", &self.latency.to_string())
            .replace("{sick}", &self.sick().to_string())
            .replace("{rtt}", &self.rtt.unwrap_or(0.0).to_string())
    }
}

/// Where and how this run is made.
pub struct Place<'a> {
    /// Folder of the raw data.
    pub raw: &'a str,
    /// Folder that the server writes.
    pub lab: &'a str,
    /// CPUs of this machine.
    pub cpus: u64,
    /// Shorter waits, fewer items, two rounds.
    pub quick: bool,
    /// Count system calls.
    pub count: bool,
    /// Add the rows of the articles' own programs.
    pub python: bool,
    /// Number of items in place of the matrix's.
    pub size: Option<u64>,
}

impl Spec {
    /// Each size with its latency.
    fn sizes(&self, quick: bool) -> Vec<(u64, f64)> {
        let (sizes, one, latency) = match quick {
            true => (&self.quick.sizes, self.quick.size, self.quick.latency),
            false => (&self.sizes, self.size, self.latency),
        };
        sizes.clone().unwrap_or(vec![one]).into_iter().map(|size| (size, latency)).collect()
    }

    /// The round-trip times in seconds.
    fn rtts(&self, quick: bool) -> &[f64] {
        let rtts = if quick { &self.quick.rtts } else { &self.rtts };
        rtts.as_deref().unwrap_or_default()
    }
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
        Matrix::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml"))).unwrap()
    }

    fn resolve(quick: bool, cpus: u64) -> Vec<Workload> {
        of(Part::Bench, quick, cpus)
    }

    fn of(part: Part, quick: bool, cpus: u64) -> Vec<Workload> {
        let at = Place { raw: "raw", lab: "lab", cpus, quick, count: true, python: true, size: None };
        matrix().resolve(part, &[], &at).unwrap()
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

    #[test]
    fn a_workload_like_another_says_only_what_differs() {
        let parse = |like: &str| {
            let text = format!(
                r#"
                models = ["tokio"]
                needs = {{}}
                [[workload]]
                name = "a"
                article = 1
                title = "A"
                asks = ""
                size = 3
                latency = 1
                quick = {{ size = 1, latency = 1 }}
                args = ["--own"]
                row = [{{ program = "a-tokio", model = "tokio", at_once = "all" }}]
                [[workload]]
                name = "b"
                part = "scale"
                like = "{like}"
                sizes = [1, 2]"#
            );
            Matrix::parse(&text)
        };
        let matrix = parse("a").unwrap();
        let at =
            Place { raw: "raw", lab: "lab", cpus: 2, quick: false, count: true, python: false, size: None };
        let keys = matrix.resolve(Part::Scale, &[], &at).unwrap().into_iter().map(|w| (w.key, w.title));
        let title = || "A".to_owned();
        assert_eq!(
            keys.collect::<Vec<_>>(),
            [("scale-b-1".to_owned(), title()), ("scale-b-2".to_owned(), title())]
        );
        assert_eq!(matrix.resolve(Part::Bench, &[], &at).unwrap().len(), 1);
        assert!(parse("c").err().unwrap().to_string().contains("\"c\""));
    }

    #[test]
    fn python_rows_come_when_asked_and_start_alone() {
        let workloads = resolve(false, 2);
        let row = workloads[0].rows.iter().find(|row| row.slug == "db-asyncio-py-uvloop").unwrap();
        assert!(row.time.contains("target/python/bin/python scripts/python/db_asyncio.py --urls"));
        assert!(row.start.as_ref().unwrap().contains(
            "\"target/python/bin/python -c 'import argparse, asyncio, databases.backends.mysql, uvloop'\""
        ));
        assert!(of(Part::Scale, false, 2).iter().flat_map(|w| &w.rows).all(|row| !row.python));
    }

    #[test]
    fn scale_leaves_out_what_bounds_nothing_and_what_takes_too_long() {
        let workloads = of(Part::Scale, false, 2);
        let rows = |key: &str| {
            let workload = workloads.iter().find(|w| w.key == key).unwrap();
            workload.rows.iter().map(|row| (row.program.as_str(), row.skip.is_some())).collect::<Vec<_>>()
        };
        let ten = rows("scale-db-10");
        assert!(ten.contains(&("db-tokio --concurrency 1", false)));
        assert!(!ten.iter().any(|(program, _)| *program == "db-tokio --concurrency 10"));
        assert!(rows("scale-db-1000").contains(&("db-sequential", true)));
        assert!(rows("scale-db-1000").contains(&("db-tokio --concurrency 10", false)));
    }

    #[test]
    fn faults_are_a_share_of_the_items() {
        let workloads = of(Part::Faults, false, 2);
        let sick = |key: &str| workloads.iter().find(|w| w.key == key).unwrap().fault.as_ref().unwrap().sick;
        assert_eq!((sick("faults-db-hang"), sick("faults-db-slow"), sick("faults-prices-hang")), (5, 50, 1));
        let row = &workloads[1].rows[0];
        assert!(row.observe.contains(" --timeout 2 2> /dev/null || [ $? = 1 ]"), "{}", row.observe);
        assert!(row.time.contains("round-{round}.json"));
    }

    #[test]
    fn a_network_has_a_lab_for_each_round_trip_time() {
        let workloads = of(Part::Network, false, 2);
        let keys: Vec<_> = workloads.iter().map(|w| w.key.as_str()).collect();
        assert_eq!(keys, ["network-db-0ms", "network-db-1ms", "network-db-10ms", "network-db-50ms"]);
        assert_eq!(workloads[1].rtt_s, Some(0.001));
        let runs = |program: &str| {
            workloads[3].rows.iter().find(|row| row.program == program).map(|row| (row.at_once, row.runs))
        };
        assert_eq!(runs("db-sequential"), Some((1, 5)));
        assert_eq!(runs("db-tokio"), Some((20, 5)));
        assert!(workloads[3].rows.iter().any(|row| row.python), "as asked");
        assert!(workloads.iter().all(|w| !w.counted));
        let at =
            Place { raw: "raw", lab: "lab", cpus: 2, quick: true, count: true, python: false, size: None };
        let matrix = matrix();
        let servers = matrix.servers(&matrix.resolve(Part::Network, &[], &at).unwrap(), &at);
        let starts: Vec<_> = servers.values().map(|command| command.rsplit("lab ").next().unwrap()).collect();
        assert_eq!(starts, ["--hosts 10 --rtt 0", "--hosts 10 --rtt 0.02"]);
    }

    #[test]
    fn every_part_has_its_servers() {
        let at = Place {
            raw: "raw",
            lab: "lab",
            cpus: 2,
            quick: false,
            count: true,
            python: false,
            size: Some(7),
        };
        let servers = |part| {
            let matrix = matrix();
            matrix.servers(&matrix.resolve(part, &[], &at).unwrap(), &at)
        };
        assert_eq!(servers(Part::Bench).len(), 1);
        assert_eq!(servers(Part::Faults).len(), 6);
        assert!(servers(Part::Own).is_empty());
        assert_eq!(servers(Part::Mariadb)[&0], "scripts/mariadb.sh lab 7");
        assert!(servers(Part::Faults)[&1].ends_with("--hosts 7 --sick hang=1"));
    }
}
