//! A run as a list of steps: each is a command, with the server it needs and the files it writes. A step is done when its
//! files are there, so the list and the files are all that is needed to continue a run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{
    stats, waits,
    workload::{Row, Server, Vary, Workload},
};

use crate::{programs::Programs, run::Run};

/// The server's folder.
pub const LAB: &str = "target/bench/lab";
/// The files of the step that runs.
pub const STEP: &str = "target/bench/step";
/// The files of complete steps, in a folder for each row.
pub const STEPS: &str = "target/bench/steps";
/// hyperfine's export of one round.
pub const EXPORT: &str = "round.json";

/// One command of the bench.
pub struct Step {
    /// Workload, row and what is done, as in `db/db-tokio/round-3`.
    pub id: String,
    /// `{http}` is the URL of the server.
    pub argv: Vec<String>,
    pub server: Option<ServerCommand>,
    /// Files that the command leaves in the step's folder; those of a step that is done are in its row's.
    pub writes: Vec<String>,
    pub on_failure: OnFailure,
    /// Where it is a timed run, the number of its round.
    pub round: Option<u32>,
    /// Made only if the A/A control scatters in this number of rounds before. The control decides that, so that no ratio
    /// decides how long it is measured.
    pub only_if: Option<u32>,
    /// Place of its workload in the run.
    pub part: usize,
    /// Estimate from the limit.
    pub seconds: f64,
}

#[derive(Clone, PartialEq)]
pub struct ServerCommand {
    pub name: String,
    pub argv: Vec<String>,
    /// Whether each step has one of its own, which ends before its files are taken.
    pub fresh: bool,
}

/// What it means that a program fails. A tool that fails always ends the bench.
#[derive(Clone, Copy, PartialEq)]
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

/// Everything that is done between the build and the report.
pub fn steps(run: &Run, programs: &Programs) -> Vec<Step> {
    let mut steps = Vec::new();
    for (part, workload) in run.workloads().enumerate() {
        let maker = Maker { programs, workload, part, server: server(workload, programs) };
        // The steps of one kind: the first of each row, then the second of each, up to its count. A seed shuffles the rows.
        let mut add = |seed: Option<u64>, count: &dyn Fn(&Row) -> u32, make: &dyn Fn(&Row, u32) -> Step| {
            for number in 1.. {
                let has = |row: &&Row| row.skip.is_none() && number <= count(row);
                let rows: Vec<&Row> = workload.rows.iter().filter(has).collect();
                if rows.is_empty() {
                    break;
                }
                let order = match seed {
                    Some(seed) => stats::order(seed, number as usize, rows.len()),
                    None => (0..rows.len()).collect(),
                };
                steps.extend(order.into_iter().map(|place| make(rows[place], number)));
            }
        };
        add(None, &|row| u32::from(!row.probe.is_empty()), &|row, _| maker.probe(row));
        add(None, &|row| u32::from(row.imports.is_some()), &|row, _| maker.imports(row));
        add(None, &|row| u32::from(row.traced && workload.vary != Vary::Time), &|row, _| maker.trace(row));
        add(None, &|row| row.observed, &|row, number| maker.observed(row, number));
        add(None, &|row| row.timed.max(row.timed_short), &|row, number| maker.timed(row, number));
        add(None, &|row| u32::from(!row.sample.is_empty()), &|row, _| maker.memory(row));
        add(Some(run.seed), &|row| row.rounds * (1 + row.blocks), &|row, number| maker.round(row, number));
        add(None, &|row| u32::from(!row.count.is_empty()), &|row, _| maker.strace(row));
    }
    steps
}

/// At least, and at most, in seconds.
pub fn seconds<'a>(steps: impl IntoIterator<Item = &'a Step>) -> (f64, f64) {
    steps.into_iter().fold((0.0, 0.0), |(least, most), step| match step.only_if {
        None => (least + step.seconds, most + step.seconds),
        Some(_) => (least, most + step.seconds),
    })
}

impl Step {
    pub fn folder(&self) -> PathBuf {
        Path::new(STEPS).join(&self.id).with_file_name("")
    }

    /// Whether it has written everything, or its row has no figures.
    pub fn is_done(&self) -> bool {
        let folder = self.folder();
        self.writes.iter().all(|file| folder.join(file).exists()) || folder.join("status.txt").exists()
    }

