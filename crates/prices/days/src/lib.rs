//! Shared by all prices programs: arguments, the days to fetch, the parser of the server's answer, and the outcome of
//! each day. Nothing here knows an HTTP client or a concurrency model.

mod memory;

use std::fmt::{self, Display, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Error, Result, anyhow, ensure};
use clap::value_parser;
use jiff::ToSpan;
pub use jiff::civil::Date;
use jiff::civil::date;
use memory::MemorySampler;
use serde::{Deserialize, Serialize};
pub use tally::{catch_panic, catch_panic_async};
pub use url::Url;

/// The arguments that all prices programs have.
#[derive(clap::Args)]
#[group(skip)] // its name would be that of each program's own `Args`
pub struct Args {
    /// Where the server is, as http://host:port
    #[arg(value_name = "BASE_URL", value_parser = base_url)]
    base: Url,
    /// How many days from 2026-01-01 on
    #[arg(long, value_name = "N", default_value = "100", value_parser = value_parser!(u16).range(1..=10_000))]
    days: u16,
    /// How long a day may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    pub timeout: Duration,
    /// Where to write this program's memory over time
    #[arg(long, value_name = "FILE", value_parser = memory::writable)]
    memory: Option<PathBuf>,
}

impl Args {
    /// How many days there are.
    pub fn count(&self) -> usize {
        self.days.into()
    }

    /// The days, and where the prices of each are.
    pub fn days(&self) -> impl Iterator<Item = (Date, Url)> + Send {
        let dates = date(2026, 1, 1).series(1.day()).take(self.count());
        dates.map(|date| {
            let mut url = self.base.clone();
            url.set_query(Some(&format!("date={date}")));
            (date, url)
        })
    }

    /// Counts and prints the prices of these days; meanwhile writes this program's memory over time, where `--memory`
    /// asks for it.
    ///
    /// # Errors
    /// When stdout is closed, the file cannot be made, or the system starts no thread.
    pub fn tally(&self) -> Result<Tally> {
        let memory = self.memory.as_deref().map(MemorySampler::start).transpose()?;
        let items = tally::Tally::new(self.days().map(|(date, _)| date), self.timeout)?;
        Ok(Tally { items, state: Arc::new(Mutex::new(State { cheapest: None, memory })) })
    }
}

/// The needed part of the server's answer for a day.
#[derive(Deserialize)]
struct Departures {
    departures: Vec<Departure>,
}

#[derive(Deserialize)]
struct Departure {
    /// In cents; JSON does not distinguish 1250 from 1250.0.
    price: f64,
}

/// The prices of a day's departures.
#[derive(Serialize, Deserialize)]
pub struct Day {
    cheapest: f64,
    mean: f64,
}

impl Day {
    /// Finds the cheapest and the mean price in the server's answer.
    ///
    /// # Errors
    /// When it is not JSON, or has no departures, or one without a price.
    pub fn parse(answer: impl AsRef<[u8]>) -> Result<Self> {
        let answer = answer.as_ref();
        let Departures { departures } =
            serde_json::from_slice(answer).map_err(|error| explain(answer, error))?;
        for Departure { price } in &departures {
            ensure!((0.0..1e9).contains(price), "{price} is no price");
        }
        let prices = departures.iter().map(|departure| departure.price / 100.0);
        let cheapest = prices.clone().reduce(f64::min).context("no departures")?;
        Ok(Self { cheapest, mean: prices.sum::<f64>() / departures.len() as f64 })
    }
}

/// Names what came instead of JSON: the parser only knows where it stopped.
fn explain(answer: &[u8], error: serde_json::Error) -> Error {
    match answer.trim_ascii() {
        [] => anyhow!("the answer is empty"),
        [0xef, 0xbb, 0xbf, ..] => anyhow!("the answer begins with a byte order mark (BOM), not with JSON"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..] => {
            anyhow!("the answer is UTF-16, not UTF-8")
        }
        [0x1f, 0x8b, ..] => anyhow!("the answer is compressed (gzip), which was not asked for"),
        _ if error.is_data() => error.into(),
        _ => Error::from(error).context("not JSON"),
    }
}

