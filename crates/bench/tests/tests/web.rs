//! The web programs, through their command lines, against the lab.

use std::net::TcpListener;

use behaviour_tests::{Lab, for_each, run};

const PROGRAMS: [&str; 3] = ["web-sequential", "web-tokio", "web-glommio"];
const CONCURRENT: &[&str] = PROGRAMS.split_at(1).1;

/// The URLs of so many pages, each answered after a while.
fn pages(lab: &Lab, count: usize, delay: f64) -> Vec<String> {
    (0..count).map(|i| format!("{}/page/{i}?delay={delay}&size={}", lab.http(), 1000 + i)).collect()
}

/// How many the lab saw at once, of so many pages and with these arguments.
fn at_once(program: &str, count: usize, args: &[&str]) -> u64 {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages = pages(&lab, count, 0.4);
    let run = run(program, &[pages.iter().map(String::as_str).collect(), args.to_vec()].concat());
    assert!(run.code == 0 && run.ends_with(count, 0), "{program}: {run:?}");
    let (items, at_once) = lab.counts("web");
    assert_eq!(items, count as u64, "{program}");
    at_once
}

#[test]
fn prints_every_page_and_the_totals() {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages = pages(&lab, 3, 0.05);
    for_each(&PROGRAMS, |program| {
        let run = run(program, &pages.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(run.code == 0 && run.err.is_empty() && run.out.len() == 9, "{program}: {run:?}");
        for (page, size) in pages.iter().zip(1000..) {
            let start = run.out.iter().position(|line| *line == format!("Starting download: {page}"));
            let end = format!("Finished download: {page}, size: {size} bytes");
            let end = run.out.iter().position(|line| *line == end);
            assert!(start.is_some() && start < end, "{program}: {page}: {run:?}");
        }
        assert!(
            run.out[6].starts_with("Total run time: 0.") && run.out[6].ends_with(" s"),
            "{program}: {run:?}"
        );
        assert_eq!(run.out[7], "Total size: 3003 bytes", "{program}");
        assert!(run.ends_with(3, 0), "{program}: {run:?}");
    });
}

#[test]
fn sequential_finishes_a_page_before_the_next() {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages = pages(&lab, 3, 0.0);
    let run = run("web-sequential", &pages.iter().map(String::as_str).collect::<Vec<_>>());
    for (lines, page) in run.out.chunks(2).zip(&pages) {
        assert_eq!(lines[0], format!("Starting download: {page}"), "{run:?}");
        assert!(lines[1].starts_with(&format!("Finished download: {page}, size: ")), "{run:?}");
    }
}

#[test]
fn downloads_as_many_at_once_as_its_model_allows() {
    for_each(&PROGRAMS, |program| {
        let (count, expected) = if program == "web-sequential" { (3, 1) } else { (20, 20) };
        assert_eq!(at_once(program, count, &[]), expected, "{program}");
    });
}

#[test]
fn downloads_as_many_at_once_as_told() {
    for_each(CONCURRENT, |program| {
        assert_eq!(at_once(program, 15, &["--concurrency", "7"]), 7, "{program}");
    });
    assert_eq!(at_once("web-tokio", 15, &["--concurrency", "99", "--threads", "2"]), 15);
}

#[test]
fn a_sick_page_costs_its_own_line_alone() {
    let lab = Lab::start(&["--hosts", "1"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fault = |kind: &str| format!("{}/page/sick?fault={kind}", lab.http());
    let causes = [
        (fault("404"), "404 Not Found"),
        (fault("500"), "500 Internal Server Error"),
        (fault("hang"), "no answer in 500ms"),
        (fault("close"), ""), // each library has its own words for a body that ends too early
        (fault("length"), ""),
        (format!("http://{free}/"), "Connection refused"),
    ];
    let good = format!("{}/page/good?size=5000", lab.http());
    let mut urls: Vec<&str> = causes.iter().map(|(url, _)| url.as_str()).collect();
    urls.push(&good);
    for_each(&PROGRAMS, |program| {
        let run = run(program, &[urls.as_slice(), &["--timeout", "0.5"]].concat());
        assert!(run.code == 1 && run.ends_with(1, 6) && run.err.len() == 6, "{program}: {run:?}");
        assert_eq!(run.count("Starting download: "), 7, "{program}: {run:?}");
        assert_eq!(
            run.count(&format!("Finished download: {good}, size: 5000 bytes")),
            1,
            "{program}: {run:?}"
        );
        assert_eq!(run.count("Total size: 5000 bytes"), 1, "{program}: {run:?}");
        for (url, cause) in &causes {
            let line = run.err.iter().find(|line| line.starts_with(&format!("{url}: ")));
            assert!(
                line.is_some_and(|line| line.ends_with(cause) || line.contains(cause)),
                "{program}: {url}: {run:?}"
            );
        }
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    for_each(&PROGRAMS, |program| {
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
            let run = run(program, &args);
            assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
            let told = run.err.iter().any(|line| line.contains(message));
            assert!(told && run.out.is_empty(), "{program} {args:?}: {run:?}");
        }
    });
}
