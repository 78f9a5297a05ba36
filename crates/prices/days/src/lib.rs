//! Shared by all prices programs: arguments, the days to fetch, the parser of the server's answer, and the outcome of
//! each day. Nothing here knows an HTTP client or a concurrency model.

use std::fmt::{self, Display, Formatter};
use std::sync::{Arc, Mutex, PoisonError};
use std::{mem, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::value_parser;
use jiff::ToSpan;
pub use jiff::civil::Date;
use jiff::civil::date;
use memory_sampler::MemorySampler;
use serde::{Deserialize, Serialize};
pub use tally::{catch_panic, catch_panic_async, late};
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
    #[arg(long, value_name = "FILE", value_parser = memory_sampler::writable)]
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

    /// Counts and prints the prices of these days.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn tally(&self) -> Result<Tally> {
        Ok(Tally {
            items: tally::Tally::new(self.days().map(|(date, _)| date), self.timeout)?,
            days: Arc::default(),
        })
    }

    /// Writes this program's memory over time until it is dropped, where `--memory` asks for it.
    ///
    /// # Errors
    /// When the file cannot be made, or the system starts no thread.
    pub fn memory(&self) -> Result<Option<MemorySampler>> {
        self.memory.as_deref().map(MemorySampler::start).transpose()
    }
}

/// What the server answers for a day, as far as it is needed.
#[derive(Deserialize)]
struct Departures {
    departures: Vec<Departure>,
}

#[derive(Deserialize)]
struct Departure {
    /// In cents.
    price: u32,
}

/// What the departures of a day cost.
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
        let Departures { departures } = serde_json::from_slice(answer.as_ref())?;
        let prices = departures.iter().map(|departure| f64::from(departure.price) / 100.0);
        let cheapest = prices.clone().reduce(f64::min).context("no departures")?;
        Ok(Self { cheapest, mean: prices.sum::<f64>() / departures.len() as f64 })
    }
}

impl Display for Day {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        write!(formatter, "cheapest {:.2} mean {:.2}", self.cheapest, self.mean)
    }
}

/// Prints and counts the outcomes of the days. A clone counts into the same.
#[derive(Clone)]
pub struct Tally {
    items: tally::Tally,
    days: Arc<Mutex<Vec<(Date, Day)>>>,
}

impl Tally {
    /// Keeps the prices of a day for the end, or prints the cause of its failure.
    pub fn report(&self, date: Date, day: Result<Day>) {
        match day {
            Ok(day) => self.days.lock().unwrap_or_else(PoisonError::into_inner).push((date, day)),
            Err(error) => self.items.report(date, Err::<Day, _>(error)),
        }
    }

    /// Prints the days in their order, the cheapest of them, and the last line; returns the program's exit code.
    pub fn finish(&self) -> ExitCode {
        let mut days = mem::take(&mut *self.days.lock().unwrap_or_else(PoisonError::into_inner));
        days.sort_by_key(|(date, _)| *date);
        for (date, day) in &days {
            self.items.report(date, Ok(format_args!("{date} {day}")));
        }
        if let Some((date, day)) = days.iter().min_by(|(_, a), (_, b)| a.cheapest.total_cmp(&b.cheapest)) {
            self.items.print(format_args!("Cheapest day: {date} at {:.2}", day.cheapest));
        }
        self.items.finish()
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
            Day::parse(r#"{"departures": [{"price": 1250}, {"price": 990}, {"price": 1000}]}"#).unwrap();
        assert_eq!(day.to_string(), "cheapest 9.90 mean 10.80");
    }

    #[test]
    fn an_answer_without_prices_says_what_is_missing() {
        let error = |answer: &str| Day::parse(answer).err().unwrap().to_string();
        assert_eq!(error(r#"{"departures": []}"#), "no departures");
        assert!(error(r#"{"departures": [{}]}"#).starts_with("missing field `price`"));
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
