//! Every program of bench.toml, Rust and Python, through its command line, against the lab: what all of them promise.

use std::fs;

use behaviour_tests::matrix::{self, Program};
use behaviour_tests::{Lab, Run, at_once, finish, python, root, run, run_limited, spawn, with_each};

/// A workload as its tests run it.
struct Workload {
    name: &'static str,
    /// The start of the line of an item that is done.
    done: &'static str,
    /// Lines besides those, some for each item.
    other_lines: fn(items: usize) -> usize,
}

const WORKLOADS: [Workload; 4] = [
    Workload { name: "db", done: "", other_lines: |_| 1 },
    Workload { name: "web", done: "Finished download: ", other_lines: |pages| pages + 3 },
    Workload { name: "sleep", done: "Done fetching database ", other_lines: |tasks| tasks + 3 },
    Workload { name: "prices", done: "2026-", other_lines: |_| 2 },
];

impl Workload {
    /// A lab for so many items that take so many seconds each; the sleepers need none.
    fn lab(&self, items: usize, seconds: f64, args: &[&str]) -> Lab {
        let (items, seconds) = (items.to_string(), seconds.to_string());
        let own: &[&str] = match self.name {
            "db" => &["--hosts", &items],
            "prices" => &["--prices-delay", &seconds, "--days", &items],
            _ => &[],
        };
        Lab::start(&[own, args].concat())
    }

    /// Runs a program on all items of that lab.
    fn run(&self, program: &Program, lab: &Lab, items: usize, seconds: f64, args: &[&str]) -> Run {
        let own = self.arguments(lab, items, seconds);
        run(&program.name, &[&own.iter().map(String::as_str).collect::<Vec<_>>(), args].concat())
    }

    fn arguments(&self, lab: &Lab, items: usize, seconds: f64) -> Vec<String> {
        let (urls, http) = (lab.file("db.urls"), lab.http());
        match self.name {
            "db" => strings(&["--urls", &urls, "--query", &format!("select sleep({seconds})")]),
            "web" => (0..items)
                .map(|page| format!("{http}/page/{page}?delay={seconds}&size={}", 1000 + page))
                .collect(),
            "sleep" => strings(&["--tasks", &items.to_string(), "--seconds", &seconds.to_string()]),
            _ => strings(&[&http, "--days", &items.to_string()]),
        }
    }

