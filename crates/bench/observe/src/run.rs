//! Runs the command under `time`, samples its tree until it ends, and leaves no process behind.

use crate::output::{self, Output, Prefixes};
use crate::series::{self, Sample};
use crate::tree;
use anyhow::{Context, Result, anyhow, bail};
use nix::sys::resource::{UsageWho, getrusage};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The program that measures what the kernel counts, and the parent of the command. It is small:
/// the kernel hands `ru_maxrss` down through exec.
pub const TIME: &str = "/usr/bin/time";

/// How long a command may take to end after a signal before it is killed.
const GRACE: Duration = Duration::from_millis(500);

/// What was seen of a run.
pub struct Run {
    /// When the command started.
    pub started: Instant,
    /// From the start of the command to its end, without the start of `time`.
    pub wall: Duration,
    /// User time of all processes, `time` included.
    pub user: Duration,
    /// System time of all processes, `time` included.
    pub system: Duration,
    /// The command's exit code, or 128 + N when signal N ended it.
    pub exit_code: u8,
    /// The signal that this process was told to stop with.
    pub interrupted: Option<i32>,
    /// The process tree over time.
    pub samples: Vec<Sample>,
    /// What the command printed.
    pub output: Output,
}

/// Runs `command` to its end, with the text of `time -v` in the file `text`. Standard input is
/// empty, standard error passes through.
///
/// The command gets a process group of its own, which signals are passed on to and which is killed
/// at the end. SIGKILL on this process cannot be passed on: the kernel's help for that
/// (PR_SET_PDEATHSIG) must be asked for between fork and exec, which Rust calls unsafe, and `time`
/// would not hand it down.
pub fn run(command: &[String], text: &Path, prefixes: Option<Prefixes>) -> Result<Run> {
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen to signals")?;
    let spawned = Instant::now();
    let mut time = Command::new(TIME)
        .args(["-v", "-o"])
        .arg(text)
        .arg("--")
        .args(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot run {TIME}"))?;
    let group = Pid::from_child(&time);
    let interrupted = pass_on(signals, group);
    let reader = read_output(time.stdout.take(), prefixes)?;

    let root = first_child(group);
    let mut sampler = Sampler::start(root, if root.is_some() { Instant::now() } else { spawned });
    let ended = sampler.run(group)?;

    // The ended `time` is not yet reaped: its number, which is the group's, cannot be another's.
    wait_for(group, WaitIdOptions::EXITED).context("cannot wait for the command")?;
    kill(group, Signal::KILL);
    let exit_code = reap(&mut time)?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the CPU time")?;
    let output = reader.join().map_err(|_| anyhow!("cannot read the command's output"))?;
    Ok(Run {
        started: sampler.started,
        wall: ended.duration_since(sampler.started),
        user: duration(usage.user_time()),
        system: duration(usage.system_time()),
        exit_code,
        interrupted: Some(interrupted.load(Ordering::SeqCst)).filter(|&signal| signal != 0),
        samples: sampler.samples,
        output,
    })
}

/// Passes the first signal on to the group, and kills what is left of it after [`GRACE`].
fn pass_on(mut signals: Signals, group: Pid) -> Arc<AtomicI32> {
    let received = Arc::new(AtomicI32::new(0));
    let seen = Arc::clone(&received);
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            seen.store(signal, Ordering::SeqCst);
            kill(group, Signal::from_named_raw(signal).unwrap_or(Signal::TERM));
            thread::sleep(GRACE);
            kill(group, Signal::KILL);
        }
    });
    received
}

fn read_output(stdout: Option<ChildStdout>, prefixes: Option<Prefixes>) -> Result<JoinHandle<Output>> {
    let stdout = stdout.context("no pipe for the command's output")?;
    Ok(thread::spawn(move || output::read(stdout, prefixes.as_ref())))
}

/// Waits until `time` has started the command. `None` if it ended before it was seen. Looks without a
/// pause, for the 2 ms that `time` takes: a sleep would make the start of the run less exact.
fn first_child(time: Pid) -> Option<Pid> {
    loop {
        if let Some(&pid) = tree::children(time.as_raw_pid()).first() {
            return Pid::from_raw(pid);
        }
        if !matches!(wait_for(time, WaitIdOptions::EXITED | WaitIdOptions::NOHANG), Ok(false)) {
            return None;
        }
        thread::yield_now();
    }
}

/// Takes samples of the tree under a process.
struct Sampler {
    root: Option<Pid>,
    started: Instant,
    samples: Vec<Sample>,
    pause: Duration,
}

impl Sampler {
    /// Takes the first sample at once: the command may end within a millisecond.
    fn start(root: Option<Pid>, started: Instant) -> Self {
        let mut sampler = Self { root, started, samples: Vec::new(), pause: Duration::ZERO };
        sampler.sample();
        sampler
    }

    fn sample(&mut self) {
        let Some(root) = self.root else { return };
        let (at, cpu_before) = (self.started.elapsed(), cpu_time());
        let tree = tree::measure(root.as_raw_pid());
        self.pause = series::pause(cpu_time().saturating_sub(cpu_before), at);
        if tree.processes > 0 {
            self.samples.push(Sample {
                at_s: at.as_secs_f64(),
                pss_kib: tree.pss_kib,
                processes: tree.processes,
            });
        }
    }

    /// Samples until the root ends, and returns when that was. Another thread watches for the
    /// end, so that a long sample does not delay it.
    fn run(&mut self, time: Pid) -> Result<Instant> {
        let (sender, ended) = mpsc::channel();
        let end_of_root = self.root.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        thread::spawn(move || {
            match end_of_root {
                Some(end) => {
                    while let Err(Errno::INTR) = poll(&mut [PollFd::new(&end, PollFlags::IN)], None) {}
                }
                None => drop(wait_for(time, WaitIdOptions::EXITED)),
            }
            // Nobody listens any more only when the sampler has failed.
            let _ = sender.send(Instant::now());
        });
        loop {
            match ended.recv_timeout(self.pause) {
                Ok(end) => return Ok(end),
                Err(RecvTimeoutError::Timeout) => self.sample(),
                Err(RecvTimeoutError::Disconnected) => bail!("cannot wait for the command"),
            }
        }
    }
}

/// Whether the child has ended; waits for it unless told NOHANG. It stays to be reaped.
fn wait_for(child: Pid, options: WaitIdOptions) -> rustix::io::Result<bool> {
    loop {
        match waitid(WaitId::Pid(child), options | WaitIdOptions::NOWAIT) {
            Err(Errno::INTR) => {}
            result => return Ok(result?.is_some()),
        }
    }
}

fn reap(child: &mut Child) -> Result<u8> {
    let status = child.wait().context("cannot wait for the command")?;
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    Ok(u8::try_from(code).unwrap_or(255))
}

/// A group that is already gone is what is wanted.
fn kill(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// CPU time of this thread. Wall time would count the times when the observed program has the CPU.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn duration(time: nix::sys::time::TimeVal) -> Duration {
    Duration::from_secs(time.tv_sec().unsigned_abs()) + Duration::from_micros(time.tv_usec().unsigned_abs())
}
