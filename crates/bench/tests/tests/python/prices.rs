//! The prices programs.

use std::fs;

use behaviour_tests::matrix::{Program, python};
use behaviour_tests::{Lab, with_each};

use super::{concurrent, files, rejects, run};

#[test]
fn prints_every_day_in_order_and_the_cheapest() {
    let lab = Lab::start(&["--prices-delay", "0.02"]);
    with_each(python("prices"), |program| {
        let run = run(&program.name, &[&lab.http(), "--days", "12"]);
        assert!(run.code == 0 && run.ends_with(12, 0) && run.err.is_empty(), "{program}: {run:?}");
        let days: Vec<_> = run.out[..12].iter().map(|line| &line[..10]).collect();
        let expected: Vec<_> = (1..=12).map(|day| format!("2026-01-{day:02}")).collect();
        assert_eq!(days, expected, "{program}");
        // By the formula of crates/bench/lab/src/prices.rs.
        assert_eq!(run.out[0], "2026-01-01 cheapest 10.90 mean 21.40", "{program}");
        assert_eq!(run.out[12], "Cheapest day: 2026-01-03 at 9.90", "{program}");
    });
}

#[test]
fn fetches_as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &Program, days: usize, args: &[&str]| {
        let lab = Lab::start(&["--prices-delay", "1"]);
        let run = run(&program.name, &[&[lab.http().as_str(), "--days", &days.to_string()], args].concat());
        assert!(run.code == 0 && run.ends_with(days, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("prices");
        assert_eq!(items, days as u64, "{program}");
        at_once as usize
    };
    with_each(python("prices"), |program| {
        let days = program.items();
        assert_eq!(at_once(program, days, &[]), program.at_once(days), "{program}");
    });
    with_each(concurrent("prices"), |program| {
        assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}");
    });
}

#[test]
fn writes_its_memory_over_time() {
    let lab = Lab::start(&["--prices-delay", "1"]);
    with_each(python("prices"), |program| {
        let file = lab.file(&program.name);
        let run = run(&program.name, &[&lab.http(), "--days", "2", "--memory", &file]);
        assert!(run.code == 0 && run.err.is_empty(), "{program}: {run:?}");
        let text = fs::read_to_string(file).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("seconds,rss_bytes"), "{program}");
        let samples: Vec<_> = lines.map(|line| line.split_once(',').expect("two columns")).collect();
        assert!(samples.len() > 3, "{program}: {text}");
        assert!(samples.is_sorted_by_key(|(time, _)| time.parse::<f64>().unwrap()), "{program}: {text}");
        assert!(samples.iter().all(|(_, rss)| rss.parse::<u64>().unwrap() > 1_000_000), "{program}: {text}");
    });
}

#[test]
fn a_sick_day_costs_its_own_line_alone() {
    let kinds = ["refuse", "hang", "error", "close", "length", "not-json", "no-price"];
    let sick: Vec<_> = kinds.iter().flat_map(|kind| ["--sick".into(), format!("{kind}=1")]).collect();
    let sick: Vec<_> = sick.iter().map(String::as_str).collect();
    with_each(python("prices"), |program| {
        let lab = Lab::start(&[&["--prices-delay", "0.02", "--days", "14"], sick.as_slice()].concat());
        let run = run(&program.name, &[&lab.http(), "--days", "14", "--timeout", "3"]);
        assert!(run.code == 1 && run.ends_with(7, 7) && run.err.len() == 7, "{program}: {run:?}");
        assert_eq!(run.count("2026-01-"), 7, "{program}: {run:?}");
        assert!(run.err.iter().all(|line| line.starts_with("2026-01-")), "{program}: {run:?}");
        for cause in ["500 Internal Server Error", "KeyError: 'price'", "no answer in 3 s", "JSONDecodeError"]
        {
            assert_eq!(
                run.err.iter().filter(|line| line.contains(cause)).count(),
                1,
                "{program}: {cause}: {run:?}"
            );
        }
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    with_each(files("prices"), |program| {
        rejects(
            &program.name,
            &[
                (&[], "BASE_URL"),
                (&["https://127.0.0.1:1"], "is no http:// URL"),
                (&["http://127.0.0.1:1", "--days", "0"], "--days"),
                (&["http://127.0.0.1:1", "--timeout", "0"], "must be more than 0"),
                (&["http://127.0.0.1:1", "--memory", "/no/such/folder/m.csv"], "No such file"),
                (&["http://127.0.0.1:1", "--concurrency", "0"], "--concurrency"),
            ],
        );
    });
}