    /// How many items were in flight at most, as the lab counts or the lines show.
    fn in_flight(&self, lab: &Lab, run: &Run, items: usize) -> usize {
        if self.name != "sleep" {
            let (counted, in_flight) = lab.counts();
            assert_eq!(counted, items as u64, "{run:?}");
            return in_flight as usize;
        }
        let mut asleep = 0_usize;
        let counts = run.out.iter().map(|line| {
            asleep += usize::from(line.starts_with("Fetching database "));
            asleep -= usize::from(line.starts_with("Done fetching database "));
            asleep
        });
        counts.max().unwrap_or(0)
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// Each program of these workloads for which this holds, all at the same time.
fn with_programs(
    workloads: &[&str],
    chosen: fn(&Program) -> bool,
    test: impl Fn(&Workload, &Program) + Sync,
) {
    let programs =
        matrix::all().into_iter().filter(|it| workloads.contains(&it.workload.as_str()) && chosen(it));
    let programs: Vec<_> = programs.collect();
    assert!(programs.len() > workloads.len());
    with_each(programs, |program| {
        let workload =
            WORKLOADS.iter().find(|workload| workload.name == program.workload).expect("a workload");
        test(workload, program);
    });
}

const ALL: [&str; 4] = ["db", "web", "sleep", "prices"];
const ASK_THE_LAB: [&str; 3] = ["db", "web", "prices"];

#[test]
fn every_item_has_its_line_and_is_counted() {
    with_programs(
        &ALL,
        |_| true,
        |workload, program| {
            let lab = workload.lab(5, 0.05, &[]);
            let run = workload.run(program, &lab, 5, 0.05, &[]);
            assert!(run.code == 0 && run.ends_with(5, 0) && run.err.is_empty(), "{program}: {run:?}");
            assert!(run.out.len() == 5 + (workload.other_lines)(5), "{program}: {run:?}");
            let lines: Vec<&String> = run.out.iter().filter(|line| line.starts_with(workload.done)).collect();
            match workload.name {
                "db" => {
                    let row = match program.name.as_str() {
                        name if name.starts_with("db_aiomysql") => "(0,)",
                        name if name.starts_with("db_asyncio") => "{'sleep(0.05)': 0}",
                        _ if program.python => r#"<Record {"sleep(0.05)": 0}>"#,
                        _ => r#"Row { sleep(0.05): Bytes("0") }"#,
                    };
                    assert!(run.count(row) == 5, "{program}: {run:?}");
                }
                "web" => {
                    for page in 0..3 {
                        let url = format!("{}/page/{page}?delay=0.05&size={}", lab.http(), 1000 + page);
                        let line = |text: String| run.out.iter().position(|line| *line == text);
                        let start = line(format!("Starting download: {url}"));
                        let end = line(format!("Finished download: {url}, size: {} bytes", 1000 + page));
                        assert!(start.is_some() && start < end, "{program}: {run:?}");
                    }
                    assert!(
                        run.out[10].starts_with("Total run time: ") && run.out[10].ends_with(" s"),
                        "{program}: {run:?}"
                    );
                    assert_eq!(run.out[11], "Total size: 5010 bytes", "{program}");
                }
                "sleep" => {
                    let main = if program.python { "MainThread" } else { "main" };
                    assert_eq!(run.out[0], format!("This is executing on {main}"), "{program}");
                    assert_eq!(
                        run.count(&format!("This is still running in {main}")),
                        1,
                        "{program}: {run:?}"
                    );
                    for task in 0..5 {
                        assert_eq!(run.count(&format!("Fetching database {task} ")), 1, "{program}: {run:?}");
                        assert_eq!(
                            run.count(&format!("Done fetching database {task} ")),
                            1,
                            "{program}: {run:?}"
                        );
                    }
                }
                _ => {
                    let mut days: Vec<&str> = lines.iter().map(|line| &line[..10]).collect();
                    days.sort_unstable(); // each line is written when its day is done
                    assert_eq!(
                        days,
                        ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"],
                        "{program}"
                    );
                    // By the formula of crates/bench/lab/src/prices.rs.
                    assert_eq!(run.count("2026-01-01 cheapest 10.90 mean 21.40"), 1, "{program}: {run:?}");
                    assert_eq!(run.out[5], "Cheapest day: 2026-01-03 at 9.90", "{program}");
                }
            }
        },
    );
}

/// Asserts how many of so many items are in flight, with these arguments.
fn assert_in_flight(workload: &Workload, program: &Program, items: usize, args: &[&str], expected: usize) {
    let seen = at_once(expected, |seconds| {
        let lab = workload.lab(items, seconds, &[]);
        let run = workload.run(program, &lab, items, seconds, args);
        assert!(run.code == 0 && run.ends_with(items, 0), "{program} {args:?}: {run:?}");
        workload.in_flight(&lab, &run, items)
    });
    assert_eq!(seen, expected, "{program} {args:?}");
}

#[test]
fn waits_for_as_many_at_once_as_its_model_allows_or_as_told() {
    with_programs(
        &ALL,
        |_| true,
        |workload, program| {
            let items = if program.python { 40.min(program.at_once(40) + 2) } else { 40 };
            let items = if program.model == "sequential" { 3 } else { items };
            assert_in_flight(workload, program, items, &[], program.at_once(items));
            if program.is_concurrent() {
                assert_in_flight(workload, program, 15, &["--concurrency", "7"], 7);
                assert_in_flight(workload, program, 3, &["--concurrency", "99"], 3);
            }
        },
    );
}

#[test]
fn the_limit_holds_at_every_size() {
    with_programs(&["db", "sleep", "prices"], Program::is_light, |workload, program| {
        for (limit, items) in [(1, 3), (10, 25), (100, 150), (150, 150)] {
            assert_in_flight(workload, program, items, &["--concurrency", &limit.to_string()], limit);
        }
    });
}

#[test]
fn a_thousand_at_once() {
    with_programs(&["db", "prices"], Program::is_light, |workload, program| {
        let lab = workload.lab(1000, 0.1, &[]);
        let run = workload.run(program, &lab, 1000, 0.1, &["--concurrency", "1000", "--timeout", "60"]);
        assert!(run.code == 0 && run.ends_with(1000, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(lab.counts().0, 1000, "{program}");
    });
}

#[test]
fn a_sick_item_costs_its_own_line() {
    let db = ["refuse", "hang", "error", "close"].as_slice();
    let prices =
        ["refuse", "hang", "error", "close", "length", "not-json", "no-price", "redirect"].as_slice();
    with_programs(
        &["db", "prices"],
        |_| true,
        |workload, program| {
            let kinds = if workload.name == "db" { db } else { prices };
            let sick: Vec<String> =
                kinds.iter().flat_map(|kind| ["--sick".into(), format!("{kind}=1")]).collect();
            let lab =
                workload.lab(3 * kinds.len(), 0.02, &sick.iter().map(String::as_str).collect::<Vec<_>>());
            let run = workload.run(program, &lab, 3 * kinds.len(), 0.02, &["--timeout", "2"]);
            assert!(run.code == 1 && run.ends_with(2 * kinds.len(), kinds.len()), "{program}: {run:?}");
            assert!(run.err.len() == kinds.len() && !run.err.concat().contains('@'), "{program}: {run:?}");
            let name = if workload.name == "db" { "127.0." } else { "2026-01-" };
            assert!(run.err.iter().all(|line| line.starts_with(name)), "{program}: {run:?}");
            let late = if program.python { "no answer in 2 s" } else { "no answer in 2s" };
            let blocking = program.python && workload.name == "db" && !program.name.contains("io");
            let late = if blocking { "timed out" } else { late };
            let causes: &[&str] = match (workload.name, program.python) {
                ("db", true) => &["[Errno 111] Connect", late, "(1105, 'This host is sick')"],
                ("db", false) => {
                    &["Connection refused (os error 111)", late, "ERROR 1105 (HY000): This host is sick"]
                }
                (_, true) => {
                    &["500 Internal Server Error", "KeyError: 'price'", late, "JSONDecodeError", "302 Found"]
                }
                (_, false) => &["500 Internal Server Error", "missing field `price`", late, "302 Found"],
            };
            for cause in causes {
                let lines = run.err.iter().filter(|line| line.contains(cause)).count();
                assert_eq!(lines, 1, "{program}: {cause}: {run:?}");
            }
        },
    );
}

#[test]
fn a_sick_page_costs_its_own_line() {
    let lab = Lab::start(&[]);
    let fault = |kind: &str| format!("{}/page/sick?fault={kind}", lab.http());
    let causes = [
        (fault("404"), "404 Not Found"),
        (fault("500"), "500 Internal Server Error"),
        (fault("redirect"), "302 Found"),
        (fault("hang"), "no answer in 2"),
        (fault("close"), ""), // each library has its own words for a body that ends too early
        (fault("length"), ""),
        ("http://127.0.0.1:1/".into(), "onnect"),
    ];
    let good = format!("{}/page/good?size=5000", lab.http());
    let urls: Vec<&str> = causes.iter().map(|(url, _)| url.as_str()).chain([good.as_str()]).collect();
    with_programs(
        &["web"],
        |_| true,
        |_, program| {
            let run = run(&program.name, &[&urls, ["--timeout", "2"].as_slice()].concat());
            assert!(run.code == 1 && run.ends_with(1, 7) && run.err.len() == 7, "{program}: {run:?}");
            assert_eq!(run.count("Starting download: "), 8, "{program}: {run:?}");
            assert_eq!(
                run.count(&format!("Finished download: {good}, size: 5000 bytes")),
                1,
                "{program}: {run:?}"
            );
            assert_eq!(run.count("Total size: 5000 bytes"), 1, "{program}: {run:?}");
            for (url, cause) in &causes {
                let line = run.err.iter().find(|line| line.starts_with(&format!("{url}: ")));
                assert!(line.is_some_and(|line| line.contains(cause)), "{program}: {url}: {run:?}");
            }
        },
    );
}

#[test]
fn a_wrong_password_is_reported_and_not_shown() {
    let lab = Lab::start(&["--hosts", "3"]);
    let urls = lab.urls(|mut urls| {
        let (login, host) = urls[1].split_once('@').expect("a password");
        let (user, _) = login.rsplit_once(':').expect("a password");
        urls[1] = format!("{user}:swordfish@{host}");
        urls
    });
    with_programs(
        &["db"],
        |_| true,
        |_, program| {
            let run = run(&program.name, &["--urls", &urls, "--query", "select sleep(0)"]);
            assert!(run.code == 1 && run.ends_with(2, 1) && run.out.len() == 3, "{program}: {run:?}");
            let [line] = run.err.as_slice() else { panic!("{program}: {run:?}") };
            assert!(line.contains("Access denied") && !line.contains("swordfish"), "{program}: {line}");
        },
    );
}

#[test]
fn a_statement_that_the_server_does_not_know_fails_at_each_host() {
    let lab = Lab::start(&["--hosts", "3"]);
    with_programs(
        &["db"],
        |_| true,
        |_, program| {
            let run = run(&program.name, &["--urls", &lab.file("db.urls"), "--query", "select nonsense"]);
            assert!(run.code == 1 && run.ends_with(0, 3), "{program}: {run:?}");
            assert!(
                run.err.len() == 3 && run.err.iter().all(|line| line.contains("1064")),
                "{program}: {run:?}"
            );
        },
    );
}

/// Arguments that are refused, with what the message of the Rust and that of the Python program contains.
type Refused<'a> = (&'a [&'a str], &'a str, &'a str);

#[test]
fn bad_arguments_are_refused_in_a_line() {
    let lab = Lab::start(&["--hosts", "1"]);
    let (good, empty, bad) = (lab.file("db.urls"), lab.file("empty"), lab.file("bad"));
    fs::write(&empty, "").unwrap();
    fs::write(&bad, "mysql://u:swordfish@127.0.0.1:3306/bench\npostgres://u:swordfish@127.0.0.1/\n").unwrap();
    let db: &[Refused] = &[
        (&[], "--urls <FILE>", "--urls FILE"),
        (&["--urls", "/no/such/file"], "No such file", "No such file"),
        (&["--urls", &empty], "the file is empty", "the file is empty"),
        (&["--urls", &bad], "line 2", "line 2 is no mysql://"),
        (&["--urls", &good, "--timeout", "0"], "must be more than 0", "must be more than 0"),
        (&["--urls", &good, "--timeout", "nan"], "--timeout", "must be more than 0"),
        (&["--urls", &good, "--timeout", "soon"], "invalid float", "invalid seconds"),
        (&["--urls", &good, "--concurrency", "0"], "--concurrency", "--concurrency"),
        (&["--urls", &good, "--nonsense"], "--nonsense", "--nonsense"),
    ];
    let page = "http://127.0.0.1:1/";
    let web: &[Refused] = &[
        (&[], "<URL>", "URL"),
        (&["nonsense"], "relative URL without a base", "is no http:// URL"),
        (&["http://"], "empty host", "is no http:// URL"),
        (&["http://127.0.0.1:99999/"], "invalid port number", "URL"),
        (&[page, "https://127.0.0.1/"], "no TLS is built in", "is no http:// URL"),
        (&["ftp://127.0.0.1/"], "not an http:// URL", "is no http:// URL"),
        (&[page, "--timeout", "1e19"], "a day at most", "a day at most"),
        (&[page, "--concurrency", "0"], "--concurrency", "--concurrency"),
    ];
    let sleep: &[Refused] = &[
        (&["--tasks", "0"], "--tasks", "--tasks"),
        (&["--tasks", "10000000"], "not in 1..=1000000", "must be 1 to 1000000"),
        (&["--tasks", "many"], "--tasks", "--tasks"),
        (&["dog", "--tasks", "3"], "cannot be used with", "--tasks"),
        (&["--seconds", "soon"], "invalid float", "invalid"),
        (&["--seconds=-1"], "negative", "--seconds"),
        (&["--seconds", "1e19"], "a day at most", "a day at most"),
        (&["--concurrency", "0"], "--concurrency", "--concurrency"),
    ];
    let prices: &[Refused] = &[
        (&[], "<BASE_URL>", "BASE_URL"),
        (&["nonsense"], "<BASE_URL>", "is no http:// URL"),
        (&["http://127.0.0.1:99999"], "invalid port number", "BASE_URL"),
        (&["https://127.0.0.1:1"], "not an http:// URL", "is no http:// URL"),
        (&[page, "--days", "0"], "--days", "--days"),
        (&[page, "--days", "65535"], "not in 1..=10000", "must be 1 to 10000"),
        (&[page, "--timeout", "0"], "must be more than 0", "must be more than 0"),
        (&[page, "--concurrency", "0"], "--concurrency", "--concurrency"),
        (&[page, "--memory", "/no/such/folder/m.csv"], "No such file", "No such file"),
    ];
    let cases = [("db", db), ("web", web), ("sleep", sleep), ("prices", prices)];
    with_programs(
        &ALL,
        |program| !program.name.contains(' '),
        |workload, program| {
            let (_, refused) = cases.iter().find(|(name, _)| *name == workload.name).expect("a workload");
            if program.python {
                return refused_by_python(program, refused);
            }
            let too_many = ["--concurrency", "10000000"];
            let of_a_pool: &[Refused] = match (program.model.as_str(), workload.name) {
                ("threaded", "sleep") => &[(&too_many, "vm.max_map_count", "")],
                _ => &[],
            };
            for (args, message, _) in refused.iter().chain(of_a_pool) {
                if !program.is_concurrent() && args.contains(&"--concurrency") {
                    continue; // it has none
                }
                let run = run(&program.name, args);
                assert!(run.code == 2 && run.out.is_empty(), "{program} {args:?}: {run:?}");
                let told = run.err.concat();
                assert!(told.contains(message) && !told.contains("swordfish"), "{program} {args:?}: {run:?}");
            }
        },
    );
}

/// Runs a script once for each list of arguments, in one interpreter, which imports once.
const EACH: &str = "
import contextlib, io, json, os, runpy, sys
script, results = sys.argv[1], []
sys.path.insert(0, os.path.dirname(script))
for arguments in json.loads(sys.argv[2]):
    sys.argv = [script, *arguments]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(script, run_name='__main__')
        except SystemExit as stop:
            code = stop.code
    results.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(results))
";

fn refused_by_python(program: &Program, refused: &[Refused]) {
    // Those that take no --concurrency refuse it as they refuse --nonsense.
    let arguments: Vec<_> = refused.iter().map(|(arguments, ..)| arguments).collect();
    let script = root().join("scripts/python").join(&program.name);
    let run = finish(spawn(
        python().arg("-c").arg(EACH).arg(script).arg(serde_json::to_string(&arguments).unwrap()),
    ));
    let results: Vec<(i32, String, String)> =
        serde_json::from_str(&run.out.concat()).unwrap_or_else(|error| panic!("{program}: {error}: {run:?}"));
    assert_eq!(results.len(), refused.len());
    for ((args, _, message), (code, out, err)) in refused.iter().zip(results) {
        assert!(code == 2 && out.is_empty(), "{program} {args:?}: {code} {out}");
        let last = err.lines().last().expect("a message");
        assert!(last.contains(message) && !err.contains("swordfish"), "{program} {args:?}: {err}");
    }
}

#[test]
fn few_file_descriptors_are_raised_or_reported() {
    with_programs(
        &ASK_THE_LAB,
        |it| it.is_concurrent() && !it.python,
        |workload, program| {
            let lab = workload.lab(60, 0.05, &[]);
            let arguments = workload.arguments(&lab, 60, 0.05);
            let run = |limits: &str, limit: &str| {
                let own: Vec<&str> = arguments.iter().map(String::as_str).collect();
                run_limited(limits, &program.name, &[&own, ["--concurrency", limit].as_slice()].concat())
            };
            let (what, need) = program.file_descriptors(60);
            let refused = run("--nofile=64:64", "60");
            assert!(refused.code == 1 && refused.out.is_empty(), "{program}: {refused:?}");
            let [line] = refused.err.as_slice() else { panic!("{program}: {refused:?}") };
            let expected = format!(
                "60 {what} need {need} file descriptors, the hard limit is 64: raise it (`ulimit -Hn {need}`"
            );
            assert!(line.contains(&expected), "{program}: {line}");
            for (limits, limit) in [(format!("--nofile=32:{need}"), "60"), ("--nofile=64:64".into(), "10")] {
                let run = run(&limits, limit);
                assert!(run.code == 0 && run.ends_with(60, 0), "{program} {limits}: {run:?}");
            }
        },
    );
}

#[test]
fn what_stdout_does_not_take_is_an_error() {
    with_programs(
        &ALL,
        |it| !it.python,
        |workload, program| {
            let lab = workload.lab(3, 0.0, &[]);
            let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
            let mut command = std::process::Command::new(behaviour_tests::program(&program.name));
            let output =
                command.args(workload.arguments(&lab, 3, 0.0)).stdout(full).output().expect("its output");
            let told = String::from_utf8_lossy(&output.stderr);
            let expected = (Some(1), "stdout: No space left on device (os error 28)");
            assert_eq!((output.status.code(), told.trim()), expected, "{program}");
        },
    );
}

#[test]
fn the_host_may_have_a_name() {
    with_programs(
        &["web", "prices"],
        |it| !it.python,
        |workload, program| {
            let lab = workload.lab(3, 0.02, &[]);
            let arguments = workload.arguments(&lab, 3, 0.02);
            let arguments: Vec<_> =
                arguments.iter().map(|word| word.replace("127.0.0.1", "localhost")).collect();
            let run = run(&program.name, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(run.code == 0 && run.ends_with(3, 0), "{program}: {run:?}");
        },
    );
}

#[test]
fn waits_for_as_many_round_trips_as_the_protocol_has() {
    with_programs(
        &["db", "prices"],
        |it| !it.python,
        |workload, program| {
            let lab = workload.lab(6, 0.02, &["--rtt", "0.05"]);
            let run = workload.run(program, &lab, 6, 0.02, &[]);
            assert!(run.code == 0 && run.ends_with(6, 0), "{program}: {run:?}");
            // MySQL: connect, greeting, login, query; HTTP: connect and answer. A connection an item.
            let expected = if workload.name == "db" { 4 } else { 2 };
            assert_eq!(lab.stats()["round_trips"], expected * 6, "{program}");
        },
    );
}

#[test]
fn one_at_a_time_ends_an_item_before_the_next_begins() {
    with_programs(
        &["web", "sleep"],
        |it| !it.python,
        |workload, program| {
            let lab = workload.lab(5, 0.0, &[]);
            let limit: &[&str] = if program.is_concurrent() { &["--concurrency", "1"] } else { &[] };
            let run = workload.run(program, &lab, 5, 0.0, limit);
            let begun = |line: &str| {
                line.starts_with("Starting download: ") || line.starts_with("Fetching database ")
            };
            let ended = |line: &str| line.starts_with(workload.done);
            let items: Vec<&String> = run.out.iter().filter(|line| begun(line) || ended(line)).collect();
            assert_eq!(items.len(), 10, "{program}: {run:?}");
            assert!(items.chunks(2).all(|pair| begun(pair[0]) && ended(pair[1])), "{program}: {run:?}");
        },
    );
}

#[test]
fn memory_over_time_is_written_where_it_is_asked_for() {
    with_programs(
        &["prices"],
        |_| true,
        |workload, program| {
            let lab = workload.lab(2, 0.5, &[]);
            let file = lab.file("memory.csv");
            let run = workload.run(program, &lab, 2, 0.5, &["--memory", &file]);
            assert!(run.code == 0 && run.err.is_empty(), "{program}: {run:?}");
            let text = fs::read_to_string(file).unwrap();
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some("seconds,rss_bytes"), "{program}");
            let samples: Vec<(f64, u64)> = lines
                .map(|line| line.split_once(',').expect("two columns"))
                .map(|(seconds, rss)| (seconds.parse().expect("seconds"), rss.parse().expect("bytes")))
                .collect();
            assert!(
                samples.len() > 3 && samples.is_sorted_by_key(|(seconds, _)| *seconds),
                "{program}: {text}"
            );
            assert!(samples.iter().all(|(_, rss)| *rss > 1_000_000), "{program}: {text}");
        },
    );
}
