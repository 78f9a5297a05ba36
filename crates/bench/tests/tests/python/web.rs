//! The web programs.

use behaviour_tests::matrix::{Program, python};
use behaviour_tests::{Lab, with_each};

use super::{concurrent, files, rejects, run};

#[test]
fn prints_every_page_and_the_totals() {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages: Vec<_> = (0..3).map(|i| format!("{}/page/{i}?size={}", lab.http(), 1000 + i)).collect();
    with_each(python("web"), |program| {
        let run = run(&program.name, &pages.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(run.code == 0 && run.ends_with(3, 0) && run.err.is_empty(), "{program}: {run:?}");
        for (page, size) in pages.iter().zip(1000..) {
            let begin = run.out.iter().position(|line| *line == format!("Starting download: {page}"));
            let end = format!("Finished download: {page}, size: {size} bytes");
            let end = run.out.iter().position(|line| *line == end);
            assert!(begin.is_some() && begin < end, "{program}: {page}: {run:?}");
        }
        assert_eq!(run.out.len(), 9, "{program}: {run:?}");
        assert!(run.out[6].starts_with("Total run time: "), "{program}: {run:?}");
        assert_eq!(run.out[7], "Total size: 3003 bytes", "{program}: {run:?}");
    });
}

#[test]
fn downloads_as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &Program, count: usize, args: &[&str]| {
        let lab = Lab::start(&["--hosts", "1"]);
        let pages: Vec<_> = (0..count).map(|i| format!("{}/page/{i}?delay=1", lab.http())).collect();
        let run = run(&program.name, &[pages.iter().map(String::as_str).collect(), args.to_vec()].concat());
        assert!(run.code == 0 && run.ends_with(count, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("web");
        assert_eq!(items, count as u64, "{program}");
        at_once as usize
    };
    with_each(python("web"), |program| {
        let pages = program.items();
        assert_eq!(at_once(program, pages, &[]), program.at_once(pages), "{program}");
    });
    with_each(concurrent("web"), |program| {
        assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}")
    });
}

#[test]
fn a_sick_page_costs_its_own_line_alone() {
    let lab = Lab::start(&["--hosts", "1"]);
    let fault = |kind: &str| format!("{}/page/sick?fault={kind}", lab.http());
    let causes = [
        (fault("404"), "404 Not Found"),
        (fault("500"), "500 Internal Server Error"),
        (fault("hang"), "no answer in 2 s"),
        (fault("close"), ""), // each library has its own words for a body that ends too early
        (fault("length"), ""),
        ("http://127.0.0.1:1/".into(), "Connect"),
    ];
    let good = format!("{}/page/good?size=5000", lab.http());
    let mut urls: Vec<&str> = causes.iter().map(|(url, _)| url.as_str()).collect();
    urls.push(&good);
    with_each(python("web"), |program| {
        let run = run(&program.name, &[urls.as_slice(), &["--timeout", "2"]].concat());
        assert!(run.code == 1 && run.ends_with(1, 6) && run.err.len() == 6, "{program}: {run:?}");
        assert_eq!(
            run.count(&format!("Finished download: {good}, size: 5000 bytes")),
            1,
            "{program}: {run:?}"
        );
        for (url, cause) in &causes {
            let line = run.err.iter().find(|line| line.starts_with(&format!("{url}: ")));
            assert!(line.is_some_and(|line| line.contains(cause)), "{program}: {url}: {run:?}");
        }
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    with_each(files("web"), |program| {
        rejects(
            &program.name,
            &[
                (&[], "URL"),
                (&["nonsense"], "is no http:// URL"),
                (&["https://127.0.0.1/"], "is no http:// URL"),
                (&["http://127.0.0.1:99999/"], "URL"),
                (&["http://127.0.0.1:1/", "--timeout", "0"], "must be more than 0"),
                (&["http://127.0.0.1:1/", "--timeout", "1e19"], "a day at most"),
                (&["http://127.0.0.1:1/", "--concurrency", "0"], "--concurrency"),
            ],
        );
    });
}
