//! A run as a list of steps: each is a command, with the server it needs and the files it writes. A step is done when its
//! files are there, so the list and the files are all that is needed to continue a run.

use std::{fmt, fs, path::Path};

use anyhow::{Context, Result};
use bench_data::{
    files,
    rounds::{self, Round},
    stats, waits,
    workload::{Control, Row, Server, Vary, Workload},
};

use crate::{folders, programs::Programs, run::Run};

/// One command of the bench.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Workload, row and what is done, as in `db/db-tokio/round-3`.
    pub id: String,
    /// `{http}` is the URL of the server.
    pub argv: Vec<String>,
    /// Place of the server that has to run.
    pub server: Option<usize>,
    pub writes: Vec<Written>,
    pub on_failure: OnFailure,
    /// Where it is a timed run, the number of its round.
    pub round: Option<u32>,
    pub only_if: Option<Scatter>,
    /// Estimate from the limit.
    pub seconds: f64,
}

/// A file that the command writes aside, and its name once the step is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub aside: String,
    pub file: String,
}

/// What it means that a program fails. A tool that fails always ends the bench.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OnFailure {
    /// The bench ends.
    Stop,
    /// Exit code 1 is expected: some items are sick. Another ends the bench.
    Sick,
    /// The row is skipped: the machine lacks something that it needs.
    Skip,
    /// The row has failed, which is a result.
    Note,
}

/// Further rounds, only if those before scatter too much to resolve small differences: decided by the control alone, so
/// that no ratio decides how long it is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    control: String,
    reference: String,
    rounds: u32,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub name: String,
    pub argv: Vec<String>,
    /// Whether each step has one of its own, which ends before its files are taken.
    pub fresh: bool,
}

/// Everything that is done between the build and the report.
pub struct Steps {
    pub servers: Vec<Planned>,
    pub steps: Vec<Step>,
}

impl Steps {
    pub fn new(run: &Run, programs: &Programs) -> Self {
        let mut all = Steps { servers: Vec::new(), steps: Vec::new() };
        for workload in run.workloads() {
            let server = all.server(workload, programs);
            let traced = all.traced(workload, server);
            let rows: Vec<&Row> = workload.rows.iter().filter(|row| row.skip.is_none()).collect();
            let maker = Maker { programs, workload, rows, server, traced };
            all.steps.extend(maker.steps(run.seed));
        }
        all
    }

    /// Place of the workload's server.
    fn server(&mut self, workload: &Workload, programs: &Programs) -> Option<usize> {
        let server = workload.server.as_ref()?;
        let (name, command) = match server {
            Server::Lab(args) => {
                let lab = [programs.path("bench-lab"), "--dir".to_owned(), "{lab}".to_owned()];
                ("the lab", lab.into_iter().chain(args.iter().cloned()).collect())
            }
            Server::Own { command, .. } => (server.name(), command.clone()),
            Server::Foreign { .. } => return None,
        };
        let argv = command.iter().map(|word| fill(word)).collect();
        self.servers.push(Planned { name: name.to_owned(), argv, fresh: false });
        Some(self.servers.len() - 1)
    }

    /// Place of a lab that notes when each item begins and ends.
    fn traced(&mut self, workload: &Workload, server: Option<usize>) -> Option<usize> {
        let lab = matches!(workload.server, Some(Server::Lab(_)));
        let wanted = lab && (workload.vary == Vary::Time || workload.rows.iter().any(|row| row.traced));
        let mut traced = Planned { fresh: true, ..self.servers[server.filter(|_| wanted)?].clone() };
        traced.argv.extend(["--trace", folders::TRACE].map(str::to_owned));
        self.servers.push(traced);
        Some(self.servers.len() - 1)
    }

    /// Least and most seconds, with what is left to do of these.
    pub fn seconds<'a>(steps: impl IntoIterator<Item = &'a Step>) -> (f64, f64) {
        let add = |(least, most), step: &Step| match step.only_if {
            None => (least + step.seconds, most + step.seconds),
            Some(_) => (least, most + step.seconds),
        };
        steps.into_iter().fold((0.0, 0.0), add)
    }
}

