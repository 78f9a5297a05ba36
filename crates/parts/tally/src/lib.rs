//! The outcome of a program's items: a line on stdout for each that is done, a line on stderr for each that failed,
//! their numbers at the end, and the exit code.

mod panics;

use std::collections::HashMap;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Error, Result};
pub use panics::{catch_panic, catch_panic_async};

/// Prints and counts the outcomes of a program's items. Its clones share the counts.
#[derive(Clone)]
pub struct Tally(Arc<Mutex<State>>);

struct State {
    start: Instant,
    total: usize,
    timeout: Duration,
    ok: usize,
    reported: usize,
    /// For each name, the number of items that have reported nothing yet.
    waiting: HashMap<String, usize>,
    stdout: BufWriter<File>,
    /// Lines are written in blocks.
    buffered: bool,
    /// Stdout failed, which is reported once.
    failed: bool,
}

impl Tally {
    /// Begins to count and time the items with these names, each of which may take `timeout`. Each line is written when
    /// it is reported, so that a process that aborts takes no row along.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn new(names: impl IntoIterator<Item = impl Display>, timeout: Duration) -> Result<Self> {
        let mut waiting = HashMap::new();
        for name in names {
            *waiting.entry(name.to_string()).or_default() += 1;
        }
        Self::start(waiting.values().sum(), timeout, waiting, false)
    }

    /// Begins to count and time `total` items that have no name and wait for no server. Lines are written in blocks, as
    /// C and Python do, unless a person is watching.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn buffered(total: usize) -> Result<Self> {
        Self::start(total, Duration::MAX, HashMap::new(), !io::stdout().is_terminal())
    }

    fn start(
        total: usize,
        timeout: Duration,
        waiting: HashMap<String, usize>,
        buffered: bool,
    ) -> Result<Self> {
        let stdout = BufWriter::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
        let (start, ok, reported, failed) = (Instant::now(), 0, 0, false);
        let state = State { start, total, timeout, ok, reported, waiting, stdout, buffered, failed };
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    /// Prints a line on stdout.
    pub fn print(&self, line: impl Display) {
        self.state().print(line);
    }

    /// Prints the line of an item without a name that is done, and counts it.
    pub fn ok(&self, line: impl Display) {
        let mut state = self.state();
        state.print(line);
        state.ok += 1;
        state.reported += 1;
    }

    /// Whether an item has reported nothing yet.
    pub fn is_waiting(&self) -> bool {
        let state = self.state();
        state.reported < state.total
    }

    /// Prints an item's outcome: its line on stdout, or the cause of its failure on stderr.
    pub fn report(&self, name: impl Display, outcome: Result<impl Display>) {
        let mut state = self.state();
        state.forget(&name);
        match outcome {
            Ok(line) => {
                state.print(line);
                state.ok += 1;
            }
            Err(error) if is_timeout(&error) => {
                complain(format_args!("{name}: no answer in {:?}", state.timeout));
            }
            Err(error) => complain(format_args!("{name}: {}", cause(&error))),
        }
    }

    /// Prints on stderr that an item's time is over.
    pub fn timed_out(&self, name: impl Display) {
        self.report(name, Err::<&str, _>(io::Error::from(ErrorKind::TimedOut).into()));
    }

    /// Prints the last line, such as `499 ok, 1 failed in 0.113 s`, and ends the process: with 0 when all items are ok
    /// and stdout took every line, else with 1. It does not wait for threads that still wait for a name or in a driver.
    pub fn exit(&self) -> ! {
        let mut state = self.state(); // to the end: nothing is printed after the last line
        process::exit(state.last_line().into())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// An item that reported nothing, because its task ended or its coroutine overflowed its stack, has failed.
    fn last_line(&mut self) -> u8 {
        let mut silent: Vec<_> = self.waiting.keys().collect();
        silent.sort();
        for name in silent {
            complain(format_args!("{name}: its task ended without an outcome"));
        }
        let (ok, failed) = (self.ok, self.total - self.ok);
        let seconds = self.start.elapsed().as_secs_f64();
        self.buffered = false;
        self.print(format_args!("{ok} ok, {failed} failed in {seconds:.3} s"));
        (failed > 0 || self.failed).into()
    }

    fn forget(&mut self, name: impl Display) {
        self.reported += 1;
        let name = name.to_string();
        if let Some(count) = self.waiting.get_mut(&name) {
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(&name);
            }
        }
    }

    fn print(&mut self, line: impl Display) {
        if self.failed {
            return;
        }
        let mut written = self.stdout.write_all(shown(line).as_bytes());
        if !self.buffered {
            written = written.and_then(|()| self.stdout.flush());
        }
        if let Err(error) = written {
            self.failed = true;
            complain(format_args!("stdout: {error}"));
        }
    }
}

