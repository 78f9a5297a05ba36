//! The workloads as steps, in the order in which they are made.

use bench_data::{
    stats, waits,
    workload::{Fault, Row, Server, Vary, Workload},
};

use crate::{place::Place, programs::Programs};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Does the machine have what the row needs?
    Probe,
    /// What the interpreter and its imports take alone.
    Imports,
    /// An observed run, of this number.
    Observed(u32),
    /// A timed run, in this round.
    Round(u32),
    /// System calls are counted, or followed in time.
    Count,
}

/// One command of the bench.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub kind: Kind,
    /// Place of its workload in the plan.
    pub workload: usize,
    /// Place of its row in the workload.
    pub row: usize,
    /// Place of the server that has to run.
    pub server: Option<usize>,
    /// The command; `{http}` is not yet filled in.
    pub argv: Vec<String>,
    /// For people.
    pub what: String,
    /// Estimate from the limit.
    pub seconds: f64,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// For people.
    pub name: String,
    /// The command.
    pub argv: Vec<String>,
}

/// Everything that is done between the first server and the report.
pub struct Plan {
    /// What is measured.
    pub workloads: Vec<Workload>,
    /// Who answers.
    pub servers: Vec<Planned>,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The steps of all workloads; `seed` decides the order of the rows in each round.
    pub fn new(workloads: Vec<Workload>, programs: &Programs, seed: u64) -> Self {
        let mut plan = Plan { workloads: Vec::new(), servers: Vec::new(), steps: Vec::new() };
        for (i, workload) in workloads.iter().enumerate() {
            let server = plan.server(workload, programs);
            let maker = Maker { programs, workload, place: i, server };
            plan.steps.extend(maker.all(seed));
        }
        plan.workloads = workloads;
        plan.trace();
        plan
    }

    /// The first observed runs of `make bench` have a lab that notes when each item begins and ends: in no timing.
    fn trace(&mut self) {
        let workloads = &self.workloads;
        let traced = |step: &&mut Step| {
            let Workload { rows, vary, server, .. } = &workloads[step.workload];
            let lab = matches!(server, Some(Server::Lab(_))) && *vary == Vary::Nothing;
            lab && step.kind == Kind::Observed(1) && rows[step.row].control.is_none()
        };
        let mut steps = self.steps.iter_mut().filter(traced).peekable();
        if steps.peek().is_none() {
            return;
        }
        let mut argv = self.servers[0].argv.clone();
        argv.extend(["--trace", Place::TRACE].map(str::to_owned));
        steps.for_each(|step| step.server = Some(self.servers.len()));
        self.servers.push(Planned { name: "the lab".to_owned(), argv });
    }

    /// Whether the server of a step notes each item, in [`Place::TRACE`].
    pub fn is_traced(&self, step: &Step) -> bool {
        step.server.is_some_and(|place| self.servers[place].argv.iter().any(|word| word == Place::TRACE))
    }

    /// Place of the workload's server. One lab for all that vary nothing; where sizes, faults or networks differ, one each.
    fn server(&mut self, workload: &Workload, programs: &Programs) -> Option<usize> {
        let command = match workload.server.as_ref()? {
            Server::Lab(args) if workload.vary == Vary::Nothing && !self.servers.is_empty() => {
                self.servers[0].argv.extend(args.iter().cloned());
                return Some(0);
            }
            Server::Lab(args) => {
                let lab = [programs.path("bench-lab"), "--dir".to_owned(), "{lab}".to_owned()];
                lab.into_iter().chain(args.iter().cloned()).collect()
            }
            Server::Own { command, .. } => command.clone(),
            Server::Foreign { .. } => return None,
        };
        let name = match workload.server.as_ref()? {
            Server::Lab(_) => "the lab".to_owned(),
            server => server.name().to_owned(),
        };
        self.servers.push(Planned { name, argv: command.iter().map(|word| Place::fill(word)).collect() });
        Some(self.servers.len() - 1)
    }

    /// Name of a step, the same whenever the same is measured.
    pub fn id(&self, step: &Step) -> String {
        let workload = &self.workloads[step.workload];
        format!("{}/{} {:?}", workload.key, workload.rows[step.row].slug, step.kind)
    }