    /// Files what it has written.
    pub fn complete(&self) -> Result<()> {
        self.writes.iter().try_for_each(|file| {
            fs::rename(Path::new(STEP).join(file), self.folder().join(file))
                .with_context(|| format!("no {file}, which `{}` is to write", self.argv[0]))
        })
    }

    /// As `--print` shows it: its server (`@`), its command, and the files it writes (`>`).
    pub fn describe(&self) -> String {
        let mut lines = vec![format!("{} ({:.1} s)", self.id, self.seconds)];
        lines.extend(self.only_if.map(|rounds| format!("  only if {rounds} rounds of the control scatter")));
        lines.extend(self.server.iter().map(|server| format!("  @ {}", shell_words::join(&server.argv))));
        lines.push(format!("  {}", shell_words::join(&self.argv)));
        lines.extend(self.writes.iter().map(|file| format!("  > {}", self.folder().join(file).display())));
        lines.join("\n")
    }
}

fn server(workload: &Workload, programs: &Programs) -> Option<ServerCommand> {
    let (name, argv) = match workload.server.as_ref()? {
        Server::Lab(args) => {
            ("the lab", [&[programs.path("bench-lab")], &words("--dir {lab}")[..], args].concat())
        }
        Server::Own { name, command } => (name.as_str(), command.clone()),
        Server::Foreign { .. } => return None,
    };
    let argv = argv.iter().map(|word| fill(word)).collect();
    Some(ServerCommand { name: name.to_owned(), argv, fresh: false })
}

/// Makes the steps of one workload. Each method is for one kind: it makes a row's only step, or that of this number.
struct Maker<'a> {
    programs: &'a Programs,
    workload: &'a Workload,
    part: usize,
    server: Option<ServerCommand>,
}

