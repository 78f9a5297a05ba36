//! A lab of a test's own.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running lab with ports and files of its own. It stops when dropped.
pub struct Lab {
    pub child: Child,
    pub dir: TempDir,
    /// The lines of db.urls.
    pub urls: Vec<String>,
    /// The line of http.url.
    pub base: String,
}

impl Lab {
    /// Starts a lab, of ten hosts unless the arguments say how many, and waits until it is ready.
    pub fn start(args: &[&str]) -> Self {
        Self::start_with(Stdio::piped(), args)
    }

    pub fn start_with(stdin: Stdio, args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hosts = if args.contains(&"--hosts") { &[][..] } else { &["--hosts", "10"] };
        let mut lab = command(&dir);
        let mut child = lab.args(hosts).args(args).stdin(stdin).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let read = |name| fs::read_to_string(dir.path().join(name)).unwrap();
        let urls = read("db.urls").lines().map(str::to_owned).collect();
        let base = read("http.url").trim_end().to_owned();
        Self { child, dir, urls, base }
    }

    /// Connections, items and the highest number in flight.
    pub fn counts(&self) -> [u64; 3] {
        let text = ureq::get(format!("{}/stats", self.base)).call().unwrap().into_body().read_to_string();
        let stats: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
        ["connections", "items", "max_in_flight"].map(|name| stats[name].as_u64().unwrap())
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

/// A connection to `address`, whose reads end after 0.3 s.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    stream
}

/// What comes, until nothing comes any more; and whether the connection is then "open", "closed" or "reset".
pub fn read(stream: &mut TcpStream) -> (Vec<u8>, &'static str) {
    let mut bytes = Vec::new();
    let end = match stream.read_to_end(&mut bytes) {
        Ok(_) => "closed",
        Err(error) if error.kind() == ErrorKind::ConnectionReset => "reset",
        Err(_) => "open",
    };
    (bytes, end)
}