    /// What the steps take, from the limits, in seconds.
    pub fn seconds<'a>(steps: impl IntoIterator<Item = &'a Step>) -> f64 {
        steps.into_iter().map(|step| step.seconds).sum()
    }
}

struct Maker<'a> {
    programs: &'a Programs,
    workload: &'a Workload,
    place: usize,
    server: Option<usize>,
}

impl Maker<'_> {
    fn all(&self, seed: u64) -> Vec<Step> {
        let rows: Vec<usize> =
            (0..self.workload.rows.len()).filter(|row| self.workload.rows[*row].skip.is_none()).collect();
        let of = |row: &usize| &self.workload.rows[*row];
        let mut steps = Vec::new();
        steps.extend(rows.iter().filter(|row| !of(row).probe.is_empty()).map(|row| self.probe(*row)));
        steps.extend(rows.iter().filter_map(|row| self.imports(*row)));
        let observed = rows.iter().map(|row| of(row).observed).max().unwrap_or(0);
        for run in 1..=observed {
            steps.extend(
                rows.iter().filter(|row| of(row).observed >= run).map(|row| self.observed(*row, run)),
            );
        }
        let rounds = rows.iter().map(|row| of(row).rounds).max().unwrap_or(0);
        for round in 1..=rounds {
            let timed: Vec<usize> = rows.iter().copied().filter(|row| of(row).rounds >= round).collect();
            let order = stats::order(seed, round as usize, timed.len());
            steps.extend(order.into_iter().map(|i| self.round(timed[i], round)));
        }
        steps.extend(rows.iter().filter(|row| !of(row).count.is_empty()).map(|row| self.count(*row)));
        steps
    }

    fn step(&self, row: usize, kind: Kind, what: &str, argv: Vec<String>, wait_s: f64) -> Step {
        let Workload { key, rows, vary, .. } = self.workload;
        let at = if *vary == Vary::Nothing { String::new() } else { format!("{key}: ") };
        // Over a network each wait is longer: the least that a MySQL client needs is four round trips.
        let travel = 1.0 + 4.0 * self.workload.rtt_s.unwrap_or(0.0) / self.workload.latency_s;
        Step {
            kind,
            workload: self.place,
            row,
            // Whether a program can run here, and how its interpreter starts, takes no server.
            server: self.server.filter(|_| !matches!(kind, Kind::Probe | Kind::Imports)),
            argv,
            what: format!("{at}{}: {what}", rows[row].program),
            // What a process, its observer and its tools need beyond the waiting; most of Python's is its imports.
            seconds: wait_s * travel * 1.02 + if rows[row].python { 0.5 } else { 0.1 },
        }
    }

    /// What a row waits. Sick hosts keep their places in flight for longer than the limit has it, or shorter.
    fn wait_s(&self, row: &Row) -> f64 {
        let Some(Fault { sick, wait_s: Some(wait_s), .. }) = self.workload.fault else { return row.limit_s };
        row.limit_s + sick.div_ceil(row.at_once) as f64 * (wait_s - self.workload.latency_s)
    }

    fn row(&self, row: usize) -> &Row {
        &self.workload.rows[row]
    }

    /// The row's program with these arguments, as `argv` of the matrix has them: program first.
    fn command(&self, row: &Row, argv: &[String]) -> Vec<String> {
        let args = argv.iter().skip(1).map(|word| Place::fill(word));
        self.programs.command(row).into_iter().chain(args).collect()
    }

    fn probe(&self, at: usize) -> Step {
        let probe = &self.row(at).probe;
        let first = probe.first().map(|program| self.programs.path(program));
        let argv = first.into_iter().chain(probe.iter().skip(1).map(|word| Place::fill(word))).collect();
        self.step(at, Kind::Probe, "can it run here?", argv, 0.0)
    }

    fn imports(&self, at: usize) -> Option<Step> {
        let row = self.row(at);
        let import = format!("import {}", row.imports.as_ref()?);
        let command = [self.programs.command(row).remove(0), "-c".to_owned(), import.clone()];
        let export = format!("{}/start.json", Place::raw(&self.workload.key, &row.slug));
        let runs = if self.workload.quick { 1 } else { 5 };
        let argv = hyperfine(&import, &export, runs, &command);
        Some(self.step(at, Kind::Imports, "its start alone", argv, 0.2 * f64::from(runs)))
    }

    fn observed(&self, at: usize, run: u32) -> Step {
        let row = self.row(at);
        let raw = Place::raw(&self.workload.key, &row.slug);
        let (out, time) = (format!("{raw}/observed-{run}.json"), format!("{raw}/time-{run}.txt"));
        let mut argv =
            vec![self.programs.path("bench-observe"), "--out".to_owned(), out, "--time".to_owned(), time];
        let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| Place::fill(word)));
        match &self.workload.server {
            Some(Server::Lab(_)) => add(&["--lab", "{http}", "--workload", &self.workload.name]),
            Some(Server::Own { .. }) => {
                add(&["--database", "{lab}/admin.url", "--server-pid", "{lab}/pid"]);
            }
            Some(Server::Foreign { .. }) | None => {}
        }
        if let Some(printed) = &self.workload.printed {
            add(&["--started", &printed.started, "--finished", &printed.finished]);
        }
        add(&["--"]);
        argv.extend(self.command(row, &row.argv));
        // What they write besides is kept of the first run; the others do the same work.
        let raw = if run == 1 { raw } else { Place::SCRATCH.to_owned() };
        let more = row.sample.iter().skip(row.argv.len());
        argv.extend(more.map(|word| Place::fill(&word.replace("{memory}", &format!("{raw}/memory.csv")))));
        let what = if row.observed > 1 {
            format!("observed, {run} of {}", row.observed)
        } else {
            "observed".to_owned()
        };
        self.step(at, Kind::Observed(run), &what, argv, self.wait_s(row))
    }

    fn round(&self, at: usize, round: u32) -> Step {
        let row = self.row(at);
        let argv = hyperfine(&row.program, Place::ROUND, 1, &self.command(row, &row.argv));
        let what = format!("round {round} of {}", row.rounds);
        self.step(at, Kind::Round(round), &what, argv, self.wait_s(row))
    }

    fn count(&self, at: usize) -> Step {
        let row = self.row(at);
        let raw = Place::raw(&self.workload.key, &row.slug);
        let (followed, counted) = (format!("{raw}/waits.txt"), format!("{raw}/syscalls.txt"));
        let calls = format!("trace={}", waits::CALLS);
        let (what, words): (_, &[&str]) = match self.workload.vary {
            // No strings: what is sent and read is nobody's business.
            Vary::Time => (
                "in time",
                &["-f", "-ttt", "-T", "-s", "0", "-e", &calls, "-e", "signal=none", "-o", &followed],
            ),
            _ => ("system calls", &["-c", "-f", "-o", &counted]),
        };
        let strace = ["strace"].iter().chain(words).map(ToString::to_string);
        let argv = strace.chain(self.command(row, &row.count)).collect();
        let shorter = row.short.as_ref().map_or(1.0, |short| short.latency_s / self.workload.latency_s);
        self.step(at, Kind::Count, what, argv, self.wait_s(row) * shorter)
    }
}

