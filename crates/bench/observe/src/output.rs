//! What the command prints, line by line as it comes.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

/// As many bytes as a pipe holds.
const PIPE: usize = 64 << 10;

/// Output may gather: a reader that woke up for each of 500 lines would take CPU time from a program that prints them
/// within 40 ms.
const GATHER: Duration = Duration::from_millis(1);

/// How long the output may take to end after the command: what the command has left running may keep it open.
const LATE: Duration = Duration::from_millis(500);

/// How lines of output tell that an item starts and ends.
pub struct Prefixes {
    pub started: String,
    pub finished: String,
}

/// The output of a whole run.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub last_line: String,
    /// Items in flight, where [`Prefixes`] were given.
    in_flight: u64,
    /// The highest number of them at once.
    pub max_in_flight: Option<u64>,
}

/// Reads in the background.
pub struct Reader {
    output: Arc<Mutex<Output>>,
    end: Receiver<()>,
}

impl Reader {
    pub fn start(from: impl Read + Send + 'static, prefixes: Option<Prefixes>) -> Self {
        let output = Arc::new(Mutex::new(Output::default()));
        let (sender, end) = mpsc::channel();
        let shared = Arc::clone(&output);
        thread::spawn(move || {
            read(from, prefixes.as_ref(), &shared);
            let _ = sender.send(());
        });
        Self { output, end }
    }

    /// The output so far, once the command has ended.
    pub fn output(self) -> Output {
        let _ = self.end.recv_timeout(LATE);
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads to the end. An unreadable pipe ends the output, and bytes that are no UTF-8 are replaced.
fn read(from: impl Read, prefixes: Option<&Prefixes>, output: &Mutex<Output>) {
    let mut from = BufReader::with_capacity(PIPE, from);
    let mut bytes = Vec::new();
    loop {
        if from.buffer().is_empty() {
            thread::sleep(GATHER);
        }
        if !matches!(from.read_until(b'\n', &mut bytes), Ok(1..)) {
            return;
        }
        let line = String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
        bytes.clear();
        output.lock().unwrap_or_else(PoisonError::into_inner).add(line, prefixes);
    }
}

impl Output {
    fn add(&mut self, line: String, prefixes: Option<&Prefixes>) {
        if let Some(prefixes) = prefixes {
            if line.starts_with(&prefixes.started) {
                self.in_flight += 1;
            } else if line.starts_with(&prefixes.finished) {
                self.in_flight = self.in_flight.saturating_sub(1);
            }
            self.max_in_flight = self.max_in_flight.max(Some(self.in_flight));
        }
        self.last_line = line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_items_in_flight_and_the_last_line() {
        for (text, max_in_flight, last_line) in [
            ("Fetch a\nFetch b\nDone a\nFetch c\nFetch d\nDone b\nother\nDone c\nDone d\n", 3, "Done d"),
            ("Fetch a\nDone a\nFetch b\nDone b\nend", 1, "end"),
            ("Done a\nFetch a\n", 1, "Fetch a"),
            ("", 0, ""),
        ] {
            let prefixes = Prefixes { started: "Fetch".into(), finished: "Done".into() };
            let output = Mutex::new(Output::default());
            read(text.as_bytes(), Some(&prefixes), &output);
            let output = output.into_inner().unwrap();
            assert_eq!(output.max_in_flight.unwrap_or(0), max_in_flight, "{text}");
            assert_eq!(output.last_line, last_line);
        }
        let output = Mutex::new(Output::default());
        read(&b"a\nb\xff"[..], None, &output);
        let output = output.into_inner().unwrap();
        assert_eq!((output.last_line.as_str(), output.max_in_flight), ("b\u{fffd}", None));
    }
}
