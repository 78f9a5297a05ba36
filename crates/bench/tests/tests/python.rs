//! The Python programs, through their command lines, against the lab.
//!
//! `scripts/python/setup.sh` comes first: it makes `target/python`.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use behaviour_tests::{Lab, Run, finish, for_each};
use tempfile::TempDir;

const DB: [&str; 7] = [
    "db_sequential",
    "db_multiprocess",
    "db_threaded",
    "db_asyncio",
    "db_asyncio --uvloop",
    "db_aiomysql",
    "db_aiomysql --uvloop",
];
const WEB: [&str; 3] = ["web_sequential", "web_asyncio", "web_asyncio --uvloop"];
const SLEEP: [&str; 3] = ["sleep_threaded", "sleep_asyncio", "sleep_asyncio --uvloop"];
const PRICES: [&str; 5] =
    ["prices_sequential", "prices_threaded", "prices_gevent", "prices_asyncio", "prices_asyncio --uvloop"];

/// Starts a program of `scripts/python`, given with its flags.
fn start(program: &str, args: &[&str]) -> Child {
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let python = root.join("target/python/bin/python");
    assert!(root.join("target/python/stamp").exists(), "no target/python: run scripts/python/setup.sh");
    let mut words = program.split(' ');
    let file = format!("{}.py", words.next().unwrap_or_default());
    Command::new(python)
        .arg(root.join("scripts/python").join(file))
        .args(words)
        .args(args)
        .env_remove("DB_URLS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Runs one to its end.
fn run(program: &str, args: &[&str]) -> Run {
    finish(start(program, args))
}

/// How many items to hand a program, so that all its slots are taken, and how many of them it has at once.
fn items_and_slots(program: &str) -> (usize, usize) {
    let cpus = available_parallelism().map_or(1, usize::from);
    let pool = 32.min(cpus + 4);
    match program {
        "db_multiprocess" => (cpus + 1, cpus),
        "db_threaded" | "sleep_threaded" | "prices_threaded" => (pool + 2, pool),
        _ if program.ends_with("sequential") => (2, 1),
        _ => (40, 40),
    }
}

/// Those that take `--concurrency`.
fn told<'a>(programs: &[&'a str]) -> Vec<&'a str> {
    programs.iter().copied().filter(|program| !program.ends_with("sequential")).collect()
}

/// One of each file: the flag makes no difference to arguments.
fn files<'a>(programs: &[&'a str]) -> Vec<&'a str> {
    programs.iter().copied().filter(|program| !program.contains(' ')).collect()
}

/// Whether each of these is told to be wrong, without a password, before anything runs.
fn rejects(program: &str, cases: &[(&[&str], &str)]) {
    for (args, message) in cases {
        let run = run(program, args);
        assert!(run.code == 2 && run.out.is_empty(), "{program} {args:?}: {run:?}");
        let last = run.err.last().expect("a message");
        assert!(last.contains(message) && !last.contains("swordfish"), "{program} {args:?}: {run:?}");
    }
}

#[test]
fn setup_is_done_once_and_a_failed_one_is_not_taken_for_done() {
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let again = Command::new(root.join("scripts/python/setup.sh")).output().expect("setup.sh");
    assert!(again.status.success() && again.stdout.is_empty() && again.stderr.is_empty(), "{again:?}");

    let copy = TempDir::new().expect("a scratch directory");
    let scripts = copy.path().join("scripts/python");
    fs::create_dir_all(&scripts).unwrap();
    for file in ["setup.sh", "requirements.txt"] {
        fs::copy(root.join("scripts/python").join(file), scripts.join(file)).unwrap();
    }
    let failed = Command::new(scripts.join("setup.sh"))
        .env("PIP_INDEX_URL", "http://127.0.0.1:9/")
        .env("PIP_RETRIES", "0")
        .output()
        .expect("setup.sh");
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(failed.status.code() == Some(2) && told.lines().count() == 1, "{told}");
    assert!(
        told.contains("Is the package index within reach")
            && !copy.path().join("target/python/stamp").exists()
    );
}

