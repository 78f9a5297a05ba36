//! A run as a list of steps: each is a command, with the server it needs and the files it writes. A step is done when its
//! files are there, so the list and the files are all that is needed to continue a run.

use std::{
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{Context, Result};
use bench_data::{
    stats, waits,
    workload::{Row, Server, Vary, Workload},
};

use crate::{
    folders::{LAB, STEP, STEPS},
    programs::Programs,
    run::Run,
};

/// hyperfine's export of one round.
pub const EXPORT: &str = "round.json";

/// One command of the bench.
pub struct Step {
    /// Workload, row and what is done, as in `db/db-tokio/round-3`.
    pub id: String,
    /// `{http}` is the URL of the server.
    pub argv: Vec<String>,
    pub server: Option<Rc<ServerCommand>>,
    /// Files that the command leaves in the step's folder; those of a step that is done are in its row's.
    pub writes: Vec<String>,
    pub on_failure: OnFailure,
    /// Where it is a timed run, the number of its round.
    pub round: Option<u32>,
    /// Made only if the A/A control scatters in so many rounds before. That is decided by the control, so that no ratio
    /// decides how long it is measured.
    pub only_if: Option<u32>,
    /// Place of its workload in the run.
    pub part: usize,
    /// Estimate from the limit.
    pub seconds: f64,
}

/// Who answers.
#[derive(PartialEq)]
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
        let rows: Vec<&Row> = workload.rows.iter().filter(|row| row.skip.is_none()).collect();
        let server = server(workload, programs);
        let maker = Maker { programs, workload, part, traced: server.as_ref().map(traced), server };
        let kinds = [
            Maker::probe,
            Maker::imports,
            Maker::trace,
            Maker::observed,
            Maker::timed,
            Maker::memory,
            Maker::round,
            Maker::strace,
        ];
        for kind in kinds {
            for number in 1.. {
                let made = rows.iter().filter_map(|row| kind(&maker, row, number));
                let mut made: Vec<Option<Step>> = made.map(Some).collect();
                let order = match made.first() {
                    None => break,
                    Some(Some(Step { round: Some(round), .. })) => {
                        stats::order(run.seed, *round as usize, made.len())
                    }
                    Some(_) => (0..made.len()).collect(),
                };
                steps.extend(order.into_iter().filter_map(|place| made[place].take()));
            }
        }
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

/// The folder of a row's files.
pub fn folder(key: &str, slug: &str) -> PathBuf {
    Path::new(STEPS).join(key).join(slug)
}

impl Step {
    /// The folder of its row.
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

fn server(workload: &Workload, programs: &Programs) -> Option<Rc<ServerCommand>> {
    let (name, argv) = match workload.server.as_ref()? {
        Server::Lab(args) => (
            "the lab",
            [&[programs.path("bench-lab"), "--dir".to_owned(), LAB.to_owned()], &args[..]].concat(),
        ),
        Server::Own { name, command } => (name.as_str(), command.clone()),
        Server::Foreign { .. } => return None,
    };
    Some(Rc::new(ServerCommand {
        name: name.to_owned(),
        argv: argv.iter().map(|word| fill(word)).collect(),
        fresh: false,
    }))
}

/// A lab that notes when each item begins and ends.
fn traced(lab: &Rc<ServerCommand>) -> Rc<ServerCommand> {
    let trace = ["--trace".to_owned(), format!("{STEP}/trace.csv")];
    Rc::new(ServerCommand { name: lab.name.clone(), argv: [&lab.argv[..], &trace].concat(), fresh: true })
}

/// Makes the steps of one workload. Each method is for one kind: it makes the step of this number where the row has so many.
struct Maker<'a> {
    programs: &'a Programs,
    workload: &'a Workload,
    part: usize,
    server: Option<Rc<ServerCommand>>,
    traced: Option<Rc<ServerCommand>>,
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
    fn probe(&self, row: &Row, number: u32) -> Option<Step> {
        let (program, args) = row.probe.split_first().filter(|_| number == 1)?;
        let argv = [&[self.programs.path(program)], args].concat();
        let step = self.step(row, "probe", &["stderr.txt"], 0.0, argv);
        Some(Step { server: None, on_failure: OnFailure::Skip, seconds: 0.05, ..step })
    }

    /// The time that Python takes to start and to import.
    fn imports(&self, row: &Row, number: u32) -> Option<Step> {
        let modules = row.imports.as_ref().filter(|_| number == 1)?;
        let python = self.programs.command(row, &[]).remove(0);
        let argv = [python, "-c".to_owned(), format!("import {modules}")];
        let runs = if self.workload.quick { 1 } else { 5 };
        let argv = hyperfine(&row.program, "start.json", runs, &[], &argv);
        let step = self.step(row, "imports", &["start.json"], 0.0, argv);
        Some(Step { server: None, seconds: 0.3 * f64::from(runs), ..step })
    }

    /// A run whose only product is when each item began and ended.
    fn trace(&self, row: &Row, number: u32) -> Option<Step> {
        let wanted = row.traced && self.workload.vary != Vary::Time && number == 1;
        let argv = self.programs.command(row, &row.argv);
        let step = wanted.then(|| self.step(row, "trace", &["trace.csv"], row.limit_s, argv))?;
        Some(Step { server: self.traced.clone(), ..step })
    }

    /// A run whose products are memory, processes and the server's counters.
    fn observed(&self, row: &Row, number: u32) -> Option<Step> {
        let name = format!("observed-{number}");
        let file = format!("{name}.csv");
        let out = format!("{STEP}/{file}");
        let number_text = number.to_string();
        let mut options = vec!["--out", &out, "--run", &number_text];
        match &self.workload.server {
            Some(Server::Lab(_)) => options.extend(["--lab", "{http}"]),
            Some(Server::Own { .. }) => {
                options.extend(["--database", "{lab}/admin.url", "--server-pid", "{lab}/pid"]);
            }
            Some(Server::Foreign { .. }) | None => {}
        }
        if let Some(printed) = &self.workload.printed {
            options.extend(["--started", &printed.started, "--finished", &printed.finished]);
        }
        let mut argv = vec![self.programs.path("bench-observe")];
        argv.extend(options.into_iter().chain(["--"]).map(fill));
        argv.extend(self.programs.command(row, row.short_argv()));
        (number <= row.observed).then(|| self.step(row, &name, &[&file], short_s(row), argv))
    }

    /// A run whose only product is what GNU time says: at the article's delay, or where that takes too long, at a shorter one.
    fn timed(&self, row: &Row, number: u32) -> Option<Step> {
        let (kind, wait_s, command) = match row.timed_short {
            0 => ("timed", row.limit_s, row.argv.as_slice()),
            _ => ("short", short_s(row), row.short_argv()),
        };
        let name = format!("{kind}-{number}");
        let file = format!("{name}.txt");
        let time = ["/usr/bin/time", "-v", "-o", &format!("{STEP}/{file}"), "--"].map(str::to_owned);
        let argv = [&time[..], &self.programs.command(row, command)].concat();
        (number <= row.timed.max(row.timed_short)).then(|| self.step(row, &name, &[&file], wait_s, argv))
    }

    /// A run whose only product is the program's own samples of its memory.
    fn memory(&self, row: &Row, number: u32) -> Option<Step> {
        let out = format!("{STEP}/memory.csv");
        let argv: Vec<String> = row.sample.iter().map(|word| word.replace("{memory}", &out)).collect();
        let wanted = !argv.is_empty() && number == 1;
        let argv = self.programs.command(row, &argv);
        wanted.then(|| self.step(row, "memory", &["memory.csv"], row.limit_s, argv))
    }

    /// One run, as hyperfine times it: the runs of the same number are compared.
    fn round(&self, row: &Row, number: u32) -> Option<Step> {
        let name = format!("round-{number}");
        let command = self.programs.command(row, self.workload.round_argv(row));
        // A program that fails is seen by its exit code in the export: hyperfine's own is then its own.
        let argv = hyperfine(&row.program, EXPORT, 1, &["--ignore-failure"], &command);
        let wait_s = self.workload.round_limit_s(row);
        let step = (number <= row.rounds * (1 + row.blocks))
            .then(|| self.step(row, &name, &[&format!("{name}.csv")], wait_s, argv))?;
        let before = (number - 1) / row.rounds * row.rounds;
        Some(Step { round: Some(number), only_if: (before > 0).then_some(before), ..step })
    }

    /// A run under strace, which counts system calls, or notes when each thread sleeps and in which call.
    fn strace(&self, row: &Row, number: u32) -> Option<Step> {
        let calls = format!("trace={}", waits::CALLS);
        let (name, files, server, options) = match self.workload.vary {
            Vary::Time => {
                // No strings: what is sent and read is nobody's business.
                let options = ["-ttt", "-T", "-s", "0", "-e", &calls, "-e", "signal=none"].to_vec();
                ("follow", ["waits.txt", "trace.csv"].to_vec(), &self.traced, options)
            }
            _ => ("count", ["syscalls.txt"].to_vec(), &self.server, ["-c"].to_vec()),
        };
        let out = format!("{STEP}/{}", files[0]);
        let strace = [&["strace", "-f", "-o", &out], &options[..]].concat().into_iter().map(str::to_owned);
        let argv = strace.chain(self.programs.command(row, &row.count)).collect();
        let wanted = !row.count.is_empty() && number == 1;
        let step = wanted.then(|| self.step(row, name, &files, short_s(row), argv))?;
        Some(Step { server: server.clone(), ..step })
    }
}

fn short_s(row: &Row) -> f64 {
    row.short.as_ref().map_or(row.limit_s, |short| short.limit_s)
}

/// A word of a command with the folder of the server.
pub fn fill(word: &str) -> String {
    word.replace("{lab}", LAB)
}

/// Without a shell: hyperfine takes the command apart as [`shell_words`] does.
fn hyperfine(name: &str, export: &str, runs: u32, options: &[&str], command: &[String]) -> Vec<String> {
    let (runs, export, command) = (runs.to_string(), format!("{STEP}/{export}"), shell_words::join(command));
    let words = ["hyperfine", "-N", "--style", "none", "--runs", &runs];
    let names = ["--command-name", name, "--export-json", &export, &command];
    [&words[..], options, &names].concat().into_iter().map(str::to_owned).collect()
}