/// Without a shell: hyperfine takes the command apart as [`shell_words`] does.
fn hyperfine(name: &str, export: &str, runs: u32, command: &[String]) -> Vec<String> {
    let runs = runs.to_string();
    let words = [
        "hyperfine",
        "-N",
        "--style",
        "none",
        "--runs",
        &runs,
        "--command-name",
        name,
        "--export-json",
        export,
    ];
    words.map(str::to_owned).into_iter().chain([shell_words::join(command)]).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bench_data::{matrix::Matrix, resolve};

    use super::*;

    fn plan(study: &str, names: &[&str]) -> Plan {
        let matrix =
            Matrix::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml"))).unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let at = resolve::Place { cpus: 2, quick: false, count: true, python: true, size: None };
        let workloads = matrix.resolve(study, &names, &at).unwrap();
        Plan::new(workloads, &Programs::new(None), 7)
    }

    fn shell(step: &Step) -> String {
        shell_words::join(&step.argv)
    }

    #[test]
    fn every_step_is_a_line_that_a_shell_takes_apart_again() {
        for study in ["bench", "mariadb", "own", "scale", "faults", "network", "timeline"] {
            let plan = plan(study, &[]);
            for step in &plan.steps {
                assert_eq!(shell_words::split(&shell(step)).unwrap(), step.argv);
                let left = step.argv.iter().find(|word| word.replace("{http}", "").contains('{'));
                assert_eq!(left, None, "{}", shell(step));
            }
            let mut ids: Vec<String> = plan.steps.iter().map(|step| plan.id(step)).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), plan.steps.len(), "{study}: no two steps have one name");
        }
    }

    #[test]
    fn commands() {
        let plan = plan("bench", &["db", "prices"]);
        let of = |program: &str, kind: Kind| {
            let found = plan.steps.iter().find(|step| {
                step.kind == kind && plan.workloads[step.workload].rows[step.row].program == program
            });
            shell(found.unwrap())
        };
        assert_eq!(
            of("db-tokio", Kind::Round(3)),
            "hyperfine -N --style none --runs 1 --command-name db-tokio --export-json target/bench/round.json \
             'target/release/db-tokio --urls target/bench/lab/db.urls --query '\\''select sleep(0.1)'\\'''"
        );
        let observed = of("prices-tokio", Kind::Observed(2));
        assert!(
            observed.contains("--lab {http} --workload prices -- target/release/prices-tokio"),
            "{observed}"
        );
        assert!(observed.ends_with("--memory target/bench/scratch/memory.csv"), "{observed}");
        assert!(of("prices-tokio", Kind::Observed(1)).ends_with("/raw/prices/prices-tokio/memory.csv"));
        assert!(
            of("db_asyncio.py", Kind::Count)
                .contains("target/python/bin/python scripts/python/db_asyncio.py")
        );
        assert!(of("db-glommio", Kind::Probe).starts_with("target/release/sleep-glommio "));
    }

    #[test]
    fn sick_hosts_are_in_the_estimate() {
        let plan = plan("faults", &["db"]);
        let of = |fault: &str, program: &str| {
            let id = format!("faults-db-{fault}/{program} Observed(1)");
            plan.steps.iter().find(|step| plan.id(step) == id).unwrap().seconds.round()
        };
        // 500 hosts, one after the other: 5 refuse, 5 hang for 2 s, 50 take 1 s in place of 0.1 s.
        assert_eq!(["refuse", "hang", "slow"].map(|fault| of(fault, "db-sequential")), [51.0, 61.0, 97.0]);
        assert_eq!(["refuse", "hang", "slow"].map(|fault| of(fault, "db-tokio")), [0.0, 2.0, 1.0]);
    }

    #[test]
    fn rounds_and_observed_runs_are_interleaved() {
        let plan = plan("bench", &["prices"]);
        let timed = |kind: Kind| {
            let steps = plan.steps.iter().filter(|step| step.kind == kind);
            steps.map(|step| step.row).collect::<Vec<_>>()
        };
        let sorted = |mut rows: Vec<usize>| {
            rows.sort_unstable();
            rows
        };
        assert_ne!(timed(Kind::Round(1)), timed(Kind::Round(2)), "drawn anew");
        assert_eq!(sorted(timed(Kind::Round(1))), sorted(timed(Kind::Round(2))));
        assert!(timed(Kind::Round(30)).len() < timed(Kind::Round(9)).len(), "the slow ones have fewer");
        let place = |kind: Kind| plan.steps.iter().rposition(|step| step.kind == kind).unwrap();
        assert!(place(Kind::Observed(1)) < place(Kind::Observed(2)));
    }

    #[test]
    fn make_bench_has_one_lab_and_another_for_traces_and_the_studies_one_for_each_case() {
        let all = plan("bench", &[]);
        let labs: Vec<String> = all.servers.iter().map(|server| shell_words::join(&server.argv)).collect();
        let lab = "target/release/bench-lab --dir target/bench/lab --hosts 500 --prices-delay 0.29";
        assert_eq!(labs, [lab.to_owned(), format!("{lab} --trace target/bench/lab/trace.csv")]);
        for step in &all.steps {
            let workload = &all.workloads[step.workload];
            let noted = workload.server.is_some() && workload.rows[step.row].control.is_none();
            assert_eq!(all.is_traced(step), noted && step.kind == Kind::Observed(1), "{}", all.id(step));
        }
        assert_eq!((plan("network", &[]).servers.len(), plan("own", &[]).servers.len()), (4, 0));
        assert_eq!(plan("mariadb", &[]).servers[0].argv, ["scripts/mariadb.sh", "target/bench/lab", "500"]);
    }
}
