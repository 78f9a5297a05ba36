//! The prices programs, through their command lines, against the lab.

use std::fs;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use behaviour_tests::{Lab, Run, for_each, run, run_limited};

const PROGRAMS: [&str; 6] = [
    "prices-sequential",
    "prices-threaded",
    "prices-green",
    "prices-tokio",
    "prices-glommio",
    "prices-compio",
];
const CONCURRENT: &[&str] = PROGRAMS.split_at(1).1;

/// A lab that takes so many seconds to answer.
fn lab(delay: &str, args: &[&str]) -> Lab {
    Lab::start(&[&["--prices-delay", delay], args].concat())
}

/// Fetches so many days.
fn fetch(program: &str, lab: &Lab, days: &str, args: &[&str]) -> Run {
    run(program, &[&[lab.http().as_str(), "--days", days], args].concat())
}

#[test]
fn prints_every_day_in_order_and_the_cheapest() {
    let lab = lab("0.02", &[]);
    for_each(&PROGRAMS, |program| {
        let run = fetch(program, &lab, "12", &[]);
        assert!(run.code == 0 && run.err.is_empty() && run.out.len() == 14, "{program}: {run:?}");
        let days: Vec<_> = run.out[..12].iter().map(|line| &line[..10]).collect();
        let expected: Vec<_> = (1..=12).map(|day| format!("2026-01-{day:02}")).collect();
        assert_eq!(days, expected, "{program}");
        // By the formula of crates/bench-lab/src/prices.rs.
        assert_eq!(run.out[0], "2026-01-01 cheapest 10.90 mean 21.40", "{program}");
        assert_eq!(run.out[12], "Cheapest day: 2026-01-03 at 9.90", "{program}");
        assert!(run.ends_with(12, 0), "{program}: {run:?}");
    });
}

#[test]
fn fetches_as_many_at_once_as_its_model_allows() {
    let cpus = available_parallelism().unwrap().get() as u64;
    for_each(&PROGRAMS, |program| {
        let (days, expected) = match program {
            "prices-sequential" => ("3", 1),
            "prices-threaded" => ("40", 32.min(cpus + 4)),
            _ => ("40", 40),
        };
        let lab = lab("0.4", &[]);
        assert_eq!(fetch(program, &lab, days, &[]).code, 0, "{program}");
        assert_eq!(lab.counts("prices"), (days.parse().unwrap(), expected), "{program}");
    });
}

#[test]
fn fetches_as_many_at_once_as_told() {
    for_each(CONCURRENT, |program| {
        let lab = lab("0.4", &[]);
        assert_eq!(fetch(program, &lab, "15", &["--concurrency", "7"]).code, 0, "{program}");
        assert_eq!(lab.counts("prices"), (15, 7), "{program}");
    });
}

#[test]
fn the_bound_holds_at_every_size() {
    for_each(CONCURRENT, |program| {
        for_each(&["1 of 3", "10 of 25", "100 of 150", "150 of 150"], |case| {
            let (at_most, days) = case.split_once(" of ").expect("two numbers");
            let lab = lab("0.8", &[]);
            assert_eq!(fetch(program, &lab, days, &["--concurrency", at_most]).code, 0, "{program}: {case}");
            let expected = (days.parse().unwrap(), at_most.parse().unwrap());
            assert_eq!(lab.counts("prices"), expected, "{program}: {case}");
        });
    });
}

