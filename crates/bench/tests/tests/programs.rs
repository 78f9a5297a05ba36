//! Every program of bench.toml, Rust and Python, through its command line, against the lab: the promises that all keep.

use std::collections::HashMap;
use std::fs;
use std::process::Stdio;

use behaviour_tests::load::Load;
use behaviour_tests::matrix::{ALL, ASK_THE_LAB, Program, each};
use behaviour_tests::{Lab, at_once, command, finish, password, python, root, run, spawn, words};
use serde::Deserialize;

/// The lines of a run over five items: the beginning of each and how often it occurs, and the number of all lines.
fn expected_lines(program: &Program, load: &Load) -> (Vec<(String, usize)>, usize) {
    let five = |line: fn(&Load, usize) -> String| (0..5).map(move |item| (line(load, item), 1));
    let once = |line: &str| (line.to_owned(), 1);
    let main = if program.python { "MainThread" } else { "main" };
    match program.workload.as_str() {
        "db" => {
            let row = match program.name.as_str() {
                name if name.starts_with("db_aiomysql") => "(0,)",
                name if name.starts_with("db_asyncio") => "{'sleep(0.05)': 0}",
                _ if program.python => r#"<Record {"sleep(0.05)": 0}>"#,
                _ => r#"Row { sleep(0.05): Bytes("0") }"#,
            };
            (vec![(row.to_owned(), 5)], 6)
        }
        "web" => {
            let begun = five(|load, page| format!("Starting download: {}", load.page(page)));
            let size = |load: &Load, page| {
                format!("Finished download: {}, size: {} bytes", load.page(page), 1000 + page)
            };
            let ends = [once("Total run time: "), once("Total size: 5010 bytes")];
            (begun.chain(five(size)).chain(ends).collect(), 13)
        }
        "sleep" => {
            let begun = five(|_, task| format!("Fetching database {task} "));
            let done = five(|_, task| format!("Done fetching database {task} "));
            let ends = ["This is executing on ", "This is still running in "];
            (begun.chain(done).chain(ends.map(|line| once(&format!("{line}{main}")))).collect(), 13)
        }
        "shapes" => {
            let hosts = load.lab.hosts();
            (hosts.iter().map(|host| once(&format!("{host} Row {{ sleep(0.05): "))).collect(), 6)
        }
        _ => {
            let days = five(|_, day| format!("2026-01-0{} cheapest ", day + 1));
            // By the formula of crates/bench/lab/src/prices.rs.
            let prices = ["2026-01-01 cheapest 10.90 mean 21.40", "Cheapest day: 2026-01-03 at 9.90"];
            (days.chain(prices.map(once)).collect(), 7)
        }
    }
}

#[test]
fn every_item_has_its_lines_and_is_counted() {
    each(ALL, Program::any, |program| {
        let load = program.load(5, 0.05);
        let run = load.run(&[]);
        run.ended(5, 0, program);
        let (lines, total) = expected_lines(program, &load);
        for (line, times) in lines {
            run.was(run.count(&line) == times, format!("{program}: {line:?}"));
        }
        run.was(run.out.len() == total, program);
    });
}

#[test]
fn waits_for_as_many_at_once_as_its_model_allows_or_as_told() {
    each(ALL, Program::any, |program| {
        let items = if program.python { 40.min(program.at_once(40, None) + 2) } else { 40 };
        let mut cases = vec![(if program.model == "sequential" { 3 } else { items }, None)];
        if program.is_concurrent() {
            cases.extend([(15, Some(7)), (3, Some(99)), (3, Some(1))]);
        }
        if program.is_light() && !["web", "shapes"].contains(&program.workload.as_str()) {
            cases.extend([(25, Some(10)), (150, Some(100)), (150, Some(150))]);
        }
        for (items, limit) in cases {
            let option = limit.map(|limit| program.limit(limit));
            let (args, expected): (Vec<&str>, _) =
                (option.as_deref().into_iter().collect(), program.at_once(items, limit));
            let seen = at_once(expected, |seconds| program.load(items, seconds).in_flight(&args));
            assert_eq!(seen, expected, "{program} {args:?}");
        }
    });
}

#[test]
fn a_thousand_at_once() {
    each("db prices", Program::is_light, |program| {
        program.load(1000, 0.1).in_flight(&["--concurrency", "1000", "--timeout", "60"]);
    });
}

