//! A worker process: this program again, with `--worker`. It takes a URL a line on stdin, and answers each
//! with a line on stdout: the row, or the error after a mark.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::{env, slice, sync::Mutex, time::Duration};

use anyhow::{Context, Result, anyhow};

/// Begins an answer that is an error.
const ERROR: &str = "error: ";

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
    pub fn start(query: &str, timeout: Duration) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["--worker", "--query", query, "--timeout", &timeout.as_secs_f64().to_string()])
            .env_remove("DB_URLS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| anyhow!("no more worker processes: {error}; raise `ulimit -u` or pids.max"))?;
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
            let answer = self.ask(url);
            let ended = answer.is_err();
            ok += crate::report(url, answer.context("its worker process has ended").flatten());
            if ended {
                break;
            }
        }
        drop(self.urls); // the end of its input ends the worker
        let _ = self.process.wait();
        ok
    }

    /// Hands it one URL and waits for the line that it answers.
    fn ask(&mut self, url: &str) -> io::Result<Result<String>> {
        writeln!(self.urls, "{url}")?;
        let mut answer = String::new();
        if self.rows.read_line(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let answer = answer.trim_end();
        Ok(match answer.strip_prefix(ERROR) {
            Some(error) => Err(anyhow!("{error}")),
            None => Ok(answer.to_owned()),
        })
    }
}

/// Is a worker: asks the host of every URL on stdin, until there are no more.
///
/// # Errors
/// When stdin cannot be read.
pub fn work(ask: impl Fn(&str) -> Result<String>) -> Result<ExitCode> {
    for url in io::stdin().lines() {
        match ask(&url?) {
            Ok(row) => println!("{row}"),
            Err(error) => println!("{ERROR}{}", error.to_string().replace('\n', " ")),
        }
    }
    Ok(ExitCode::SUCCESS)
}
