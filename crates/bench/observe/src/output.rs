//! What the command prints, line by line as it comes.

use std::io::{BufRead, BufReader, Read};
use std::thread;
use std::time::{Duration, Instant};

/// So many lines are kept with their time stamps.
const KEPT: usize = 20;

/// A pipe holds so many bytes.
const PIPE: usize = 64 << 10;

/// Once the lines with time stamps are read, output may gather: a reader that woke up for each of
/// 500 lines would take CPU time from a program that prints them within 40 ms.
const GATHER: Duration = Duration::from_millis(1);

/// How lines of output tell that an item starts and ends.
pub struct Prefixes {
    /// Start of a line that is printed when an item starts.
    pub started: String,
    /// Start of a line that is printed when an item has finished.
    pub finished: String,
}

/// The output of a whole run.
#[derive(Debug, Default)]
pub struct Output {
    /// The first lines and when each was read.
    pub lines: Vec<(Instant, String)>,
    /// The last line, empty without output.
    pub last_line: String,
    /// The highest number of items in flight at once, where [`Prefixes`] were given.
    pub in_flight: Option<u64>,
}

/// Reads to the end. An unreadable pipe ends the output, and bytes that are no UTF-8 are replaced.
pub fn read(from: impl Read, prefixes: Option<&Prefixes>) -> Output {
    let mut output = Output::default();
    let mut flight = Flight::default();
    let mut from = BufReader::with_capacity(PIPE, from);
    let mut bytes = Vec::new();
    loop {
        if output.lines.len() == KEPT && from.buffer().is_empty() {
            thread::sleep(GATHER);
        }
        if !matches!(from.read_until(b'\n', &mut bytes), Ok(1..)) {
            break;
        }
        let now = Instant::now();
        let line = String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
        bytes.clear();
        if let Some(prefixes) = prefixes {
            flight.count(&line, prefixes);
        }
        if output.lines.len() < KEPT {
            output.lines.push((now, line.clone()));
        }
        output.last_line = line;
    }
    output.in_flight = prefixes.map(|_| flight.max);
    output
}

/// Counts items that have started and not yet finished.
#[derive(Default)]
struct Flight {
    now: u64,
    max: u64,
}

impl Flight {
    fn count(&mut self, line: &str, prefixes: &Prefixes) {
        if line.starts_with(&prefixes.started) {
            self.now += 1;
            self.max = self.max.max(self.now);
        } else if line.starts_with(&prefixes.finished) {
            self.now = self.now.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes() -> Prefixes {
        Prefixes { started: "Fetching".into(), finished: "Done".into() }
    }

    #[test]
    fn counts_the_most_items_in_flight() {
        let text = "Fetching a\nFetching b\nDone a\nFetching c\nFetching d\nDone b\nother\nDone c\nDone d\n";
        assert_eq!(read(text.as_bytes(), Some(&prefixes())).in_flight, Some(3));
    }

    #[test]
    fn one_after_the_other_is_one_in_flight() {
        let text = "Fetching a\nDone a\nFetching b\nDone b\n";
        assert_eq!(read(text.as_bytes(), Some(&prefixes())).in_flight, Some(1));
    }

    #[test]
    fn finished_before_started_does_not_underflow() {
        assert_eq!(read("Done a\nFetching a\n".as_bytes(), Some(&prefixes())).in_flight, Some(1));
    }

    #[test]
    fn keeps_the_first_lines_and_the_last() {
        let text: String = (0..30).map(|line| format!("line {line}\n")).collect();
        let output = read(text.as_bytes(), None);
        assert_eq!(output.lines.len(), KEPT);
        assert_eq!(output.lines[0].1, "line 0");
        assert_eq!(output.last_line, "line 29");
        assert_eq!(output.in_flight, None);
    }

    #[test]
    fn last_line_may_lack_its_newline_and_be_no_text() {
        assert_eq!(read(&b"a\nb\xff"[..], None).last_line, "b\u{fffd}");
        assert_eq!(read(&b""[..], None).last_line, "");
    }
}
