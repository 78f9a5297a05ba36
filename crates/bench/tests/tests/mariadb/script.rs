//! `scripts/mariadb.sh` itself: where it listens, whose its files are, and that it leaves nothing.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use behaviour_tests::{Run, finish, kill, mariadb};
use tempfile::TempDir;

use super::{good_password, read, shared};

/// A running script, and what is in its files.
pub struct Script {
    pub process: Child,
    pub pid: String,
    pub urls: String,
}

impl Script {
    pub fn start(dir: &Path, args: &[&str]) -> Self {
        Self::try_start(dir, args).unwrap_or_else(|run| panic!("{run:?}"))
    }

    /// Starts it, with its input open, and waits until it is ready or has given up.
    pub fn try_start(dir: &Path, args: &[&str]) -> Result<Self, Run> {
        let mut command = mariadb(dir);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("scripts/mariadb.sh");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line != "ready\n" {
            return Err(finish(process));
        }
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
        Ok(Self { process, pid: read("pid").trim().to_owned(), urls: read("db.urls") })
    }

    /// Waits for its end; its exit code and what it said on stderr.
    pub fn end(&mut self) -> (i32, String) {
        let mut told = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (self.process.wait().unwrap().code().unwrap_or(-1), told)
    }
}

/// Whether it becomes true soon.
fn soon(holds: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    holds()
}

/// Whether it runs: as long as one of its threads has not ended, its files are open and locked.
fn runs(pid: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    threads > 1 || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn listens_on_loopback_only() {
    let server = shared();
    let urls = read(&server, "db.urls");
    let port: u16 = urls.lines().next().unwrap().split([':', '/']).nth(5).unwrap().parse().unwrap();
    // sl, local address, remote address, state: 0A listens. 127.0.1.1 is 0101007F.
    let listening = |table: &str| -> Vec<String> {
        let text = fs::read_to_string(table).unwrap_or_default();
        let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let ours = words.filter(|words| words[1].ends_with(&format!(":{port:04X}")) && words[3] == "0A");
        ours.map(|words| words[1].to_owned()).collect()
    };
    let addresses = listening("/proc/net/tcp");
    assert_eq!(addresses.len(), 12, "{addresses:?}");
    assert!(addresses.iter().all(|address| address[..8].ends_with("7F")), "{addresses:?}");
    assert_eq!(listening("/proc/net/tcp6"), [""; 0]);
}

#[test]
fn its_files_are_its_owners() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let server = shared();
    for name in ["db.urls", "admin.url"] {
        assert_eq!(fs::metadata(server.file(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let pid = read(&server, "pid");
    assert_ne!(fs::metadata(format!("/proc/{}", pid.trim())).unwrap().uid(), 0, "it is not root's");
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", pid.trim())).unwrap();
    assert!(!arguments.contains(&good_password(&server.file("db.urls"))), "{arguments}");
    assert!(!Path::new(&server.file("mariadb/init.sql")).exists(), "it holds the passwords");
}

#[test]
fn leaves_nothing_however_it_ends() {
    let dir = TempDir::new().unwrap();
    let empty = || fs::read_dir(dir.path()).unwrap().next().is_none();

    let mut script = Script::start(dir.path(), &["2"]);
    let second = Script::try_start(dir.path(), &[]).err().expect("no second one");
    assert!(second.code == 2 && second.out.is_empty() && second.err.len() == 1, "{second:?}");
    assert!(second.err[0].contains(&format!(
        "a server still runs in {}: pid {}",
        dir.path().display(),
        script.pid
    )));
    assert!(runs(&script.pid), "the first goes on");

    // Killed, it takes the server along; the files stay.
    script.process.kill().unwrap();
    script.process.wait().unwrap();
    assert!(soon(|| !runs(&script.pid)) && dir.path().join("mariadb/data").exists());

    // The next start does away with them.
    fs::write(dir.path().join("mariadb/data/old"), "").unwrap();
    let old = script.pid;
    let mut script = Script::start(dir.path(), &["2"]);
    assert!(script.pid != old && !dir.path().join("mariadb/data/old").exists());
    drop(script.process.stdin.take());
    assert_eq!(script.end(), (0, String::new()));
    assert!(!runs(&script.pid) && empty());

    let mut script = Script::start(dir.path(), &["2"]);
    kill("-TERM", &script.process.id().to_string());
    assert_eq!(script.end(), (0, String::new()));
    assert!(!runs(&script.pid) && empty());
}

#[test]
fn leaves_nothing_when_told_to_end_while_it_starts() {
    let dir = TempDir::new().unwrap();
    for (wait, signal) in [(0, "-TERM"), (100, "-INT"), (300, "-TERM"), (600, "-INT")] {
        let mut command = mariadb(dir.path());
        let script = command
            .arg("2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(wait));
        let told = Instant::now();
        kill(signal, &script.id().to_string());
        let run = finish(script);
        assert!(told.elapsed() < Duration::from_secs(10), "after {wait} ms");
        assert!([0, -1].contains(&run.code) && run.err.is_empty(), "after {wait} ms: {run:?}");
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "after {wait} ms: {left:?}");
    }
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    let dir = TempDir::new().unwrap();
    for (args, message) in [
        (vec!["0"], "HOSTS must be a number"),
        (vec!["many"], "HOSTS must be a number"),
        (vec!["2", "--auth=x'; --"], "cannot be the name of a plugin"),
        (vec!["2", "--nonsense"], "unknown option '--nonsense'"),
    ] {
        let run = Script::try_start(dir.path(), &args).err().expect("no server");
        assert!(run.code == 2 && run.err.len() == 1 && run.err[0].contains(message), "{args:?}: {run:?}");
    }
}
