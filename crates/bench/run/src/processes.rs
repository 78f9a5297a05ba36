//! The commands that the driver runs: one at a time, and a server beside them. Each stands under a guard (see [`guard`]),
//! so that none outlives this process, whatever ends it. While a command runs, the driver sleeps until a signal comes.

use std::{
    env,
    fs::{self, File},
    os::unix::process::CommandExt,
    process::{self, Child, Command, Stdio},
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use procfs::process::Process;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{
    folders::{SERVER_ERRORS, SERVER_OUTPUT},
    guard,
    steps::ServerCommand,
    stop::{Outcome, Stop},
};

/// How long a server may take until it is ready: a MariaDB first makes its tables, on a slow disk.
const READY: Duration = Duration::from_secs(60);

/// How long a dying server may fail programs before its own end is noticed.
const LATE: Duration = Duration::from_millis(200);

/// How long all may take to end: the guards kill after 0.8 s.
const END: Duration = Duration::from_millis(1800);

/// The variables that a measured program has from the user. Others change figures: LD_PRELOAD, MALLOC_*, PYTHON*,
/// TOKIO_WORKER_THREADS, a proxy.
const KEPT: [&str; 3] = ["HOME", "TMPDIR", "USER"];

/// The commands that run, by their guards, and the signals that end the bench.
pub struct Processes {
    signals: Signals,
    command: Option<Child>,
    server: Option<(Rc<ServerCommand>, Child)>,
}

impl Processes {
    /// From here on signals wait until a command runs. Those that whoever started it wants ignored, as nohup does, are.
    pub fn new() -> Result<Self> {
        let status = Process::myself().and_then(|process| process.status());
        let ignored = status.map_or(0, |status| status.sigign);
        let ends = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let signals = Signals::new(ends.chain([SIGCHLD])).context("cannot listen to signals")?;
        Ok(Self { signals, command: None, server: None })
    }

    /// Runs a command, as [`guarded`] or [`measured`] has it, to its end and returns its exit code.
    pub fn run(&mut self, mut command: Command) -> Outcome<u8> {
        self.command = Some(command.spawn().context("cannot start bench-run's guard")?);
        let code = loop {
            if let Some(code) = ended(self.command.as_mut())? {
                break code;
            }
            let signals = self.signals.wait().collect();
            self.heed(signals)?;
        };
        self.command = None;
        if code != 0 {
            // A dying server fails the programs too: then it is the one to be named.
            self.pause(LATE)?;
        }
        Ok(code)
    }

    /// Whether this server runs.
    pub fn serves(&self, server: &Rc<ServerCommand>) -> bool {
        self.server.as_ref().is_some_and(|(running, _)| running == server)
    }

    /// Starts a server in place of the one that runs, and waits until it prints `ready`. Returns its exit code where it ends
    /// before.
    pub fn serve(&mut self, server: &Rc<ServerCommand>) -> Outcome<Option<u8>> {
        self.stop_server();
        let create = |file: &str| File::create(file).with_context(|| format!("cannot write {file}"));
        let guard =
            measured(&server.argv).stdout(create(SERVER_OUTPUT)?).stderr(create(SERVER_ERRORS)?).spawn();
        self.command = Some(guard.context("cannot start bench-run's guard")?);
        let start = Instant::now();
        while !fs::read_to_string(SERVER_OUTPUT).is_ok_and(|text| text.lines().any(|line| line == "ready")) {
            if let Some(code) = ended(self.command.as_mut())? {
                self.command = None;
                return Ok(Some(code));
            }
            if start.elapsed() > READY {
                return Err(Stop::failed(format!(
                    "{} is not ready after {} s; the results are as they were",
                    server.name,
                    READY.as_secs()
                )));
            }
            self.pause(Duration::from_millis(5))?;
        }
        self.server = self.command.take().map(|guard| (Rc::clone(server), guard));
        Ok(None)
    }

    /// Ends the server, where there is one.
    pub fn stop_server(&mut self) {
        end(self.server.take().map(|(_, guard)| guard).as_mut_slice());
    }

    /// The process above everything of the server's.
    pub fn server(&self) -> Option<u32> {
        self.server.as_ref().map(|(_, guard)| guard.id())
    }

    /// Waits this long, unless a signal comes or the server ends.
    pub fn pause(&mut self, time: Duration) -> Outcome<()> {
        let end = Instant::now() + time;
        loop {
            let signals = self.signals.pending().collect();
            self.heed(signals)?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(Duration::from_millis(10)));
        }
    }

    /// What ends the bench: a signal, or the end of the server.
    fn heed(&mut self, signals: Vec<i32>) -> Outcome<()> {
        if let Some(signal) = signals.into_iter().find(|signal| *signal != SIGCHLD) {
            return Err(Stop::signal(signal));
        }
        if let Some((server, guard)) = &mut self.server
            && ended(Some(guard))?.is_some()
        {
            let errors = fs::read_to_string(SERVER_ERRORS).unwrap_or_default();
            let (name, errors) = (&server.name, errors.trim_end());
            return Err(Stop::failed(format!("{name} died; the results are as they were\n{errors}")));
        }
        Ok(())
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        let server = self.server.take().map(|(_, guard)| guard);
        end(&mut self.command.take().into_iter().chain(server).collect::<Vec<_>>());
    }
}

/// A command under its guard, with the user's environment and terminal, and with our own tools (hyperfine) in front. The
/// guard is this very program, even when it was built anew meanwhile.
pub fn guarded(argv: &[String]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("bench-guard").arg(guard::GUARD).arg(process::id().to_string()).args(argv);
    command.stdin(Stdio::null()).process_group(0).env("PATH", path());
    command
}

/// A command under its guard, with nothing from the user's environment that could change a figure.
pub fn measured(argv: &[String]) -> Command {
    let mut command = guarded(argv);
    clean(&mut command).env("LC_ALL", "C.UTF-8").stdout(Stdio::null());
    command
}

/// Takes everything out of a command's environment that could change what it does.
pub fn clean(command: &mut Command) -> &mut Command {
    let kept = KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().envs(kept).env("PATH", path()).env("RUST_BACKTRACE", "0")
}

fn path() -> String {
    let tools = env::current_dir().unwrap_or_default().join("target/tools/bin");
    format!("{}:{}", tools.display(), env::var("PATH").unwrap_or_default())
}

fn ended(guard: Option<&mut Child>) -> Result<Option<u8>> {
    let Some(guard) = guard else { return Ok(None) };
    Ok(guard.try_wait().context("cannot wait for a command")?.map(guard::code))
}

/// Ends these and waits until they are gone.
fn end(guards: &mut [Child]) {
    let start = Instant::now();
    for guard in guards.iter() {
        let _ = kill_process(Pid::from_child(guard), Signal::TERM);
    }
    while start.elapsed() < END && guards.iter_mut().any(|guard| matches!(guard.try_wait(), Ok(None))) {
        thread::sleep(Duration::from_millis(5));
    }
}