impl Display for Day {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        write!(formatter, "cheapest {:.2} mean {:.2}", self.cheapest, self.mean)
    }
}

/// Prints and counts the outcomes of the days. Clones count together.
#[derive(Clone)]
pub struct Tally {
    items: tally::Tally,
    state: Arc<Mutex<State>>,
}

struct State {
    cheapest: Option<(Date, f64)>,
    memory: Option<MemorySampler>,
}

impl Tally {
    /// Whether a day has reported nothing yet.
    pub fn is_waiting(&self) -> bool {
        self.items.is_waiting()
    }

    /// Prints a day's outcome: its prices, or the cause of its failure.
    pub fn report(&self, date: Date, day: Result<Day>) {
        if let Ok(Day { cheapest, .. }) = day {
            let mut state = self.state();
            // Days come in any order: of two at the same price the earlier counts.
            if state.cheapest.is_none_or(|(first, price)| (cheapest, date) < (price, first)) {
                state.cheapest = Some((date, cheapest));
            }
        }
        self.items.report(date, day.map(|day| format!("{date} {day}")));
    }

    /// Prints that a day's time is over.
    pub fn timed_out(&self, date: Date) {
        self.items.timed_out(date);
    }

    /// Prints the cheapest day and the last line, and ends the program with its exit code.
    pub fn exit(&self) -> ! {
        let State { cheapest, memory } = &mut *self.state();
        if let Some((date, price)) = cheapest {
            self.items.print(format_args!("Cheapest day: {date} at {price:.2}"));
        }
        drop(memory.take()); // its last samples
        self.items.exit()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks the server's address, more strictly than the clients do, and adds the path of the prices.
fn base_url(text: &str) -> Result<Url> {
    let mut url: Url = text.parse()?;
    ensure!(url.scheme() == "http", "not an http:// URL; no TLS is built in");
    ensure!(url.query().is_none() && url.fragment().is_none(), "more than http://host:port");
    url.path_segments_mut().ok().context("no host")?.pop_if_empty().push("prices");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_cents() {
        let day =
            Day::parse(r#"{"departures": [{"price": 1250}, {"price": 990.0}, {"price": 1e3}]}"#).unwrap();
        assert_eq!(day.to_string(), "cheapest 9.90 mean 10.80");
    }

    #[test]
    fn an_answer_that_is_no_prices_says_what_it_is() {
        for (answer, cause) in [
            (r#"{"departures": []}"#.as_bytes(), "no departures"),
            (br#"{"departures": [{}]}"#, "missing field `price` at line 1 column 18"),
            (br#"{"departures": [{"price": -5}]}"#, "-5 is no price"),
            (b" \r\n", "the answer is empty"),
            (b"\xef\xbb\xbf{}", "the answer begins with a byte order mark (BOM), not with JSON"),
            (b"{\0}\0", "the answer is UTF-16, not UTF-8"),
            (b"\x1f\x8b\x08", "the answer is compressed (gzip), which was not asked for"),
            (b"<html>", "not JSON: expected value at line 1 column 1"),
        ] {
            assert_eq!(format!("{:#}", Day::parse(answer).err().unwrap()), cause);
        }
    }

    #[test]
    fn a_day_has_its_own_url() {
        for base in ["http://127.0.0.1:8000", "http://127.0.0.1:8000/"] {
            let args = Args {
                base: base_url(base).unwrap(),
                days: 32,
                timeout: Duration::from_secs(10),
                memory: None,
            };
            let (date, url) = args.days().last().unwrap();
            assert_eq!(date.to_string(), "2026-02-01");
            assert_eq!(url.as_str(), "http://127.0.0.1:8000/prices?date=2026-02-01");
        }
        assert!(base_url("http://127.0.0.1/?date=2026-01-01").is_err());
    }
}