impl Step {
    /// The folder of its row.
    pub fn folder(&self) -> &Path {
        let file = self.writes.first().map_or("", |written| written.file.as_str());
        Path::new(file).parent().unwrap_or(Path::new(""))
    }

    /// Whether it has written everything, or its row has no figures.
    pub fn is_done(&self) -> bool {
        self.writes.iter().all(|written| Path::new(&written.file).exists())
            || self.folder().join("status.txt").exists()
    }

    /// Its files get their names.
    pub fn complete(&self) -> Result<()> {
        self.writes.iter().try_for_each(|Written { aside, file }| {
            fs::rename(aside, file)
                .with_context(|| format!("no {aside}, which `{}` is to write", self.argv[0]))
        })
    }
}

impl Scatter {
    /// Whether the rounds before ask for more.
    pub fn is_large(&self) -> Result<bool> {
        let mut found = Vec::new();
        for round in 1..=self.rounds {
            for folder in [&self.control, &self.reference] {
                let file = format!("{folder}/round-{round}.csv");
                found.extend(files::csv::<Round>(Path::new(&file)).unwrap_or_default());
            }
        }
        let slug = |folder: &str| folder.rsplit('/').next().unwrap_or_default().to_owned();
        let pairs = rounds::pairs(&found, &slug(&self.control), &slug(&self.reference));
        let (control, reference): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        Ok(stats::scatter(&control, &reference).is_some_and(|scatter| scatter > stats::SCATTER))
    }
}

/// As `--print` shows them: the server of each (`@`), its command, and the files it writes (`>`).
impl fmt::Display for Steps {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            write!(to, "{}", step.id)?;
            if let Some(Scatter { control, rounds, .. }) = &step.only_if {
                write!(to, " (only if {rounds} rounds of {control} scatter)")?;
            }
            if let Some(place) = step.server {
                write!(to, "\n  @ {}", shell_words::join(&self.servers[place].argv))?;
            }
            writeln!(to, "\n  {}", shell_words::join(&step.argv))?;
            step.writes.iter().try_for_each(|written| writeln!(to, "  > {}", written.file))?;
        }
        Ok(())
    }
}

/// Makes the steps of one workload.
struct Maker<'a> {
    programs: &'a Programs,
    workload: &'a Workload,
    /// Those that are tried.
    rows: Vec<&'a Row>,
    server: Option<usize>,
    traced: Option<usize>,
}

