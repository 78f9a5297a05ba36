//! The prices programs, through their command lines, against the lab.

use std::fs;
use std::time::{Duration, Instant};

use behaviour_tests::matrix::{Program, programs};
use behaviour_tests::{Lab, Run, at_once, run, run_limited, with_each};

/// The programs with a bound that their user can choose.
fn concurrent() -> impl Iterator<Item = Program> {
    programs("prices").into_iter().filter(Program::is_concurrent)
}

/// Those of them that can have a thousand days in flight: a worker process for each would be too many.
fn light() -> impl Iterator<Item = Program> {
    concurrent().filter(|program| program.model != "multiprocess")
}

/// A lab that takes so many seconds to answer.
fn lab(delay: &str, args: &[&str]) -> Lab {
    Lab::start(&[&["--prices-delay", delay], args].concat())
}

/// Fetches so many days.
fn fetch(program: &Program, lab: &Lab, days: &str, args: &[&str]) -> Run {
    run(&program.name, &[&[lab.http().as_str(), "--days", days], args].concat())
}

#[test]
fn prints_every_day_in_order_and_the_cheapest() {
    let lab = lab("0.02", &[]);
    with_each(programs("prices"), |program| {
        let run = fetch(program, &lab, "12", &[]);
        assert!(run.code == 0 && run.err.is_empty() && run.out.len() == 14, "{program}: {run:?}");
        let days: Vec<_> = run.out[..12].iter().map(|line| &line[..10]).collect();
        let expected: Vec<_> = (1..=12).map(|day| format!("2026-01-{day:02}")).collect();
        assert_eq!(days, expected, "{program}");
        // By the formula of crates/bench/lab/src/prices.rs.
        assert_eq!(run.out[0], "2026-01-01 cheapest 10.90 mean 21.40", "{program}");
        assert_eq!(run.out[12], "Cheapest day: 2026-01-03 at 9.90", "{program}");
        assert!(run.ends_with(12, 0), "{program}: {run:?}");
    });
}

