//! Shared by the behaviour tests: a lab on free ports, and a program's run as its user sees it.
//!
//! The programs are run as they were built: `cargo build --workspace` comes first.

#![allow(missing_docs, reason = "names say it")]

pub mod load;
pub mod matrix;

use std::env;
use std::ffi::OsStr;
use std::fmt::Display;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

/// A running lab, or another server that writes URLs in a directory. It stops when this is dropped: its stdin closes.
pub struct Lab {
    pub process: Child,
    pub dir: Arc<TempDir>,
}

impl Lab {
    /// Starts a lab with these arguments besides `--dir`, and waits until it is ready.
    pub fn start(args: &[impl AsRef<OsStr>]) -> Self {
        let dir = scratch();
        let mut lab = Command::new(program("bench-lab"));
        Self::ready(lab.arg("--dir").arg(dir.path()).args(args), dir).unwrap_or_else(|run| panic!("{run:?}"))
    }

    /// Starts `scripts/mariadb.sh` in this directory, with these arguments. A run where it has given up.
    pub fn mariadb(dir: &Arc<TempDir>, args: &[&str]) -> Result<Self, Run> {
        Self::ready(mariadb(dir.path()).args(args), Arc::clone(dir))
    }

    fn ready(command: &mut Command, dir: Arc<TempDir>) -> Result<Self, Run> {
        let mut process = spawn(command.stdin(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
        if line == "ready\n" { Ok(Self { process, dir }) } else { Err(finish(process)) }
    }

    /// Waits for its end, whatever brings that, and returns what it said.
    pub fn end(mut self) -> Run {
        let text = io::read_to_string(self.process.stderr.as_mut().expect("a pipe")).expect("its output");
        let code = self.process.wait().expect("its end").code().unwrap_or(-1);
        Run { out: Vec::new(), err: text.lines().map(String::from).collect(), code }
    }

    /// A file in the lab's directory that does not exist yet, or one that the lab wrote.
    pub fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("a plain path").to_owned()
    }

    /// What a file of the lab's holds.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .trim()
            .to_owned()
    }

    /// Base URL of the HTTP server.
    pub fn http(&self) -> String {
        self.read("http.url")
    }

    /// Its hosts, as `address:port`, in the order of its file.
    pub fn hosts(&self) -> Vec<String> {
        let urls = self.read("db.urls");
        urls.lines().map(|url| url.split(['@', '/']).nth(3).expect("a host").to_owned()).collect()
    }

    /// Writes a file of the lab's URLs, each edited, and returns its path.
    pub fn urls(&self, name: &str, edit: impl Fn(&str) -> String) -> String {
        let urls: Vec<String> = self.read("db.urls").lines().map(edit).collect();
        fs::write(self.file(name), urls.join("\n")).expect("a file of URLs");
        self.file(name)
    }

    /// What the lab counted since the last call.
    pub fn stats(&self) -> Value {
        let agent: Agent = Agent::config_builder().proxy(None).build().into();
        let url = format!("{}/stats", self.http());
        let text = agent.get(&url).call().expect("/stats").body_mut().read_to_string().expect("its text");
        agent.post(format!("{url}/reset")).send_empty().expect("/stats/reset");
        serde_json::from_str(&text).expect("JSON")
    }