impl Maker<'_> {
    fn steps(&self, seed: u64) -> Vec<Step> {
        let rows = || self.rows.iter().copied();
        let most = |number: fn(&Row) -> u32| rows().map(number).max().unwrap_or(0);
        let mut steps = Vec::new();
        steps.extend(rows().filter(|row| !row.probe.is_empty()).map(|row| self.probe(row)));
        steps.extend(rows().filter_map(|row| self.imports(row)));
        if self.workload.vary != Vary::Time {
            steps.extend(rows().filter(|row| row.traced).map(|row| self.trace(row)));
        }
        for run in 1..=most(|row| row.observed) {
            steps.extend(rows().filter(|row| row.observed >= run).map(|row| self.observed(row, run)));
        }
        for run in 1..=most(|row| row.timed.max(row.timed_short)) {
            steps.extend(rows().filter(|row| row.timed >= run).map(|row| self.timed(row, "timed", run)));
            steps
                .extend(rows().filter(|row| row.timed_short >= run).map(|row| self.timed(row, "short", run)));
        }
        steps.extend(rows().filter(|row| !row.sample.is_empty()).map(|row| self.sample(row)));
        let last = |row: &Row| row.rounds * (1 + row.blocks);
        for round in 1..=most(last) {
            let timed: Vec<&Row> = rows().filter(|row| last(row) >= round).collect();
            let order = stats::order(seed, round as usize, timed.len());
            steps.extend(order.into_iter().map(|place| self.round(timed[place], round)));
        }
        steps.extend(rows().filter(|row| !row.count.is_empty()).map(|row| self.count(row)));
        steps
    }

    /// A step that writes files of these names, of which the argument vector is made.
    fn step<const N: usize>(
        &self,
        row: &Row,
        name: &str,
        wait_s: f64,
        names: [&str; N],
        argv: impl FnOnce([String; N]) -> Vec<String>,
    ) -> Step {
        let folder = folders::row(&self.workload.key, &row.slug);
        let files = names.map(|name| format!("{folder}/{name}"));
        let aside = files.clone().map(|file| file + ".new");
        let sick = self.workload.fault.as_ref().is_some_and(|fault| fault.fails);
        // Over a network each wait is longer: a MySQL client needs four round trips at least.
        let travel = 1.0 + 4.0 * self.workload.rtt_s.unwrap_or(0.0) / self.workload.latency_s;
        Step {
            id: format!("{}/{}/{name}", self.workload.key, row.slug),
            argv: argv(aside.clone()),
            server: self.server,
            writes: aside.into_iter().zip(files).map(|(aside, file)| Written { aside, file }).collect(),
            on_failure: match self.workload.vary {
                Vary::Size => OnFailure::Note,
                _ if sick => OnFailure::Sick,
                _ => OnFailure::Stop,
            },
            round: None,
            only_if: None,
            // What a process and its tools need beyond the waiting; most of Python's is its imports.
            seconds: wait_s * travel * 1.02 + if row.python { 0.5 } else { 0.1 },
        }
    }

    fn short_wait_s(&self, row: &Row) -> f64 {
        row.short.as_ref().map_or(row.limit_s, |short| short.limit_s)
    }

    /// The row's program with these arguments, as `argv` of the matrix has them: program first.
    fn command(&self, row: &Row, argv: &[String]) -> Vec<String> {
        let args = argv.iter().skip(1).map(|word| fill(word));
        self.programs.command(row).into_iter().chain(args).collect()
    }

    fn probe(&self, row: &Row) -> Step {
        let step = self.step(row, "probe", 0.0, ["probe.txt"], |_| {
            let program = row.probe.first().map(|program| self.programs.path(program));
            program.into_iter().chain(row.probe.iter().skip(1).map(|word| fill(word))).collect()
        });
        let mut step = Step { server: None, on_failure: OnFailure::Skip, ..step };
        step.writes[0].aside = folders::ERRORS.to_owned();
        step
    }

    fn imports(&self, row: &Row) -> Option<Step> {
        let import = format!("import {}", row.imports.as_ref()?);
        let command = [self.programs.command(row).remove(0), "-c".to_owned(), import];
        let runs = if self.workload.quick { 1 } else { 5 };
        let step = self.step(row, "imports", 0.2 * f64::from(runs), ["start.json"], |[export]| {
            hyperfine(&row.program, &export, runs, &[], &command)
        });
        Some(Step { server: None, ..step })
    }

    /// A run whose only product is when each item began and ended.
    fn trace(&self, row: &Row) -> Step {
        let step = self.step(row, "trace", row.limit_s, ["trace.csv"], |_| self.command(row, &row.argv));
        from_trace(Step { server: self.traced, ..step })
    }

    /// A run whose products are memory, processes and the server's counters.
    fn observed(&self, row: &Row, run: u32) -> Step {
        let name = format!("observed-{run}");
        self.step(row, &name, self.short_wait_s(row), [&format!("{name}.csv")], |[out]| {
            let mut argv = vec![self.programs.path("bench-observe"), "--out".to_owned(), out];
            let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| fill(word)));
            add(&["--run", &run.to_string()]);
            match &self.workload.server {
                Some(Server::Lab(_)) => add(&["--lab", "{http}"]),
                Some(Server::Own { .. }) => {
                    add(&["--database", "{lab}/admin.url", "--server-pid", "{lab}/pid"])
                }
                Some(Server::Foreign { .. }) | None => {}
            }
            if let Some(printed) = &self.workload.printed {
                add(&["--started", &printed.started, "--finished", &printed.finished]);
            }
            add(&["--"]);
            argv.extend(self.command(row, row.short_argv()));
            argv
        })
    }

    /// A run whose only product is what GNU time says, at the article's delay or a shorter one.
    fn timed(&self, row: &Row, kind: &str, run: u32) -> Step {
        let name = format!("{kind}-{run}");
        let (argv, wait_s) = match kind {
            "short" => (row.short_argv(), self.short_wait_s(row)),
            _ => (row.argv.as_slice(), row.limit_s),
        };
        self.step(row, &name, wait_s, [&format!("{name}.txt")], |[out]| {
            let time = ["/usr/bin/time", "-v", "-o", &out, "--"].map(str::to_owned);
            time.into_iter().chain(self.command(row, argv)).collect()
        })
    }

    /// A run whose only product is the program's own samples of its memory.
    fn sample(&self, row: &Row) -> Step {
        self.step(row, "memory", row.limit_s, ["memory.csv"], |[out]| {
            let sample: Vec<String> = row.sample.iter().map(|word| word.replace("{memory}", &out)).collect();
            self.command(row, &sample)
        })
    }

    fn round(&self, row: &Row, round: u32) -> Step {
        let wait_s = self.workload.round_limit_s(row);
        let name = format!("round-{round}");
        let mut step = self.step(row, &name, wait_s, [&format!("{name}.csv")], |_| {
            let command = self.command(row, self.workload.round_argv(row));
            // A program that fails is seen by its exit code in the export: hyperfine's own is then its own.
            hyperfine(&row.program, folders::ROUND, 1, &["--ignore-failure"], &command)
        });
        step.round = Some(round);
        step.only_if = self.scatter(row, round);
        step
    }

    fn scatter(&self, row: &Row, round: u32) -> Option<Scatter> {
        let rounds = (round - 1) / row.rounds * row.rounds;
        let control = self.rows.iter().find(|row| row.control == Some(Control::Same));
        let reference = self.rows.iter().find(|row| row.program == self.workload.reference);
        let folder = |row: &Row| folders::row(&self.workload.key, &row.slug);
        let (control, reference) = control.zip(reference).filter(|_| rounds > 0)?;
        Some(Scatter { control: folder(control), reference: folder(reference), rounds })
    }

    /// A run under strace: system calls are counted, or followed in time.
    fn count(&self, row: &Row) -> Step {
        let command = self.command(row, &row.count);
        let strace = |words: &[&str]| {
            let words = ["strace"].iter().chain(words).map(ToString::to_string);
            words.chain(command.iter().cloned()).collect::<Vec<_>>()
        };
        let wait_s = self.short_wait_s(row);
        if self.workload.vary != Vary::Time {
            return self
                .step(row, "count", wait_s, ["syscalls.txt"], |[out]| strace(&["-c", "-f", "-o", &out]));
        }
        let calls = format!("trace={}", waits::CALLS);
        let step = self.step(row, "follow", wait_s, ["trace.csv", "waits.txt"], |[_, out]| {
            // No strings: what is sent and read is nobody's business.
            strace(&["-f", "-ttt", "-T", "-s", "0", "-e", &calls, "-e", "signal=none", "-o", &out])
        });
        from_trace(Step { server: self.traced, ..step })
    }
}

/// Its first file is the trace that its lab wrote.
fn from_trace(mut step: Step) -> Step {
    step.writes[0].aside = folders::TRACE.to_owned();
    step
}

/// A word of a command with the folder of the server.
fn fill(word: &str) -> String {
    word.replace("{lab}", folders::LAB)
}

/// Without a shell: hyperfine takes the command apart as [`shell_words`] does.
fn hyperfine(name: &str, export: &str, runs: u32, more: &[&str], command: &[String]) -> Vec<String> {
    let runs = runs.to_string();
    let words = ["hyperfine", "-N", "--style", "none", "--runs", &runs];
    let names = ["--command-name", name, "--export-json", export];
    let words = words.iter().chain(more).chain(&names).map(ToString::to_string);
    words.chain([shell_words::join(command)]).collect()
}

/// Removes what a stopped run has left, and makes room.
pub fn make_room() -> Result<()> {
    for folder in [folders::STEPS, folders::LAB] {
        if Path::new(folder).exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
    }
    Ok(())
}
