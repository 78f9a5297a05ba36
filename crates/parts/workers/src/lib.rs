//! Worker processes, as Python's ProcessPoolExecutor has them: this program again, started with `--worker`. A job
//! goes to a worker as a line of JSON on its stdin, and its answer comes back as a line on the worker's stdout.
//! Nothing here knows what a job is.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{self, Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, iter, sync::Mutex, thread};

use anyhow::{Error, Result, anyhow};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Serialize, de::DeserializeOwned};
use tally::catch_panic;

/// The argument that makes this program a worker.
const WORKER: &str = "--worker";

/// A worker's answer: the job's result, or the cause of its failure and whether that is a time-out.
type Answer<T> = Result<T, (String, bool)>;

/// In a worker process, does the jobs that come on stdin, one after the other, and ends the process when there are
/// no more. Elsewhere, returns at once. Call it before you parse the arguments. A panic is its job's failure.
pub fn serve_and_exit<J: DeserializeOwned, T: Serialize>(work: impl FnMut(J) -> Result<T>) {
    if env::args().nth(1).is_some_and(|argument| argument == WORKER) {
        process::exit(answer(work).is_err().into());
    }
}

fn answer<J: DeserializeOwned, T: Serialize>(mut work: impl FnMut(J) -> Result<T>) -> Result<()> {
    for job in io::stdin().lines() {
        let job = serde_json::from_str(&job?)?;
        let failure = |error| (tally::cause(&error), tally::is_timeout(&error));
        let answer: Answer<T> = catch_panic(|| work(job)).map_err(failure);
        io::stdout().write_all(format!("{}\n", serde_json::to_string(&answer)?).as_bytes())?;
    }
    Ok(())
}

/// Running worker processes.
pub struct Workers(Vec<Worker>);

struct Worker {
    process: Child,
    jobs: ChildStdin,
    answers: ChildStdout,
}

impl Workers {
    /// Starts `count` workers.
    ///
    /// # Errors
    /// When the system starts no more processes.
    pub fn start(count: usize) -> Result<Self> {
        iter::repeat_with(Worker::start).take(count).collect::<Result<_>>().map(Self)
    }

    /// Hands each job to the next worker that is free, and each job's answer to `done`. A thread per worker, called
    /// `Process`, takes the jobs and waits for the answers, for at most `time` each.
    ///
    /// A worker that takes longer is killed. A worker that ends early fails its current job. Both are replaced. When no
    /// worker can be started, the remaining jobs fail.
    ///
    /// # Errors
    /// When the system starts no more threads: once the threads that it has started have done all jobs.
    pub fn map<J: Serialize + Send, T: DeserializeOwned>(
        self,
        jobs: impl IntoIterator<Item = J, IntoIter: Send>,
        time: Duration,
        done: impl Fn(&J, Result<T>) + Sync,
    ) -> Result<()> {
        let jobs = Mutex::new(jobs.into_iter());
        let next = || jobs.lock().expect("no thread panics with the jobs in its hands").next();
        thread::scope(|scope| {
            for mut worker in self.0 {
                let (next, done) = (&next, &done);
                let feed = move || {
                    while let Some(job) = next() {
                        let answer = worker.ask(&job, Instant::now() + time);
                        let over = answer.is_err();
                        done(&job, answer.unwrap_or_else(|error| Err(worker.end(error))));
                        if over {
                            let Ok(another) = Worker::start() else { return };
                            worker = another;
                        }
                    }
                    drop(worker.jobs); // the end of its input ends the worker
                    let _ = worker.process.wait();
                };
                thread::Builder::new().name("Process".into()).spawn_scoped(scope, feed)?;
            }
            anyhow::Ok(())
        })?;
        for job in iter::from_fn(next) {
            done(&job, Err(anyhow!("no worker process is left")));
        }
        Ok(())
    }
}

impl Worker {
    fn start() -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg(WORKER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // last words name no item: the parent does
            .spawn()
            .map_err(|error| anyhow!("no more worker processes: {error}; raise `ulimit -u` or pids.max"))?;
        let jobs = process.stdin.take().expect("stdin is a pipe");
        let answers = process.stdout.take().expect("stdout is a pipe");
        Ok(Self { process, jobs, answers })
    }

    /// Hands over a job and waits for the answer. The outer error is the pipe's: the worker has ended, or takes too long.
    fn ask<T: DeserializeOwned>(&mut self, job: &impl Serialize, deadline: Instant) -> io::Result<Result<T>> {
        self.jobs.write_all(format!("{}\n", serde_json::to_string(job)?).as_bytes())?;
        let (mut answer, mut chunk) = (Vec::new(), [0; 4 << 10]);
        while !answer.ends_with(b"\n") {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            if poll(&mut [PollFd::new(&self.answers, PollFlags::IN)], Some(&left))? == 0 {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.answers.read(&mut chunk)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                length => answer.extend_from_slice(&chunk[..length]),
            }
        }
        let answer: Answer<T> = serde_json::from_slice(&answer)?;
        Ok(answer.map_err(|(cause, timed_out)| match timed_out {
            true => io::Error::new(ErrorKind::TimedOut, cause).into(),
            false => Error::msg(cause),
        }))
    }

    /// Ends the process, and returns why its job has failed.
    fn end(&mut self, error: io::Error) -> Error {
        if error.kind() == ErrorKind::TimedOut {
            let _ = self.process.kill(); // it may have ended meanwhile
        }
        match self.process.wait() {
            _ if error.kind() == ErrorKind::TimedOut => error.into(),
            Ok(status) => anyhow!("its worker process has ended: {status}"),
            Err(error) => error.into(),
        }
    }
}