    /// What the lab counted since the last call: answered items, highest number in flight.
    pub fn counts(&self) -> (u64, u64) {
        let stats = self.stats();
        let count = |name: &str| stats[name].as_u64().expect("a number");
        (count("items"), count("max_in_flight"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

pub fn scratch() -> Arc<TempDir> {
    Arc::new(TempDir::new().expect("a scratch directory"))
}

/// The folder of the workspace; of a copy that a test has made, in the tests over that copy.
pub fn root() -> &'static Path {
    static COPY: LazyLock<Option<PathBuf>> = LazyLock::new(|| env::var_os("WORKSPACE").map(PathBuf::from));
    COPY.as_deref().unwrap_or(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../..")))
}

/// A command that answers signals even where these tests run as a job in the background or under nohup, where SIGINT or
/// SIGHUP is ignored and a shell cannot change that.
pub fn interruptible(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,TERM,HUP").arg(program.as_ref());
    command
}

/// The command that runs a private MariaDB in this directory.
pub fn mariadb(dir: &Path) -> Command {
    let mut command = interruptible(root().join("scripts/mariadb.sh"));
    command.arg(dir);
    command
}

/// Sends a signal, such as `-TERM`, to a process.
pub fn kill(signal: &str, pid: impl Display) {
    let pid = pid.to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success(), "no process {pid}");
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process runs: as long as one of its threads has not ended, its files are open and locked.
pub fn alive(pid: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    threads > 1 || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// What a finished program left: its lines and its exit code.
#[derive(Debug)]
pub struct Run {
    /// Lines of stdout.
    pub out: Vec<String>,
    /// Lines of stderr.
    pub err: Vec<String>,
    /// Exit code; -1 after a signal.
    pub code: i32,
}

impl Run {
    /// Lines of stdout that begin with this.
    pub fn count(&self, start: &str) -> usize {
        self.out.iter().filter(|line| line.starts_with(start)).count()
    }

    /// Lines of stderr that contain this.
    pub fn failures(&self, part: &str) -> usize {
        self.err.iter().filter(|line| line.contains(part)).count()
    }

    /// Whether the last line reports these numbers.
    pub fn ends_with(&self, ok: usize, failed: usize) -> bool {
        self.out.last().is_some_and(|line| line.starts_with(&format!("{ok} ok, {failed} failed in ")))
    }

    /// Asserts something of the run, with all of it in the message.
    pub fn was(&self, held: bool, what: impl Display) {
        assert!(held, "{what}: {self:?}");
    }

    /// Asserts that these numbers of items were done and failed, each failure with a line, and no more was said.
    pub fn ended(&self, ok: usize, failed: usize, what: impl Display) {
        let code = i32::from(failed > 0);
        self.was(self.code == code && self.err.len() == failed && self.ends_with(ok, failed), what);
    }

    /// Asserts that it began nothing: this exit code, no output, and a message with this part and without a password.
    pub fn refused(&self, code: i32, part: &str, what: impl Display) {
        let told = self.err.join("\n");
        let said = told.contains(part) && !told.contains("swordfish") && !told.contains("panicked");
        self.was(self.code == code && self.out.is_empty() && said, what);
    }
}

/// Runs a program to its end.
pub fn run(name: &str, args: &[impl AsRef<OsStr>]) -> Run {
    finish(start(name, args))
}

/// Runs a program of the workspace to its end, with limits in the words of prlimit, such as `--nofile=64:128`.
pub fn run_limited(limits: &str, name: &str, args: &[impl AsRef<OsStr>]) -> Run {
    finish(spawn(Command::new("prlimit").arg(limits).arg(program(name)).args(args)))
}

/// Starts a program: a package of the workspace, or a file of `scripts/python` with its flags.
pub fn start(name: &str, args: &[impl AsRef<OsStr>]) -> Child {
    spawn(command(name).args(args))
}

/// The command of such a program.
pub fn command(name: &str) -> Command {
    let mut words = name.split(' ');
    let file = words.next().unwrap_or_default();
    let mut command = if file.ends_with(".py") { python() } else { Command::new(program(file)) };
    if file.ends_with(".py") {
        command.arg(root().join("scripts/python").join(file));
    }
    command.args(words);
    command
}

/// Starts a command with nothing of ours in its environment, and its output on pipes where nothing else is said.
pub fn spawn(command: &mut Command) -> Child {
    command.env_remove("DB_URLS").env_remove("RUST_BACKTRACE");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// The Python that the articles' programs run in: `scripts/python/setup.sh` comes first.
pub fn python() -> Command {
    assert!(root().join("target/python/stamp").exists(), "no target/python: run scripts/python/setup.sh");
    Command::new(root().join("target/python/bin/python"))
}

/// Waits for a program's end.
pub fn finish(program: Child) -> Run {
    let output = program.wait_with_output().expect("its output");
    let lines = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).lines().map(String::from).collect();
    Run { out: lines(output.stdout), err: lines(output.stderr), code: output.status.code().unwrap_or(-1) }
}

/// How many items `ask` reports at once when each takes so many seconds. A busy machine takes its time to connect to
/// all of them: with fewer than `expected`, asks again with more time for each.
pub fn at_once(expected: usize, ask: impl Fn(f64) -> usize) -> usize {
    let mut seen = 0;
    for seconds in [0.3, 1.5, 6.0] {
        seen = ask(seconds);
        if seen >= expected {
            break;
        }
    }
    seen
}

/// Does the same with each, eight at a time: they mostly wait, and more would starve each other on few CPUs.
pub fn with_each<T: Send>(items: impl IntoIterator<Item = T, IntoIter: Send>, test: impl Fn(&T) + Sync) {
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| iter::from_fn(next).for_each(|item| test(&item)));
        }
    });
}

/// The password in a URL.
pub fn password(url: &str) -> &str {
    url.split([':', '@']).nth(2).expect("a password")
}

/// The path of a program, built beside this test.
pub fn program(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let program = test.parent().and_then(|deps| deps.parent()).expect("target/debug").join(name);
    assert!(program.exists(), "{name} is not built: cargo build --workspace");
    program
}

/// Whether strace can trace here; containers often forbid it.
pub fn strace_works() -> bool {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let works = traced.is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("strace does not work here: no system call is looked at");
    }
    works
}
