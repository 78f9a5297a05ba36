//! The commands that the driver runs: one at a time, and a server beside them. Each stands under a guard (see [`guard`]),
//! so that none outlives this process, whatever ends it. While a command runs, the driver sleeps until a signal comes.

use std::{
    env, fmt,
    fs::{self, File},
    os::unix::process::CommandExt,
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use procfs::process::Process;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    iterator::{Pending, Signals, exfiltrator::SignalOnly},
};

use crate::{guard, steps::ServerCommand};

pub const SERVER_ERRORS: &str = "target/bench/server.txt";
const SERVER_OUTPUT: &str = "target/bench/server-output.txt";

/// How long a server may take until it is ready: a MariaDB first makes its tables, on a slow disk.
const READY: Duration = Duration::from_secs(60);

/// How long a dying server may fail programs before its own end is noticed.
const LATE: Duration = Duration::from_millis(200);

/// How long each may take to end: its guard kills after 0.8 s.
const END: Duration = Duration::from_millis(900);

/// The variables that a measured program has from the user. Others change figures: LD_PRELOAD, MALLOC_*, PYTHON*,
/// TOKIO_WORKER_THREADS, a proxy.
const KEPT: [&str; 3] = ["HOME", "TMPDIR", "USER"];

/// A signal has ended the bench.
#[derive(Debug)]
pub struct Stopped {
    pub signal: i32,
    results: &'static str,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped; the results are {}", self.results)
    }
}

/// A command, by its guard. It ends when this is dropped.
pub struct Running(Child);

impl Running {
    /// Starts a command, as [`guarded`] or [`measured`] has it.
    fn start(command: &mut Command) -> Result<Self> {
        command.spawn().map(Self).context("cannot start bench-run's guard")
    }

    /// Its exit code, when it has ended.
    fn code(&mut self) -> Result<Option<u8>> {
        Ok(self.0.try_wait().context("cannot wait for a command")?.map(guard::code))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let start = Instant::now();
        while start.elapsed() < END && matches!(self.0.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The server that runs, and the signals that end the bench.
pub struct Processes {
    signals: Signals,
    pub server: Option<(ServerCommand, Running)>,
    /// The results that are in place, as the user is told who stops the bench.
    pub results: &'static str,
}

impl Processes {
    /// From here on signals wait until a command runs. Those that whoever started it wants ignored, as nohup does, are.
    pub fn new() -> Result<Self> {
        let status = Process::myself().and_then(|process| process.status());
        let ignored = status.map_or(0, |status| status.sigign);
        let ends = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let signals = Signals::new(ends.chain([SIGCHLD])).context("cannot listen to signals")?;
        Ok(Self { signals, server: None, results: "as they were" })
    }

    /// Runs a command to its end and returns its exit code.
    pub fn run(&mut self, command: &mut Command) -> Result<u8> {
        let mut running = Running::start(command)?;
        let code = loop {
            if let Some(code) = running.code()? {
                break code;
            }
            self.heed(Signals::wait)?;
        };
        if code != 0 {
            // A dying server fails the programs too: then it is the one to be named.
            self.pause(LATE)?;
        }
        Ok(code)
    }

    /// Starts a server instead of the one that runs, and waits until it prints `ready`. Returns its exit code where it ends
    /// before.
    pub fn serve(&mut self, server: &ServerCommand) -> Result<Option<u8>> {
        self.server = None;
        let create = |file: &str| File::create(file).with_context(|| format!("cannot write {file}"));
        let (output, errors) = (create(SERVER_OUTPUT)?, create(SERVER_ERRORS)?);
        let mut running = Running::start(measured(&server.argv).stdout(output).stderr(errors))?;
        let start = Instant::now();
        while !fs::read_to_string(SERVER_OUTPUT).is_ok_and(|text| text.lines().any(|line| line == "ready")) {
            if let Some(code) = running.code()? {
                return Ok(Some(code));
            }
            let (name, s) = (&server.name, READY.as_secs());
            ensure!(
                start.elapsed() <= READY,
                "{name} is not ready after {s} s; the results are as they were"
            );
            self.pause(Duration::from_millis(5))?;
        }
        self.server = Some((server.clone(), running));
        Ok(None)
    }

    /// The process above everything of the server's.
    pub fn server_pid(&self) -> Option<u32> {
        self.server.as_ref().map(|(_, running)| running.0.id())
    }

    /// Waits this long, unless a signal comes or the server ends.
    pub fn pause(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            self.heed(Signals::pending)?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(Duration::from_millis(10)));
        }
    }

    /// What ends the bench: a signal, or the end of the server.
    fn heed(&mut self, signals: fn(&mut Signals) -> Pending<SignalOnly>) -> Result<()> {
        if let Some(signal) = signals(&mut self.signals).find(|signal| *signal != SIGCHLD) {
            bail!(Stopped { signal, results: self.results });
        }
        if let Some((server, running)) = &mut self.server
            && running.code()?.is_some()
        {
            let errors = fs::read_to_string(SERVER_ERRORS).unwrap_or_default();
            bail!("{} died; the results are as they were\n{}", server.name, errors.trim_end());
        }
        Ok(())
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
