//! The web programs, through their command lines, against the lab.

use std::net::TcpListener;

use behaviour_tests::matrix::{Program, programs};
use behaviour_tests::{Lab, Run, at_once, run, run_limited, with_each};

/// The URLs of so many pages, each answered after a while.
fn pages(lab: &Lab, count: usize, delay: f64) -> Vec<String> {
    (0..count).map(|i| format!("{}/page/{i}?delay={delay}&size={}", lab.http(), 1000 + i)).collect()
}

/// Downloads these pages.
fn download(program: &Program, pages: &[String], args: &[&str]) -> Run {
    run(&program.name, &[pages.iter().map(String::as_str).collect(), args.to_vec()].concat())
}

/// Asserts that the lab sees so many pages at once, with these arguments.
fn assert_at_once(program: &Program, count: usize, args: &[&str], expected: usize) {
    let seen = at_once(expected, |delay| {
        let lab = Lab::start(&["--hosts", "1"]);
        let run = download(program, &pages(&lab, count, delay), args);
        assert!(run.code == 0 && run.ends_with(count, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("web");
        assert_eq!(items, count as u64, "{program}");
        at_once as usize
    });
    assert_eq!(seen, expected, "{program} {args:?}");
}

#[test]
fn prints_every_page_and_the_totals() {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages = pages(&lab, 3, 0.05);
    with_each(programs("web"), |program| {
        let run = download(program, &pages, &[]);
        assert!(run.code == 0 && run.err.is_empty() && run.out.len() == 9, "{program}: {run:?}");
        for (page, size) in pages.iter().zip(1000..) {
            let start = run.out.iter().position(|line| *line == format!("Starting download: {page}"));
            let end = format!("Finished download: {page}, size: {size} bytes");
            let end = run.out.iter().position(|line| *line == end);
            assert!(start.is_some() && start < end, "{program}: {page}: {run:?}");
        }
        let time = &run.out[6];
        assert!(time.starts_with("Total run time: ") && time.ends_with(" s"), "{program}: {run:?}");
        assert_eq!(run.out[7], "Total size: 3003 bytes", "{program}");
        assert!(run.ends_with(3, 0), "{program}: {run:?}");
    });
}

#[test]
fn what_waits_for_one_at_a_time_finishes_a_page_before_the_next() {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages = pages(&lab, 3, 0.0);
    with_each(programs("web"), |program| {
        let run = match program.is_concurrent() {
            true => download(program, &pages, &["--concurrency", "1"]),
            false => download(program, &pages, &[]),
        };
        for (lines, page) in run.out.chunks(2).zip(&pages) {
            assert_eq!(lines[0], format!("Starting download: {page}"), "{program}: {run:?}");
            let end = format!("Finished download: {page}, size: ");
            assert!(lines[1].starts_with(&end), "{program}: {run:?}");
        }
    });
}

#[test]
fn downloads_as_many_at_once_as_its_model_allows() {
    with_each(programs("web"), |program| {
        let count = if program.is_concurrent() { 20 } else { 3 };
        assert_at_once(program, count, &[], program.at_once(count));
    });
}

#[test]
fn downloads_as_many_at_once_as_told() {
    with_each(programs("web").into_iter().filter(Program::is_concurrent), |program| {
        assert_at_once(program, 15, &["--concurrency", "7"], 7);
        assert_at_once(program, 15, &["--concurrency", "99"], 15);
    });
}

#[test]
fn few_file_descriptors_are_raised_or_told() {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages = pages(&lab, 60, 0.05);
    let args: Vec<_> = pages.iter().map(String::as_str).chain(["--concurrency", "60"]).collect();
    with_each(programs("web").into_iter().filter(Program::is_concurrent), |program| {
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
fn a_host_may_have_a_name() {
    let lab = Lab::start(&["--hosts", "1"]);
    let page = format!("{}/page/first", lab.http().replace("127.0.0.1", "localhost"));
    with_each(programs("web"), |program| {
        let run = download(program, std::slice::from_ref(&page), &[]);
        assert!(run.code == 0 && run.ends_with(1, 0), "{program}: {run:?}");
    });
}

#[test]
fn a_sick_page_costs_its_own_line_alone() {
    let lab = Lab::start(&["--hosts", "1"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fault = |kind: &str| format!("{}/page/sick?fault={kind}", lab.http());
    let causes = [
        (fault("404"), "404 Not Found"),
        (fault("500"), "500 Internal Server Error"),
        (fault("redirect"), "302 Found"),
        (fault("hang"), "no answer in 500ms"),
        (fault("close"), ""), // each library has its own words for a body that ends too early
        (fault("length"), ""),
        (format!("http://{free}/"), "Connection refused"),
    ];
    let good = format!("{}/page/good?size=5000", lab.http());
    let mut urls: Vec<_> = causes.iter().map(|(url, _)| url.clone()).collect();
    urls.push(good.clone());
    with_each(programs("web"), |program| {
        let run = download(program, &urls, &["--timeout", "0.5"]);
        assert!(run.code == 1 && run.ends_with(1, 7) && run.err.len() == 7, "{program}: {run:?}");
        assert_eq!(run.count("Starting download: "), 8, "{program}: {run:?}");
        let done = format!("Finished download: {good}, size: 5000 bytes");
        assert_eq!(run.count(&done), 1, "{program}: {run:?}");
        assert_eq!(run.count("Total size: 5000 bytes"), 1, "{program}: {run:?}");
        for (url, cause) in &causes {
            let line = run.err.iter().find(|line| line.starts_with(&format!("{url}: ")));
            assert!(line.is_some_and(|line| line.contains(cause)), "{program}: {url}: {run:?}");
        }
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    with_each(programs("web"), |program| {
        for (args, message) in [
            (vec![], "<URL>"),
            (vec!["nonsense"], "relative URL without a base"),
            (vec!["http://"], "empty host"),
            (vec!["http://127.0.0.1:99999/"], "invalid port number"),
            (vec!["http://127.0.0.1:1/", "https://127.0.0.1/"], "no TLS is built in"),
            (vec!["ftp://127.0.0.1/"], "not an http:// URL"),
            (vec!["http://127.0.0.1:1/", "--timeout", "0"], "must be more than 0"),
            (vec!["http://127.0.0.1:1/", "--timeout", "soon"], "invalid float"),
            (vec!["http://127.0.0.1:1/", "--timeout", "1e19"], "a day at most"),
            (vec!["http://127.0.0.1:1/", "--concurrency", "0"], "--concurrency"),
            (vec!["http://127.0.0.1:1/", "--nonsense"], "--nonsense"),
        ] {
            let run = run(&program.name, &args);
            assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
            let told = run.err.iter().any(|line| line.contains(message));
            assert!(told && run.out.is_empty(), "{program} {args:?}: {run:?}");
        }
    });
}