#[test]
fn fetches_a_thousand_at_once() {
    for_each(CONCURRENT, |program| {
        let lab = lab("0.1", &[]);
        let run = fetch(program, &lab, "1000", &["--concurrency", "1000", "--timeout", "60"]);
        assert!(run.code == 0 && run.ends_with(1000, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(lab.counts("prices").0, 1000, "{program}");
    });
}

#[test]
fn few_file_descriptors_are_raised_or_told() {
    let lab = lab("0.05", &[]);
    for_each(CONCURRENT, |program| {
        let args = [lab.http().as_str(), "--days", "60", "--concurrency", "60"].map(String::from);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let run = run_limited("--nofile=64:64", program, &args);
        assert!(run.code == 1 && run.out.is_empty() && run.err.len() == 1, "{program}: {run:?}");
        assert!(run.err[0].contains("60 connections need 80 file descriptors"), "{program}: {run:?}");
        let run = run_limited("--nofile=32:80", program, &args);
        assert!(run.code == 0 && run.ends_with(60, 0), "{program}: {run:?}");
    });
}

#[test]
fn the_healthy_are_timed_beside_the_sick() {
    let lab = lab("0.05", &["--days", "20", "--sick", "error=2"]);
    assert!(fetch("prices-tokio", &lab, "20", &[]).ends_with(18, 2));
    let stats = lab.stats();
    let healthy = &stats["prices"]["healthy"];
    let time = |name: &str| healthy[name].as_f64().expect("a time");
    assert!(healthy["items"] == 18 && 0.05 <= time("half_s") && time("half_s") <= time("most_s"), "{stats}");
}

#[test]
fn waits_for_two_round_trips_a_day() {
    for_each(&PROGRAMS, |program| {
        let lab = lab("0.02", &["--rtt", "0.05"]);
        let start = Instant::now();
        let run = fetch(program, &lab, "5", &[]);
        let took = start.elapsed();
        assert!(run.code == 0 && run.ends_with(5, 0), "{program}: {run:?}");
        // Connect and answer, a connection a day.
        let turns = if program == "prices-sequential" { 5 } else { 1 };
        assert!(took >= Duration::from_millis(turns * (2 * 50 + 20)), "{program}: {took:?}");
        assert_eq!(lab.stats()["prices"]["round_trips"], 2 * 5, "{program}");
    });
}

#[test]
fn writes_its_memory_over_time() {
    let lab = lab("0.1", &[]);
    for_each(&PROGRAMS, |program| {
        let file = lab.file(program);
        assert_eq!(fetch(program, &lab, "2", &["--memory", &file]).code, 0, "{program}");
        let text = fs::read_to_string(file).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("seconds,rss_bytes"), "{program}");
        let samples: Vec<_> = lines.map(|line| line.split_once(',').expect("two columns")).collect();
        assert!(samples.len() > 3, "{program}: {text}");
        assert!(
            samples.is_sorted_by_key(|(seconds, _)| seconds.parse::<f64>().unwrap()),
            "{program}: {text}"
        );
        assert!(samples.iter().all(|(_, rss)| rss.parse::<u64>().unwrap() > 1_000_000), "{program}: {text}");
    });
}

#[test]
fn a_sick_day_costs_its_own_line_alone() {
    let kinds = ["refuse", "hang", "error", "close", "length", "not-json", "no-price"];
    let sick: Vec<_> = kinds.iter().flat_map(|kind| ["--sick".into(), format!("{kind}=1")]).collect();
    let sick: Vec<_> = sick.iter().map(String::as_str).collect();
    for_each(&PROGRAMS, |program| {
        let lab = lab("0.02", &[&["--days", "21"], sick.as_slice()].concat());
        let run = fetch(program, &lab, "21", &["--timeout", "2"]);
        assert_eq!(run.code, 1, "{program}: {run:?}");
        assert_eq!(run.count("2026-01-"), 14, "{program}: {run:?}");
        assert!(run.ends_with(14, 7) && run.err.len() == 7, "{program}: {run:?}");
        assert!(run.err.iter().all(|line| line.starts_with("2026-01-")), "{program}: {run:?}");
        let told = |cause: &str| run.err.iter().filter(|line| line.contains(cause)).count();
        assert_eq!((told("500"), told("missing field `price`")), (1, 1), "{program}: {run:?}");
        assert_eq!(told("no answer in 2s"), 1, "{program}: {run:?}");
    });
}

#[test]
fn a_server_that_is_not_there_fails_every_day() {
    for_each(&PROGRAMS, |program| {
        let run = run(program, &["http://127.0.0.1:1", "--days", "3"]);
        assert!(run.code == 1 && run.ends_with(0, 3) && run.err.len() == 3, "{program}: {run:?}");
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    for_each(&PROGRAMS, |program| {
        for (args, message) in [
            (vec![], "<BASE_URL>"),
            (vec!["nonsense"], "<BASE_URL>"),
            (vec!["http://127.0.0.1:99999"], "invalid port number"),
            (vec!["https://127.0.0.1:1"], "not an http:// URL"),
            (vec!["http://127.0.0.1:1", "--days", "0"], "--days"),
            (vec!["http://127.0.0.1:1", "--days", "65535"], "not in 1..=10000"),
            (vec!["http://127.0.0.1:1", "--timeout", "1e19"], "a day at most"),
            (vec!["http://127.0.0.1:1", "--timeout", "0"], "must be more than 0"),
            (vec!["http://127.0.0.1:1", "--concurrency", "0"], "--concurrency"),
            (vec!["http://127.0.0.1:1", "--memory", "/no/such/folder/memory.csv"], "No such file"),
        ] {
            let run = run(program, &args);
            assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
            assert!(run.out.is_empty() && run.err.concat().contains(message), "{program} {args:?}: {run:?}");
        }
    });
}
