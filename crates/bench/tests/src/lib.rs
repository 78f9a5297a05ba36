//! Shared by the behaviour tests: a lab on free ports, and a program's run as its user sees it.
//!
//! The programs are run as they were built: `cargo build --workspace` comes first.

#![allow(missing_docs, reason = "names say it")]

pub mod matrix;
pub mod pages;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// A running lab. It stops when this is dropped: its stdin closes.
pub struct Lab {
    process: Child,
    dir: TempDir,
}

impl Lab {
    /// Starts a lab with these arguments besides `--dir`, and waits until it is ready.
    pub fn start(args: &[&str]) -> Self {
        let dir = TempDir::new().expect("a scratch directory");
        let mut lab = Command::new(program("bench-lab"));
        lab.arg("--dir").arg(dir.path()).args(args);
        Self::ready(lab, dir)
    }

    /// Starts `scripts/mariadb.sh` in its place, with these arguments besides its directory.
    pub fn mariadb(args: &[&str]) -> Self {
        let dir = TempDir::new().expect("a scratch directory");
        let mut server = mariadb(dir.path());
        server.args(args);
        Self::ready(server, dir)
    }

    fn ready(mut command: Command, dir: TempDir) -> Self {
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the lab starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line of the lab");
        assert_eq!(line, "ready\n", "its last words are above: {command:?}");
        Self { process, dir }
    }

    /// A file in the lab's directory that does not exist yet, or one that the lab wrote.
    pub fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("a plain path").to_owned()
    }

    /// Its process, for what /proc has of it.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Base URL of the HTTP server.
    pub fn http(&self) -> String {
        fs::read_to_string(self.file("http.url")).expect("http.url").trim().to_owned()
    }

    /// Writes a URL file of one's own, from the lab's URLs, and returns its path.
    pub fn urls(&self, edit: impl Fn(Vec<String>) -> Vec<String>) -> String {
        let text = fs::read_to_string(self.file("db.urls")).expect("db.urls");
        let urls = edit(text.lines().map(String::from).collect());
        let file = self.file("own.urls");
        fs::write(&file, urls.join("\n")).expect("own.urls");
        file
    }

    /// What the lab counted since the last call.
    pub fn stats(&self) -> Value {
        let url = format!("{}/stats", self.http());
        let text = ureq::get(&url).call().expect("/stats").body_mut().read_to_string().expect("its text");
        ureq::post(format!("{url}/reset")).send_empty().expect("/stats/reset");
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

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// The command that runs a private MariaDB in this directory, with nothing said yet about its input and output.
///
/// It answers signals even where these tests run as a job in the background or under nohup, where SIGINT or SIGHUP is
/// ignored and a shell cannot change that.
pub fn mariadb(dir: &Path) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,TERM,HUP").arg(root().join("scripts/mariadb.sh")).arg(dir);
    command
}

/// Sends a signal, such as `-TERM`, to a process.
pub fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().expect("kill").success(), "no process {pid}");
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

    /// Whether the last line reports these numbers.
    pub fn ends_with(&self, ok: usize, failed: usize) -> bool {
        self.out.last().is_some_and(|line| line.starts_with(&format!("{ok} ok, {failed} failed in ")))
    }
}

/// Runs a program to its end.
pub fn run(name: &str, args: &[&str]) -> Run {
    finish(start(name, args))
}

/// Runs a program of the workspace to its end, with limits in the words of prlimit, such as `--nofile=64:128`.
pub fn run_limited(limits: &str, name: &str, args: &[&str]) -> Run {
    let mut limited = Command::new("prlimit");
    limited.arg(limits).arg(program(name)).args(args);
    finish(spawn(&mut limited))
}

/// Starts a program: a package of the workspace, or a file of `scripts/python` with its flags.
pub fn start(name: &str, args: &[&str]) -> Child {
    let mut words = name.split(' ');
    let file = words.next().unwrap_or_default();
    let mut command = if file.ends_with(".py") { python() } else { Command::new(program(file)) };
    if file.ends_with(".py") {
        command.arg(root().join("scripts/python").join(file));
    }
    spawn(command.args(words).args(args))
}

/// Starts a command with nothing of ours in its environment and its output on pipes.
pub fn spawn(command: &mut Command) -> Child {
    command.env_remove("DB_URLS").env_remove("RUST_BACKTRACE").stdin(Stdio::null());
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

/// The path of a program, built beside this test.
pub fn program(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let program = test.parent().and_then(|deps| deps.parent()).expect("target/debug").join(name);
    assert!(program.exists(), "{name} is not built: cargo build --workspace");
    program
}
