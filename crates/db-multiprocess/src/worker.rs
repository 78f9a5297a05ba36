//! A worker process: this program again, with `--worker`. It takes a URL a line on stdin and answers each
//! with its row on stdout, or with an empty line after it has told on stderr why there is none.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::{env, slice, sync::Mutex, time::Duration};

use anyhow::{Result, ensure};

/// A running worker process, and the pipes to it.
pub struct Worker {
    process: Child,
    urls: ChildStdin,
    rows: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts a worker.
    ///
    /// # Errors
    /// When the system starts no more processes.
    pub fn start(query: &str, timeout: Duration) -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["--worker", "--query", query, "--timeout", &timeout.as_secs_f64().to_string()])
            .env_remove("DB_URLS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let urls = process.stdin.take().expect("stdin is a pipe");
        let rows = BufReader::new(process.stdout.take().expect("stdout is a pipe"));
        Ok(Self { process, urls, rows })
    }

    /// Hands it URL after URL, the next as soon as it is free; returns the number of rows.
    /// A worker that ends before its time fails the one URL that it has; the others are left in the queue.
    pub fn feed(mut self, queue: &Mutex<slice::Iter<String>>) -> usize {
        let next = || queue.lock().expect("no feeder panics").next();
        let mut ok = 0;
        while let Some(url) = next() {
            match self.ask(url) {
                Ok(row) if row.is_empty() => {}
                Ok(row) => {
                    println!("{row}");
                    ok += 1;
                }
                Err(error) => {
                    crate::report(url, Err(error.context("the worker process has ended")));
                    break;
                }
            }
        }
        drop(self.urls); // the end of its input ends the worker
        let _ = self.process.wait();
        ok
    }

    /// Hands it one URL and waits for the line that it answers.
    fn ask(&mut self, url: &str) -> Result<String> {
        writeln!(self.urls, "{url}")?;
        let mut row = String::new();
        ensure!(self.rows.read_line(&mut row)? > 0, "no answer");
        Ok(row.trim_end().to_owned())
    }
}

/// Is a worker: asks the host of every URL on stdin, until there are no more.
///
/// # Errors
/// When stdin cannot be read.
pub fn work(ask: impl Fn(&str) -> usize) -> Result<ExitCode> {
    for url in io::stdin().lines() {
        if ask(&url?) == 0 {
            println!();
        }
    }
    Ok(ExitCode::SUCCESS)
}