#[test]
fn db_prints_every_row_and_the_count() {
    let lab = Lab::start(&["--hosts", "8"]);
    for_each(&DB, |program| {
        let run = run(program, &["--urls", &lab.file("db.urls"), "--query", "select sleep(0.05)"]);
        assert!(run.code == 0 && run.ends_with(8, 0) && run.err.is_empty(), "{program}: {run:?}");
        let row = match program {
            _ if program.starts_with("db_aiomysql") => "(0,)",
            _ if program.starts_with("db_asyncio") => "{'sleep(0.05)': 0}",
            _ => r#"<Record {"sleep(0.05)": 0}>"#,
        };
        assert!(run.out.len() == 9 && run.count(row) == 8, "{program}: {run:?}");
    });
}

#[test]
fn db_asks_as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &str, hosts: usize, args: &[&str]| {
        let lab = Lab::start(&["--hosts", &hosts.to_string()]);
        let urls = lab.file("db.urls");
        let run = run(program, &[&["--urls", &urls, "--query", "select sleep(1)"], args].concat());
        assert!(run.code == 0 && run.ends_with(hosts, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("db");
        assert_eq!(items, hosts as u64, "{program}");
        at_once as usize
    };
    for_each(&DB, |program| {
        let (hosts, expected) = items_and_slots(program);
        assert_eq!(at_once(program, hosts, &[]), expected, "{program}");
    });
    for_each(&told(&DB), |program| assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}"));
}

#[test]
fn db_a_sick_host_costs_its_own_row_alone() {
    let sick = ["--sick", "refuse=1", "--sick", "hang=1", "--sick", "error=1", "--sick", "close=1"];
    let lab = Lab::start(&[&["--hosts", "12"], sick.as_slice()].concat());
    let all = fs::read_to_string(lab.file("db.urls")).unwrap();
    let passwords: HashSet<&str> = all.lines().filter_map(|url| url.split([':', '@']).nth(2)).collect();
    for_each(&DB, |program| {
        let run = run(
            program,
            &["--urls", &lab.file("db.urls"), "--query", "select sleep(0.05)", "--timeout", "3"],
        );
        assert!(run.code == 1 && run.ends_with(8, 4) && run.err.len() == 4, "{program}: {run:?}");
        assert_eq!(run.out.len(), 9, "{program}: {run:?}");
        assert!(run.err.iter().all(|line| line.starts_with("127.0.")), "{program}: {run:?}");
        assert!(passwords.iter().all(|word| !run.err.concat().contains(word)), "{program}: {run:?}");
        let hang = if program.contains("io") { "no answer in 3 s" } else { "timed out" };
        for cause in ["[Errno 111] Connect", hang, "(1105, 'This host is sick')", "Lost connection"] {
            assert!(run.err.iter().any(|line| line.contains(cause)), "{program}: {cause}: {run:?}");
        }
    });
}

#[test]
fn db_a_wrong_password_is_told_and_not_shown() {
    let lab = Lab::start(&["--hosts", "2"]);
    let urls = lab.urls(|mut urls| {
        let (login, host) = urls[1].split_once('@').expect("a password");
        let (user, _) = login.rsplit_once(':').expect("a password");
        urls[1] = format!("{user}:swordfish@{host}");
        urls
    });
    for_each(&DB, |program| {
        let run = run(program, &["--urls", &urls, "--query", "select sleep(0)"]);
        assert!(run.code == 1 && run.ends_with(1, 1) && run.out.len() == 2, "{program}: {run:?}");
        let [line] = run.err.as_slice() else { panic!("{program}: {run:?}") };
        assert!(line.contains("Access denied") && !line.contains("swordfish"), "{program}: {line}");
    });
}

#[test]
fn db_bad_arguments_are_told_in_a_line() {
    let lab = Lab::start(&["--hosts", "1"]);
    let (good, empty, bad) = (lab.file("db.urls"), lab.file("empty"), lab.file("bad"));
    fs::write(&empty, "").unwrap();
    fs::write(&bad, "mysql://u:swordfish@127.0.0.1:3306/bench\npostgres://u:swordfish@127.0.0.1/\n").unwrap();
    for_each(&files(&DB), |program| {
        rejects(
            program,
            &[
                (&[], "--urls FILE"),
                (&["--urls", "/no/such/file"], "No such file"),
                (&["--urls", &empty], "the file is empty"),
                (&["--urls", &bad], "line 2 is no mysql://"),
                (&["--urls", &good, "--timeout", "0"], "must be more than 0"),
                (&["--urls", &good, "--timeout", "nan"], "must be more than 0"),
                (&["--urls", &good, "--timeout", "soon"], "invalid float"),
                (&["--urls", &good, "--concurrency", "0"], "--concurrency"),
            ],
        );
    });
}

#[test]
fn db_a_worker_that_is_killed_takes_the_others_with_it() {
    let lab = Lab::start(&["--hosts", "6"]);
    let urls = lab.file("db.urls");
    let arguments = ["--urls", &urls, "--query", "select sleep(2)", "--concurrency", "2"];
    let program = start("db_multiprocess", &arguments);
    let children = format!("/proc/{0}/task/{0}/children", program.id());
    let deadline = Instant::now() + Duration::from_secs(60);
    let worker = loop {
        let children = fs::read_to_string(&children).unwrap_or_default();
        // The lab has seen both workers' queries: no fork and no submission is under way any more.
        if lab.counts("db").1 == 2
            && let Some(worker) = children.split_whitespace().next()
        {
            break worker.to_owned();
        }
        assert!(Instant::now() < deadline, "no two workers");
        thread::sleep(Duration::from_millis(20));
    };
    assert!(Command::new("kill").args(["-KILL", &worker]).status().unwrap().success());
    let run = finish(program);
    assert!(run.code == 1 && run.ends_with(0, 6) && run.err.len() == 6, "{run:?}");
    assert!(run.err.iter().all(|line| line.contains("terminated abruptly")), "{run:?}");
}

#[test]
fn web_prints_every_page_and_the_totals() {
    let lab = Lab::start(&["--hosts", "1"]);
    let pages: Vec<_> = (0..3).map(|i| format!("{}/page/{i}?size={}", lab.http(), 1000 + i)).collect();
    for_each(&WEB, |program| {
        let run = run(program, &pages.iter().map(String::as_str).collect::<Vec<_>>());
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
fn web_downloads_as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &str, count: usize, args: &[&str]| {
        let lab = Lab::start(&["--hosts", "1"]);
        let pages: Vec<_> = (0..count).map(|i| format!("{}/page/{i}?delay=1", lab.http())).collect();
        let run = run(program, &[pages.iter().map(String::as_str).collect(), args.to_vec()].concat());
        assert!(run.code == 0 && run.ends_with(count, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("web");
        assert_eq!(items, count as u64, "{program}");
        at_once as usize
    };
    for_each(&WEB, |program| {
        let (pages, expected) = items_and_slots(program);
        assert_eq!(at_once(program, pages, &[]), expected, "{program}");
    });
    for_each(&told(&WEB), |program| assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}"));
}

#[test]
fn web_a_sick_page_costs_its_own_line_alone() {
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
    for_each(&WEB, |program| {
        let run = run(program, &[urls.as_slice(), &["--timeout", "2"]].concat());
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
fn web_bad_arguments_are_told_in_a_line() {
    for_each(&files(&WEB), |program| {
        rejects(
            program,
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

#[test]
fn sleep_dog_and_cat_on_the_threads_of_the_model() {
    for_each(&SLEEP, |program| {
        let run = run(program, &["--seconds", "1"]);
        assert!(run.code == 0 && run.ends_with(2, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(run.out.len(), 7, "{program}: {run:?}");
        assert_eq!(run.out[0], "This is executing on MainThread", "{program}");
        assert_eq!(run.count("This is still running in MainThread"), 1, "{program}: {run:?}");
        for (name, pool) in [("dog", "ThreadPoolExecutor-0_0"), ("cat", "ThreadPoolExecutor-0_1")] {
            let thread = if program == "sleep_threaded" { pool } else { "MainThread" };
            for what in ["Fetching", "Done fetching"] {
                let line = format!("{what} database {name} {thread}");
                assert_eq!(run.count(&line), 1, "{program}: {line}: {run:?}");
            }
        }
    });
}

#[test]
fn sleep_as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &str, tasks: usize, args: &[&str]| {
        let run = run(program, &[&["--tasks", &tasks.to_string(), "--seconds", "0.5"], args].concat());
        assert!(run.code == 0 && run.ends_with(tasks, 0), "{program}: {run:?}");
        assert_eq!(run.out.len(), 2 * tasks + 3, "{program}: {run:?}");
        let mut asleep = 0_usize;
        let counts = run.out.iter().map(|line| {
            asleep += usize::from(line.starts_with("Fetching database "));
            asleep -= usize::from(line.starts_with("Done fetching database "));
            asleep
        });
        counts.max().unwrap_or(0)
    };
    for_each(&SLEEP, |program| {
        let (tasks, expected) = items_and_slots(program);
        assert_eq!(at_once(program, tasks, &[]), expected, "{program}");
        assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}");
    });
}

#[test]
fn sleep_loses_no_line_of_many_threads() {
    let run = run("sleep_threaded", &["--tasks", "600", "--seconds", "0.05", "--concurrency", "300"]);
    assert!(run.code == 0 && run.ends_with(600, 0) && run.out.len() == 1203, "{:?}", run.out.len());
    assert!(run.out.iter().all(|line| !line.contains('\0')), "{run:?}");
}

#[test]
fn sleep_bad_arguments_are_told_in_a_line() {
    for_each(&files(&SLEEP), |program| {
        rejects(
            program,
            &[
                (&["--tasks", "0"], "--tasks"),
                (&["--tasks", "10000000"], "--tasks"),
                (&["dog", "--tasks", "3"], "--tasks"),
                (&["--seconds", "soon"], "invalid float"),
                (&["--seconds=-1"], "--seconds"),
                (&["--concurrency", "0"], "--concurrency"),
                (&["--nonsense"], "--nonsense"),
            ],
        );
    });
}

#[test]
fn prices_prints_every_day_in_order_and_the_cheapest() {
    let lab = Lab::start(&["--prices-delay", "0.02"]);
    for_each(&PRICES, |program| {
        let run = run(program, &[&lab.http(), "--days", "12"]);
        assert!(run.code == 0 && run.ends_with(12, 0) && run.err.is_empty(), "{program}: {run:?}");
        let days: Vec<_> = run.out[..12].iter().map(|line| &line[..10]).collect();
        let expected: Vec<_> = (1..=12).map(|day| format!("2026-01-{day:02}")).collect();
        assert_eq!(days, expected, "{program}");
        // By the formula of crates/bench-lab/src/prices.rs.
        assert_eq!(run.out[0], "2026-01-01 cheapest 10.90 mean 21.40", "{program}");
        assert_eq!(run.out[12], "Cheapest day: 2026-01-03 at 9.90", "{program}");
    });
}

#[test]
fn prices_fetches_as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &str, days: usize, args: &[&str]| {
        let lab = Lab::start(&["--prices-delay", "1"]);
        let run = run(program, &[&[lab.http().as_str(), "--days", &days.to_string()], args].concat());
        assert!(run.code == 0 && run.ends_with(days, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("prices");
        assert_eq!(items, days as u64, "{program}");
        at_once as usize
    };
    for_each(&PRICES, |program| {
        let (days, expected) = items_and_slots(program);
        assert_eq!(at_once(program, days, &[]), expected, "{program}");
    });
    for_each(&told(&PRICES), |program| {
        assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}");
    });
}

#[test]
fn prices_writes_its_memory_over_time() {
    let lab = Lab::start(&["--prices-delay", "1"]);
    for_each(&PRICES, |program| {
        let file = lab.file(program);
        let run = run(program, &[&lab.http(), "--days", "2", "--memory", &file]);
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
fn prices_a_sick_day_costs_its_own_line_alone() {
    let kinds = ["refuse", "hang", "error", "close", "length", "not-json", "no-price"];
    let sick: Vec<_> = kinds.iter().flat_map(|kind| ["--sick".into(), format!("{kind}=1")]).collect();
    let sick: Vec<_> = sick.iter().map(String::as_str).collect();
    for_each(&PRICES, |program| {
        let lab = Lab::start(&[&["--prices-delay", "0.02", "--days", "14"], sick.as_slice()].concat());
        let run = run(program, &[&lab.http(), "--days", "14", "--timeout", "3"]);
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
fn prices_bad_arguments_are_told_in_a_line() {
    for_each(&files(&PRICES), |program| {
        rejects(
            program,
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
