//! A lab of a test's own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A running lab with ports and files of its own. It stops when dropped.
pub struct Lab {
    /// What was started.
    pub child: Child,
    /// Where its files are.
    pub dir: TempDir,
    /// The lines of db.urls.
    pub urls: Vec<String>,
    /// The line of http.url.
    pub base: String,
}

impl Lab {
    /// Starts a lab, of ten hosts unless the arguments say how many, and waits until it is ready.
    pub fn start(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hosts = if args.contains(&"--hosts") { &[][..] } else { &["--hosts", "10"] };
        let mut child = command(&dir)
            .args(hosts)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let read = |name| fs::read_to_string(dir.path().join(name)).unwrap();
        let urls = read("db.urls").lines().map(str::to_owned).collect();
        let base = read("http.url").trim_end().to_owned();
        Self { child, dir, urls, base }
    }

    /// A figure of `GET /stats`, as `db/items`.
    pub fn stat(&self, name: &str) -> u64 {
        let text = ureq::get(format!("{}/stats", self.base)).call().unwrap().into_body().read_to_string();
        let stats: Value = serde_json::from_str(&text.unwrap()).unwrap();
        stats.pointer(&format!("/{name}")).and_then(Value::as_u64).unwrap()
    }

    /// `POST /stats/reset`
    pub fn reset(&self) {
        ureq::post(format!("{}/stats/reset", self.base)).send_empty().unwrap();
    }

    /// Connections, items and the most in flight of a workload.
    pub fn counts(&self, workload: &str) -> (u64, u64, u64) {
        let stat = |name| self.stat(&format!("{workload}/{name}"));
        (stat("connections"), stat("items"), stat("max_in_flight"))
    }

    /// The exit status, which must come within two seconds.
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_secs(2);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the lab goes on");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The lab's command line, ports and folder given.
pub fn command(dir: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-lab"));
    command.arg("--dir").arg(dir.path());
    command
}