/// Whether the cause is a time-out. A blocking socket's time-out is `WouldBlock`.
pub fn is_timeout(error: &Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| matches!(cause.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock))
}

/// An error and its causes, without those that contain the text of their cause.
pub fn cause(error: &Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string).filter(|text| !text.is_empty()) {
        causes.retain(|outer| !outer.contains(&cause));
        causes.push(cause);
    }
    let kinds = || error.chain().filter_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
    if kinds().any(|kind| kind == ErrorKind::AddrNotAvailable) {
        causes.push("no local port is free (sysctl net.ipv4.ip_local_port_range)".to_owned());
    }
    causes.join(": ")
}

/// A line as it is printed. Text from a server can neither begin another line nor steer the terminal.
fn shown(line: impl Display) -> String {
    let line = line.to_string();
    let mut shown = String::with_capacity(line.len() + 1);
    for letter in line.chars() {
        match letter {
            // Unicode's own line ends, and marks that turn the direction of writing, are no control characters.
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => shown.extend(letter.escape_unicode()),
            letter if letter.is_control() => shown.extend(letter.escape_default()),
            letter => shown.push(letter),
        }
    }
    shown.push('\n');
    shown
}

/// Prints a line on stderr, unless that is closed.
fn complain(line: impl Display) {
    let _ = io::stderr().write_all(shown(line).as_bytes());
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_time_out_is_recognised_by_its_kind_alone() {
        let wrapped = |kind: ErrorKind| Err::<(), _>(io::Error::from(kind)).context("login").unwrap_err();
        assert!(is_timeout(&wrapped(ErrorKind::TimedOut)) && is_timeout(&wrapped(ErrorKind::WouldBlock)));
        assert!(!is_timeout(&wrapped(ErrorKind::ConnectionRefused)) && !is_timeout(&anyhow!("timed out")));
    }

    #[test]
    fn a_cause_repeats_nothing() {
        let refused = io::Error::other("Connection refused");
        assert_eq!(
            cause(&Error::from(refused).context("I/O: Connection refused").context("connect")),
            "connect: Connection refused"
        );
        assert_eq!(cause(&anyhow!("same").context("same")), "same");
        let no_port = cause(&Error::from(io::Error::from(ErrorKind::AddrNotAvailable)).context("connect"));
        assert!(
            no_port.ends_with(": no local port is free (sysctl net.ipv4.ip_local_port_range)"),
            "{no_port}"
        );
    }

    #[test]
    fn what_reports_nothing_has_failed() {
        let tally = Tally::new(["a", "b", "twice", "twice", "late"], Duration::from_secs(2)).unwrap();
        tally.clone().report("a", Ok("a row"));
        tally.report("b", Err::<&str, _>(anyhow!("a cause")));
        tally.report("twice", Ok("a row"));
        tally.timed_out("late");
        let mut state = tally.state();
        assert_eq!((state.ok, &state.waiting), (2, &HashMap::from([("twice".to_owned(), 1)])));
        assert_eq!(state.last_line(), 1);
    }
}
