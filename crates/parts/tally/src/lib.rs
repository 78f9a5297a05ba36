//! What becomes of a program's items: a line on stdout for each that is done, a line on stderr for each that
//! failed, their numbers at the end, and the exit code. Nothing here knows how a program waits.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Error, Result};

/// Prints and counts the outcomes of a program's items. A clone prints and counts into the same.
#[derive(Clone)]
pub struct Tally(Arc<Shared>);

struct Shared {
    start: Instant,
    total: usize,
    timeout: Duration,
    state: Mutex<State>,
}

struct State {
    ok: usize,
    stdout: BufWriter<File>,
    /// Stdout is a terminal, where a line appears at once.
    terminal: bool,
    /// Stdout failed, which is reported once.
    failed: bool,
}

impl Tally {
    /// Begins to count, and to take the time, of `total` items, each of which may take `timeout`.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn new(total: usize, timeout: Duration) -> Result<Self> {
        // std's own stdout makes a system call of every line. C and Python make one of some thousand bytes,
        // unless a person is watching.
        let stdout = BufWriter::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
        let terminal = io::stdout().is_terminal();
        let state = Mutex::new(State { ok: 0, stdout, terminal, failed: false });
        Ok(Self(Arc::new(Shared { start: Instant::now(), total, timeout, state })))
    }

    /// Prints a line on stdout.
    pub fn print(&self, line: impl Display) {
        self.state().print(line);
    }

    /// Prints the line of an item that is done, and counts it.
    pub fn ok(&self, line: impl Display) {
        let mut state = self.state();
        state.print(line);
        state.ok += 1;
    }

    /// Prints the cause of an item's failure on stderr: `name: cause`.
    pub fn failed(&self, name: impl Display, error: &Error) {
        let cause = match is_timeout(error) {
            true => format!("no answer in {:?}", self.0.timeout),
            false => cause(error),
        };
        complain(format_args!("{name}: {cause}"));
    }

    /// Prints what an item came to: the line that it is, or the cause of its failure.
    pub fn report(&self, name: impl Display, outcome: Result<impl Display>) {
        match outcome {
            Ok(line) => self.ok(line),
            Err(error) => self.failed(name, &error),
        }
    }

    /// Prints the last line, such as `499 ok, 1 failed in 0.113 s`. An item that reported nothing, because its
    /// task panicked or its coroutine overflowed its stack, has failed.
    ///
    /// Returns the program's exit code: 0 when all items are ok and stdout took every line, else 1.
    pub fn finish(&self) -> ExitCode {
        let mut state = self.state();
        let failed = self.0.total - state.ok;
        let line =
            format!("{} ok, {failed} failed in {:.3} s", state.ok, self.0.start.elapsed().as_secs_f64());
        state.print(line);
        state.flush();
        ExitCode::from(u8::from(failed > 0 || state.failed))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn print(&mut self, line: impl Display) {
        if self.failed {
            return;
        }
        let written = writeln!(self.stdout, "{line}");
        self.check(written);
        if self.terminal {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let flushed = self.stdout.flush();
        self.check(flushed);
    }

    fn check(&mut self, written: io::Result<()>) {
        if let Err(error) = written
            && !self.failed
        {
            self.failed = true;
            complain(format_args!("stdout: {error}"));
        }
    }
}

/// A time-out as an item's outcome, for `unwrap_or_else` on what an event loop's `timeout` returns.
///
/// # Errors
/// Always: that is what it is for.
pub fn late<T, E>(_elapsed: E) -> Result<T> {
    Err(io::Error::from(ErrorKind::TimedOut).into())
}

/// Whether the cause is that nobody answered in time. A blocking socket says `WouldBlock`.
pub fn is_timeout(error: &Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| matches!(cause.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock))
}

/// An error and its causes in one line, without those that only repeat in their own words what caused them.
pub fn cause(error: &Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    let texts = error.chain().map(|cause| cause.to_string().replace('\n', " "));
    for cause in texts.filter(|text| !text.is_empty()) {
        causes.retain(|outer| !outer.contains(&cause));
        causes.push(cause);
    }
    causes.join(": ")
}

/// Prints a line on stderr, if there is one.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_time_out_is_recognised_by_its_kind_alone() {
        let wrapped = |kind: ErrorKind| Err::<(), _>(io::Error::from(kind)).context("login").unwrap_err();
        assert!(is_timeout(&wrapped(ErrorKind::TimedOut)) && is_timeout(&wrapped(ErrorKind::WouldBlock)));
        assert!(is_timeout(&late::<(), _>(()).unwrap_err()));
        assert!(!is_timeout(&wrapped(ErrorKind::ConnectionRefused)) && !is_timeout(&anyhow!("timed out")));
    }

    #[test]
    fn a_cause_is_one_line_and_repeats_nothing() {
        let refused = io::Error::other("Connection refused");
        assert_eq!(
            cause(&Error::from(refused).context("I/O: Connection refused").context("connect")),
            "connect: Connection refused"
        );
        assert_eq!(cause(&anyhow!("two\nlines")), "two lines");
        assert_eq!(cause(&anyhow!("same").context("same")), "same");
    }

    #[test]
    fn what_reports_nothing_has_failed() {
        let tally = Tally::new(3, Duration::from_secs(2)).unwrap();
        tally.clone().report("a", Ok("a row"));
        tally.report("b", Err::<&str, _>(anyhow!("a cause")));
        assert_eq!(tally.state().ok, 1);
        assert_eq!(tally.finish(), ExitCode::from(1));
    }
}