impl Maker<'_> {
    fn step(&self, row: &Row, name: &str, files: &[&str], wait_s: f64, argv: Vec<String>) -> Step {
        let Workload { key, size, latency_s, .. } = self.workload;
        let sick = self.workload.fault.as_ref().is_some_and(|fault| fault.fails);
        // Over a network each wait is longer: a MySQL client needs four round trips at least.
        let travel = 1.0 + 4.0 * self.workload.rtt_s.unwrap_or(0.0) / latency_s;
        // What a process, its tools and each connection need beyond the waiting; most of Python's is its imports.
        let start_s = if row.python { 0.5 } else { 0.04 };
        let items_s = if self.server.is_some() { 0.00016 * *size as f64 } else { 0.0 };
        Step {
            id: format!("{key}/{}/{name}", row.slug),
            argv,
            server: self.server.clone(),
            writes: files.iter().map(ToString::to_string).collect(),
            on_failure: match self.workload.vary {
                Vary::Size => OnFailure::Note,
                _ if sick => OnFailure::Sick,
                _ => OnFailure::Stop,
            },
            round: None,
            only_if: None,
            part: self.part,
            seconds: wait_s * travel * 1.01 + start_s + items_s,
        }
    }

    /// Whether the machine has what the row needs.
    fn probe(&self, row: &Row) -> Step {
        let argv = [&[self.programs.path(&row.probe[0])], &row.probe[1..]].concat();
        let step = self.step(row, "probe", &["stderr.txt"], 0.0, argv);
        Step { server: None, on_failure: OnFailure::Skip, seconds: 0.05, ..step }
    }

    /// The time that Python takes to start and to import.
    fn imports(&self, row: &Row) -> Step {
        let modules = row.imports.as_deref().unwrap_or_default();
        let python = self.programs.command(row, &[]).remove(0);
        let argv = [python, "-c".to_owned(), format!("import {modules}")];
        let runs = if self.workload.quick { 1 } else { 5 };
        let argv = hyperfine(&row.program, "start.json", runs, "", &argv);
        let step = self.step(row, "imports", &["start.json"], 0.0, argv);
        Step { server: None, seconds: 0.3 * f64::from(runs), ..step }
    }

    /// A run whose only product is when each item began and ended.
    fn trace(&self, row: &Row) -> Step {
        let argv = self.programs.command(row, &row.argv);
        Step { server: self.traced(), ..self.step(row, "trace", &["trace.csv"], row.limit_s, argv) }
    }

    /// A run whose products are memory, processes and the server's counters.
    fn observed(&self, row: &Row, number: u32) -> Step {
        let name = format!("observed-{number}");
        let file = format!("{name}.csv");
        let counters = match &self.workload.server {
            Some(Server::Lab(_)) => " --lab {http}",
            Some(Server::Own { .. }) => &format!(" --database {LAB}/admin.url --server-pid {LAB}/pid"),
            Some(Server::Foreign { .. }) | None => "",
        };
        let mut argv = vec![self.programs.path("bench-observe")];
        argv.extend(words(&format!("--out {STEP}/{file} --run {number}{counters}")));
        if let Some(printed) = &self.workload.printed {
            argv.extend(["--started", &printed.started, "--finished", &printed.finished].map(str::to_owned));
        }
        argv.push("--".to_owned());
        argv.extend(self.programs.command(row, row.short_argv()));
        self.step(row, &name, &[&file], row.short_limit_s(), argv)
    }

    /// A run whose only product is what GNU time says: at the article's delay, or where that takes too long, at a shorter one.
    fn timed(&self, row: &Row, number: u32) -> Step {
        let (kind, wait_s, command) = match row.timed_short {
            0 => ("timed", row.limit_s, row.argv.as_slice()),
            _ => ("short", row.short_limit_s(), row.short_argv()),
        };
        let name = format!("{kind}-{number}");
        let file = format!("{name}.txt");
        let time = words(&format!("/usr/bin/time -v -o {STEP}/{file} --"));
        let argv = [time, self.programs.command(row, command)].concat();
        self.step(row, &name, &[&file], wait_s, argv)
    }

    /// A run whose only product is the program's own samples of its memory.
    fn memory(&self, row: &Row) -> Step {
        let out = format!("{STEP}/memory.csv");
        let argv: Vec<String> = row.sample.iter().map(|word| word.replace("{memory}", &out)).collect();
        self.step(row, "memory", &["memory.csv"], row.limit_s, self.programs.command(row, &argv))
    }

    /// One run, as hyperfine times it: the runs of the same number are compared.
    fn round(&self, row: &Row, number: u32) -> Step {
        let name = format!("round-{number}");
        let command = self.programs.command(row, self.workload.round_argv(row));
        // A program that fails is seen by its exit code in the export: hyperfine's own is then its own.
        let argv = hyperfine(&row.program, EXPORT, 1, " --ignore-failure", &command);
        let wait_s = self.workload.round_limit_s(row);
        let step = self.step(row, &name, &[&format!("{name}.csv")], wait_s, argv);
        let before = (number - 1) / row.rounds * row.rounds;
        Step { round: Some(number), only_if: (before > 0).then_some(before), ..step }
    }

    /// A run under strace, which counts system calls, or notes when each thread sleeps and in which call.
    fn strace(&self, row: &Row) -> Step {
        let (name, files, server, options) = match self.workload.vary {
            Vary::Time => {
                // No strings: what is sent and read is nobody's business.
                let options = format!("-ttt -T -s 0 -e trace={} -e signal=none", waits::CALLS);
                ("follow", ["waits.txt", "trace.csv"].as_slice(), self.traced(), options)
            }
            _ => ("count", ["syscalls.txt"].as_slice(), self.server.clone(), "-c".to_owned()),
        };
        let strace = words(&format!("strace -f -o {STEP}/{} {options}", files[0]));
        let argv = [strace, self.programs.command(row, &row.count)].concat();
        Step { server, ..self.step(row, name, files, row.short_limit_s(), argv) }
    }

    /// A lab that notes when each item begins and ends.
    fn traced(&self) -> Option<ServerCommand> {
        let ServerCommand { name, argv, .. } = self.server.clone()?;
        let argv = [argv, words(&format!("--trace {STEP}/trace.csv"))].concat();
        Some(ServerCommand { name, argv, fresh: true })
    }
}

/// The words of a part of a command in which no word has a space.
pub fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// A word of a command with the folder of the server.
pub fn fill(word: &str) -> String {
    word.replace("{lab}", LAB)
}

/// Without a shell: hyperfine takes the command apart as [`shell_words`] does.
fn hyperfine(name: &str, export: &str, runs: u32, options: &str, command: &[String]) -> Vec<String> {
    let mut argv = words(&format!("hyperfine -N --style none --runs {runs}{options} --command-name"));
    let export = format!("{STEP}/{export}");
    argv.extend([name.to_owned(), "--export-json".to_owned(), export, shell_words::join(command)]);
    argv
}