#[test]
fn one_at_a_time_ends_an_item_before_the_next_begins() {
    each("web sleep", Program::is_rust, |program| {
        let limit: &[&str] = if program.is_concurrent() { &["--concurrency", "1"] } else { &[] };
        let run = program.load(5, 0.0).run(limit);
        let starts = |line: &&String, words: [&str; 2]| words.iter().any(|word| line.starts_with(word));
        let begun = |line: &&String| starts(line, ["Starting download: ", "Fetching database "]);
        let ended = |line: &&String| starts(line, ["Finished download: ", "Done fetching database "]);
        let items: Vec<&String> = run.out.iter().filter(|line| begun(line) || ended(line)).collect();
        let in_turn = items.chunks(2).all(|pair| begun(&pair[0]) && ended(&pair[1]));
        run.was(items.len() == 10 && in_turn, program);
    });
}

/// A row of `sick.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sick {
    fault: String,
    #[serde(default)]
    rust: String,
    #[serde(default)]
    python: String,
}

#[test]
fn a_sick_item_costs_its_own_line() {
    let tables: HashMap<String, Vec<Sick>> = toml::from_str(include_str!("sick.toml")).unwrap();
    each(ASK_THE_LAB, Program::any, |program| {
        let (sick, name) = match program.workload.as_str() {
            "db" | "shapes" => (&tables["db"], "127.0."),
            "web" => (&tables["web"], "http://127.0.0.1:"),
            _ => (&tables["prices"], "2026-01-"),
        };
        let faults: Vec<String> = sick.iter().map(|row| row.fault.clone()).collect();
        let load = program.sick(3 * sick.len(), 0.02, &faults, &[]);
        // Long enough for Python's healthy items on a busy machine.
        let run = load.run(&["--timeout", "5"]);
        run.ended(2 * sick.len(), sick.len(), program);
        run.was(run.err.iter().all(|line| line.starts_with(name) && !line.contains('@')), program);
        let timed_out = program.python && program.workload == "db" && !program.name.contains("io");
        for Sick { rust, python, .. } in sick.iter().filter(|row| !row.rust.is_empty()) {
            let cause = if program.python { python.as_str() } else { rust };
            let cause = if timed_out && cause.starts_with("no answer") { "timed out" } else { cause };
            run.was(run.failures(cause) == 1, format!("{program}: {cause}"));
        }
        let hang = ["hang"; 3].map(str::to_owned);
        program.sick(3, 0.02, &hang, &[]).run(&["--timeout", "1"]).ended(0, 3, program);
    });
}

#[test]
fn what_a_host_refuses_is_reported_without_the_password() {
    let lab = Lab::start(&["--hosts", "3"]);
    let wrong = |url: &str| {
        let second = url.contains("127.0.1.2:").then(|| url.replace(password(url), "swordfish"));
        second.unwrap_or(url.to_owned())
    };
    let wrong = lab.urls("wrong.urls", wrong);
    each("db", Program::any, |program| {
        for (urls, query, failed, cause) in [
            (&wrong, "select sleep(0)", 1, "Access denied"),
            (&lab.file("db.urls"), "select nonsense", 3, "1064"),
        ] {
            let run = run(&program.name, &["--urls", urls, "--query", query]);
            run.ended(3 - failed, failed, program);
            run.was(run.failures(cause) == failed && run.failures("swordfish") == 0, program);
        }
    });
}

#[test]
fn every_account_lets_every_client_in() {
    each("db", Program::is_client, |program| {
        for account in
            [["--auth", "sha2"], ["--auth", "sha2-full"], ["--default-plugin", "caching_sha2_password"]]
        {
            let run = program.sick(3, 0.02, &[], &account).run(&["--timeout", "30"]);
            run.ended(3, 0, format!("{program} {account:?}"));
        }
    });
}

/// Arguments that are refused, and a part of the line that a program says then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    args: Vec<String>,
    rust: String,
    #[serde(default)]
    python: String,
}

