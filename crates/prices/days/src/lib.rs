//! What all prices programs do alike, however they wait: they read the server's answer and print the days.

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use serde::Deserialize;
use url::Url;

/// What the server tells of a day, as far as it is needed.
#[derive(Deserialize)]
struct Departures {
    departures: Vec<Departure>,
}

#[derive(Deserialize)]
struct Departure {
    price: u32,
}

/// Cheapest and mean price of a day.
pub type Day = (f64, f64);

/// Finds the cheapest and the mean price in an answer; the server tells them in cents.
///
/// # Errors
/// When it is not JSON, or no departures, or one without a price.
pub fn parse(answer: impl AsRef<[u8]>) -> Result<Day> {
    let Departures { departures } = serde_json::from_slice(answer.as_ref())?;
    let prices = departures.iter().map(|departure| f64::from(departure.price) / 100.0);
    let cheapest = prices.clone().reduce(f64::min).context("no departures")?;
    Ok((cheapest, prices.sum::<f64>() / departures.len() as f64))
}

/// Prints the days in order, on stderr those that failed; returns the number of the others.
pub fn report(mut days: Vec<(Date, Result<Day>)>) -> usize {
    days.sort_by_key(|(date, _)| *date);
    for (date, day) in &days {
        match day {
            Ok((cheapest, mean)) => println!("{date} cheapest {cheapest:.2} mean {mean:.2}"),
            Err(error) => eprintln!("{date}: {error:#}"),
        }
    }
    let ok = days.iter().filter_map(|(date, day)| Some((day.as_ref().ok()?.0, date)));
    if let Some((cheapest, date)) = ok.clone().min_by(|a, b| a.0.total_cmp(&b.0)) {
        println!("Cheapest day: {date} at {cheapest:.2}");
    }
    ok.count()
}

/// Checks the server's address, more strictly than the clients do.
///
/// # Errors
/// When it is no URL, or not `http://`.
pub fn base_url(text: &str) -> Result<String> {
    let url: Url = text.parse()?;
    ensure!(url.scheme() == "http", "not an http:// URL; no TLS is built in");
    Ok(text.trim_end_matches('/').to_owned())
}