/// Asserts that the lab sees so many days at once, with these arguments.
fn assert_at_once(program: &Program, days: usize, args: &[&str], expected: usize) {
    let seen = at_once(expected, |delay| {
        let lab = lab(&delay.to_string(), &[]);
        let run = fetch(program, &lab, &days.to_string(), args);
        assert!(run.code == 0 && run.ends_with(days, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("prices");
        assert_eq!(items, days as u64, "{program}");
        at_once as usize
    });
    assert_eq!(seen, expected, "{program} {args:?}");
}

#[test]
fn fetches_as_many_at_once_as_its_model_allows() {
    with_each(programs("prices"), |program| {
        let days = if program.is_concurrent() { 40 } else { 3 };
        assert_at_once(program, days, &[], program.at_once(days));
    });
}

#[test]
fn fetches_as_many_at_once_as_told() {
    with_each(concurrent(), |program| assert_at_once(program, 15, &["--concurrency", "7"], 7));
}

#[test]
fn the_bound_holds_at_every_size() {
    with_each(light(), |program| {
        for (at_most, days) in [(1, 3), (10, 25), (100, 150), (150, 150)] {
            assert_at_once(program, days, &["--concurrency", &at_most.to_string()], at_most);
        }
    });
}

#[test]
fn fetches_a_thousand_at_once() {
    with_each(light(), |program| {
        let lab = lab("0.1", &[]);
        let run = fetch(program, &lab, "1000", &["--concurrency", "1000", "--timeout", "60"]);
        assert!(run.code == 0 && run.ends_with(1000, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(lab.counts("prices").0, 1000, "{program}");
    });
}

#[test]
fn few_file_descriptors_are_raised_or_told() {
    let lab = lab("0.05", &[]);
    with_each(concurrent(), |program| {
        let url = lab.http();
        let args = [&url, "--days", "60", "--concurrency", "60"];
        let (what, need) = program.file_descriptors(60);
        let run = run_limited("--nofile=64:64", &program.name, &args);
        assert!(run.code == 1 && run.out.is_empty() && run.err.len() == 1, "{program}: {run:?}");
        let error = format!("60 {what} need {need} file descriptors");
        assert!(run.err[0].contains(&error), "{program}: {run:?}");
        let run = run_limited(&format!("--nofile=32:{need}"), &program.name, &args);
        assert!(run.code == 0 && run.ends_with(60, 0), "{program}: {run:?}");
    });
}

#[test]
fn the_host_may_have_a_name() {
    let lab = lab("0.02", &[]);
    let url = lab.http().replace("127.0.0.1", "localhost");
    with_each(programs("prices"), |program| {
        let run = run(&program.name, &[&url, "--days", "3"]);
        assert!(run.code == 0 && run.ends_with(3, 0), "{program}: {run:?}");
    });
}

#[test]
fn the_healthy_are_timed_beside_the_sick() {
    let lab = lab("0.05", &["--days", "20", "--sick", "error=2"]);
    let run = fetch(&programs("prices")[0], &lab, "20", &[]);
    assert!(run.ends_with(18, 2), "{run:?}");
    let stats = lab.stats();
    let healthy = &stats["prices"]["healthy"];
    let time = |name: &str| healthy[name].as_f64().expect("a time");
    assert!(healthy["items"] == 18 && 0.05 <= time("half_s") && time("half_s") <= time("most_s"), "{stats}");
}

#[test]
fn waits_for_two_round_trips_a_day() {
    with_each(programs("prices"), |program| {
        let lab = lab("0.02", &["--rtt", "0.05"]);
        let start = Instant::now();
        let run = fetch(program, &lab, "5", &[]);
        let took = start.elapsed();
        assert!(run.code == 0 && run.ends_with(5, 0), "{program}: {run:?}");
        // Connect and answer, a connection a day.
        let turns = 5_usize.div_ceil(program.at_once(5));
        assert!(took >= Duration::from_millis(2 * 50 + 20) * turns as u32, "{program}: {took:?}");
        assert_eq!(lab.stats()["prices"]["round_trips"], 2 * 5, "{program}");
    });
}

#[test]
fn writes_its_memory_over_time() {
    let lab = lab("0.1", &[]);
    with_each(programs("prices"), |program| {
        let file = lab.file(&program.name);
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
    let kinds = ["refuse", "hang", "error", "close", "length", "not-json", "no-price", "redirect"];
    let sick: Vec<_> = kinds.iter().flat_map(|kind| ["--sick".into(), format!("{kind}=1")]).collect();
    let sick: Vec<_> = sick.iter().map(String::as_str).collect();
    with_each(programs("prices"), |program| {
        let lab = lab("0.02", &[&["--days", "24"], sick.as_slice()].concat());
        let run = fetch(program, &lab, "24", &["--timeout", "2"]);
        assert_eq!(run.code, 1, "{program}: {run:?}");
        assert_eq!(run.count("2026-01-"), 16, "{program}: {run:?}");
        assert!(run.ends_with(16, 8) && run.err.len() == 8, "{program}: {run:?}");
        assert!(run.err.iter().all(|line| line.starts_with("2026-01-")), "{program}: {run:?}");
        let told = |cause: &str| run.err.iter().filter(|line| line.contains(cause)).count();
        assert_eq!((told("500"), told("missing field `price`")), (1, 1), "{program}: {run:?}");
        assert_eq!((told("302 Found"), told("no answer in 2s")), (1, 1), "{program}: {run:?}");
    });
}

#[test]
fn a_server_that_is_not_there_fails_every_day() {
    with_each(programs("prices"), |program| {
        let run = run(&program.name, &["http://127.0.0.1:1", "--days", "3"]);
        assert!(run.code == 1 && run.ends_with(0, 3) && run.err.len() == 3, "{program}: {run:?}");
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    with_each(programs("prices"), |program| {
        for (args, message) in [
            (vec![], "<BASE_URL>"),
            (vec!["nonsense"], "<BASE_URL>"),
            (vec!["http://127.0.0.1:99999"], "invalid port number"),
            (vec!["https://127.0.0.1:1"], "not an http:// URL"),
            (vec!["http://127.0.0.1:1/?date=2026-01-01"], "more than http://host:port"),
            (vec!["http://127.0.0.1:1", "--days", "0"], "--days"),
            (vec!["http://127.0.0.1:1", "--days", "65535"], "not in 1..=10000"),
            (vec!["http://127.0.0.1:1", "--timeout", "1e19"], "a day at most"),
            (vec!["http://127.0.0.1:1", "--timeout", "0"], "must be more than 0"),
            (vec!["http://127.0.0.1:1", "--concurrency", "0"], "--concurrency"),
            (vec!["http://127.0.0.1:1", "--memory", "/no/such/folder/memory.csv"], "No such file"),
        ] {
            let run = run(&program.name, &args);
            assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
            assert!(run.out.is_empty() && run.err.concat().contains(message), "{program} {args:?}: {run:?}");
        }
    });
}