#[test]
fn bad_arguments_are_refused_in_a_line() {
    let lab = Lab::start(&["--hosts", "1"]);
    let (empty, bad) = (lab.file("empty"), lab.file("bad"));
    fs::write(&empty, "").unwrap();
    fs::write(&bad, "mysql://u:swordfish@127.0.0.1:3306/bench\npostgres://u:swordfish@127.0.0.1/\n").unwrap();
    let names = [("{good}", &lab.file("db.urls")), ("{empty}", &empty), ("{bad}", &bad)];
    let text = names
        .iter()
        .fold(include_str!("refused.toml").to_owned(), |text, (name, file)| text.replace(name, file));
    let refused: HashMap<String, Vec<Refused>> = toml::from_str(&text).unwrap();
    each(ALL, Program::has_no_flags, |program| {
        let cases = &refused[&program.workload];
        if program.python {
            return refused_by_python(program, cases);
        }
        for Refused { args, rust, .. } in cases.iter().chain(refused.get(&program.name).into_iter().flatten())
        {
            if program.is_concurrent() || !args.contains(&"--concurrency".to_owned()) {
                run(&program.name, &words(args)).refused(2, rust, format!("{program} {args:?}"));
            }
        }
    });
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
    let args: Vec<_> = refused.iter().map(|case| &case.args).collect();
    let script = root().join("scripts/python").join(&program.name);
    let mut each = python();
    let run = finish(spawn(each.args(["-c", EACH]).arg(script).arg(serde_json::to_string(&args).unwrap())));
    let results: Vec<(i32, String, String)> = serde_json::from_str(&run.out.concat()).unwrap_or_default();
    run.was(results.len() == refused.len(), program);
    for (Refused { args, python, .. }, (code, out, told)) in refused.iter().zip(results) {
        let said = told.lines().last().is_some_and(|line| line.contains(python));
        let quiet = code == 2 && out.is_empty() && !told.contains("swordfish");
        assert!(said && quiet, "{program} {args:?}: {code} {out} {told}");
    }
}

#[test]
fn few_file_descriptors_are_raised_or_reported() {
    each("db web prices", Program::is_rust_concurrent, |program| {
        let load = program.load(60, 0.05);
        // A worker has two pipes.
        let workers = program.model == "multiprocess";
        let (what, need) = if workers { ("worker processes", 140) } else { ("connections", 80) };
        let expected = format!(
            "60 {what} need {need} file descriptors, the hard limit is 64: raise it (`ulimit -Hn {need}`"
        );
        let refused = load.run_limited("--nofile=64:64", &["--concurrency", "60"]);
        refused.refused(1, &expected, program);
        refused.was(refused.err.len() == 1, program);
        for (limits, limit) in [(format!("--nofile=32:{need}"), "60"), ("--nofile=64:64".into(), "10")] {
            load.run_limited(&limits, &["--concurrency", limit]).ended(60, 0, program);
        }
    });
}

#[test]
fn what_stdout_does_not_take_is_an_error() {
    each(ALL, Program::is_rust, |program| {
        let load = program.load(3, 0.0);
        let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut program = command(&program.name);
        let program = program.args(words(&load.args())).stdout(full).stderr(Stdio::piped());
        let output = program.output().expect("its output");
        let told = String::from_utf8_lossy(&output.stderr);
        let expected = (Some(1), "stdout: No space left on device (os error 28)");
        assert_eq!((output.status.code(), told.trim()), expected, "{program:?}");
    });
}

#[test]
fn the_host_may_have_a_name() {
    each("web prices", Program::is_rust, |program| {
        let load = program.load(3, 0.02);
        let args: Vec<_> = load.args().iter().map(|word| word.replace("127.0.0.1", "localhost")).collect();
        run(&program.name, &words(&args)).ended(3, 0, program);
    });
}

#[test]
fn waits_for_as_many_round_trips_as_the_protocol_has() {
    each("db prices", Program::is_rust, |program| {
        let load = program.sick(6, 0.02, &[], &["--rtt", "0.05"]);
        load.run(&[]).ended(6, 0, program);
        // MySQL: connect, greeting, login, query, and the settings of sqlx; HTTP: connect and answer. A connection an item.
        let expected = match program.name.as_str() {
            "db-tokio-sqlx" => 5,
            _ if program.workload == "db" => 4,
            _ => 2,
        };
        assert_eq!(load.lab.stats()["round_trips"], expected * 6, "{program}");
    });
}

#[test]
fn memory_over_time_is_written_where_it_is_asked_for() {
    each("prices", Program::any, |program| {
        let load = program.load(2, 0.5);
        let file = load.lab.file("memory.csv");
        load.run(&["--memory", &file]).ended(2, 0, program);
        let text = fs::read_to_string(file).unwrap();
        let (head, samples) = text.split_once('\n').expect("a head");
        let sample = |line: &str| {
            let (seconds, rss) = line.split_once(',').expect("two columns");
            (seconds.parse::<f64>().expect("seconds"), rss.parse::<u64>().expect("bytes"))
        };
        let samples: Vec<_> = samples.lines().map(sample).collect();
        let in_order = samples.is_sorted_by_key(|(seconds, _)| *seconds);
        let plausible = samples.len() > 3 && samples.iter().all(|(_, rss)| *rss > 1_000_000);
        assert!(head == "seconds,rss_bytes" && in_order && plausible, "{program}: {text}");
    });
}
