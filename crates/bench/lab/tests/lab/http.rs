//! Pages and prices, well and sick.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::{Agent, Error};

use crate::lab::Lab;

/// Gets the text of a page, or gives up after 0.9 s. A redirect is not followed, and has none.
fn get(url: &str) -> Result<String, Error> {
    let config = Agent::config_builder().timeout_global(Some(Duration::from_millis(900))).max_redirects(0);
    config.build().new_agent().get(url).call()?.into_body().read_to_string()
}

#[test]
fn pages_have_their_size_and_delay() {
    let lab = Lab::start(&[]);
    let start = Instant::now();
    assert_eq!(get(&format!("{}/page/first?delay=0.1", lab.base)).unwrap().len(), 16_384);
    assert!(start.elapsed() >= Duration::from_millis(100));
    for size in [0, 1, 100_000] {
        let page = get(&format!("{}/page/second?size={size}", lab.base)).unwrap();
        assert_eq!(page.len(), size);
    }
    assert_eq!(lab.counts("web"), (4, 4, 1));
    assert_eq!(lab.counts("prices"), (0, 0, 0));
}

#[test]
fn a_connection_counts_once() {
    let lab = Lab::start(&["--prices-delay", "0"]);
    let agent = Agent::new_with_defaults();
    for path in ["/page/first", "/page/second", "/prices?date=2026-11-21"] {
        agent.get(format!("{}{path}", lab.base)).call().unwrap().into_body().read_to_string().unwrap();
    }
    assert_eq!(lab.counts("web"), (1, 2, 1));
    assert_eq!(lab.counts("prices"), (1, 1, 1));
}

#[test]
fn bad_requests_are_told() {
    let lab = Lab::start(&[]);
    for path in [
        "/page/first?delay=-1",
        "/page/first?delay=long",
        "/page/first?size=99999999",
        "/page/first?fault=403",
        "/page/first?dealy=1",
        "/prices",
        "/prices?date=2026-02-30",
        "/prices?date=tomorrow",
        "/stretch/0/prices?date=2026-11-21",
        "/stretch/-1/prices?date=2026-11-21",
        "/stretch/10.1/prices?date=2026-11-21",
        "/stretch/inf/prices?date=2026-11-21",
        "/stretch/NaN/prices?date=2026-11-21",
        "/stretch/far/prices?date=2026-11-21",
        "/stretch/2/prices?date=tomorrow",
    ] {
        let error = get(&format!("{}{path}", lab.base)).unwrap_err();
        assert!(matches!(error, Error::StatusCode(400)), "{path}: {error}");
    }
    let error = get(&format!("{}/", lab.base)).unwrap_err();
    assert!(matches!(error, Error::StatusCode(404)), "{error}");
}

#[test]
fn pages_fail_as_asked() {
    let lab = Lab::start(&[]);
    let page = |fault| get(&format!("{}/page/first?fault={fault}", lab.base)).unwrap_err();
    assert!(matches!(page("404"), Error::StatusCode(404)));
    assert!(matches!(page("500"), Error::StatusCode(500)));
    for fault in ["close", "length"] {
        assert!(matches!(page(fault), Error::Io(_)), "{fault}");
    }
    assert!(matches!(page("hang"), Error::Timeout(_)));
    assert_eq!(get(&format!("{}/page/first?fault=redirect", lab.base)).unwrap(), "");
    let (connections, items, _) = lab.counts("web");
    assert_eq!((connections, items), (6, 0));
}

#[test]
fn prices_come_for_every_day() {
    let lab = Lab::start(&["--prices-delay", "0.1"]);
    let start = Instant::now();
    let text = get(&format!("{}/prices?date=2026-11-21", lab.base)).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(100));
    let prices: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(prices["date"], "2026-11-21");
    let departures = prices["departures"].as_array().unwrap();
    assert_eq!(departures.len(), 20);
    assert_eq!(departures[0]["departs"], "06:10");
    assert!(departures.iter().all(|departure| departure["price"].as_u64().is_some()));
    assert_eq!(text, get(&format!("{}/prices?date=2026-11-21", lab.base)).unwrap());
    assert_eq!(lab.counts("prices"), (2, 2, 1));
}

#[test]
fn stretched_prices_are_the_same_and_come_later() {
    let lab = Lab::start(&["--prices-delay", "0.1"]);
    let prices = get(&format!("{}/prices?date=2026-11-21", lab.base)).unwrap();
    let start = Instant::now();
    assert_eq!(get(&format!("{}/stretch/2.5/prices?date=2026-11-21", lab.base)).unwrap(), prices);
    assert!(start.elapsed() >= Duration::from_millis(250));
    assert_eq!(lab.counts("prices"), (2, 2, 1));
}

#[test]
fn each_kind_of_day_is_sick_in_its_way() {
    let kinds = ["refuse", "hang", "error", "close", "slow", "length", "not-json", "no-price", "redirect"];
    thread::scope(|scope| {
        for kind in kinds {
            scope.spawn(move || one_day_in_seven_is_sick(kind));
        }
    });
}

fn one_day_in_seven_is_sick(kind: &str) {
    let lab = Lab::start(&["--prices-delay", "0.04", "--days", "7", "--sick", &format!("{kind}=1")]);
    let priced = |prices: &Value| {
        let departures = prices["departures"].as_array().unwrap();
        departures.iter().filter(|departure| departure["price"].is_u64()).count()
    };
    let mut sick = 0;
    for day in 1..=7 {
        let start = Instant::now();
        let result = get(&format!("{}/prices?date=2026-03-{day:02}", lab.base));
        let slow = start.elapsed() >= Duration::from_millis(400);
        let prices = result.as_ref().ok().and_then(|text| serde_json::from_str(text).ok());
        let priced = prices.as_ref().map(priced);
        if priced == Some(20) && !slow {
            continue;
        }
        sick += 1;
        let as_promised = match (kind, &result) {
            ("refuse" | "close" | "length", Err(Error::Io(_) | Error::Protocol(_))) => true,
            ("hang", Err(Error::Timeout(_))) => true,
            ("error", Err(Error::StatusCode(500))) => true,
            ("slow", Ok(_)) => slow && priced == Some(20),
            ("not-json", Ok(_)) => priced.is_none(),
            ("no-price", Ok(_)) => priced == Some(19),
            ("redirect", Ok(text)) => text.is_empty(),
            _ => false,
        };
        assert!(as_promised, "{kind}: {result:?}");
    }
    assert_eq!(sick, 1, "{kind}");
    let (connections, items, _) = lab.counts("prices");
    assert_eq!((connections, items), (7, if kind == "slow" { 7 } else { 6 }), "{kind}");
}
