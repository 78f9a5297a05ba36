//! Every program of bench.toml, Rust and Python, through its command line, against the lab: the promises that all keep.

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use behaviour_tests::load::Load;
use behaviour_tests::matrix::{ALL, Program, each};
use behaviour_tests::{Lab, at_once, finish, password, python, root, run, run_limited, spawn};
use bench_data::{files, raw::MemorySample};

/// How the lines of a run over five items begin, but for the last.
fn expected_lines(program: &Program, load: &Load) -> Vec<String> {
    match program.workload.as_str() {
        "db" => {
            let row = match program.name.as_str() {
                name if name.starts_with("db_aiomysql") => "(0,)",
                name if name.starts_with("db_asyncio") => "{'sleep(0.05)': 0}",
                _ if program.python => r#"<Record {"sleep(0.05)": 0}>"#,
                _ => r#"Row { sleep(0.05): Bytes("0") }"#,
            };
            vec![row.to_owned(); 5]
        }
        "web" => {
            let begun = (0..5).map(|page| format!("Starting download: {}", load.page(page)));
            let size = |page| format!("{}, size: {} bytes", load.page(page), 1000 + page);
            let done = (0..5).map(|page| format!("Finished download: {}", size(page)));
            let ends = ["Total run time: ", "Total size: 5010 bytes"].map(str::to_owned);
            begun.chain(done).chain(ends).collect()
        }
        "sleep" => {
            let begun = (0..5).map(|task| format!("Fetching database {task} "));
            let done = (0..5).map(|task| format!("Done fetching database {task} "));
            let main = if program.python { "MainThread" } else { "main" };
            let ends = ["executing on", "still running in"].map(|what| format!("This is {what} {main}"));
            begun.chain(done).chain(ends).collect()
        }
        "shapes" => load.lab.hosts().iter().map(|host| format!("{host} Row {{ sleep(0.05): ")).collect(),
        _ => {
            // By the formula of crates/bench/lab/src/prices.rs.
            let prices = ["2026-01-01 cheapest 10.90 mean 21.40", "Cheapest day: 2026-01-03 at 9.90"];
            let other_days = (2..=5).map(|day| format!("2026-01-0{day} cheapest "));
            other_days.chain(prices.map(str::to_owned)).collect()
        }
    }
}

#[test]
fn every_item_has_its_lines_and_is_counted() {
    each(ALL, Program::any, |program| {
        let load = program.load(5, 0.05);
        let run = load.run(&[]);
        run.ended(5, 0, program);
        let lines = expected_lines(program, &load);
        for line in &lines {
            let times = lines.iter().filter(|it| *it == line).count();
            run.was(run.count(line) == times, format!("{program}: {line:?}"));
        }
        run.was(run.out.len() == lines.len() + 1, program);
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
        let words = run.out.iter().filter_map(|line| line.split(' ').next());
        let marks = ["Starting", "Finished", "Fetching", "Done"];
        let items: Vec<&str> = words.filter(|word| marks.contains(word)).collect();
        let in_turn = items.chunks(2).all(|pair| pair == &marks[..2] || pair == &marks[2..]);
        run.was(items.len() == 10 && in_turn, program);
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
        for account in ["--auth=sha2", "--auth=sha2-full", "--default-plugin=caching_sha2_password"] {
            let run = program.sick(3, 0.02, &[], &[account]).run(&["--timeout", "30"]);
            run.ended(3, 0, format!("{program} {account}"));
        }
    });
}

/// A row of `refused.toml`: arguments, and what programs in Rust and those in Python say then.
type Refused = (Vec<String>, String, String);

#[test]
fn bad_arguments_are_refused_in_a_line() {
    let lab = Lab::start(&["--hosts", "1"]);
    let bad = "mysql://u:swordfish@127.0.0.1:3306/bench\npostgres://u:swordfish@127.0.0.1/\n";
    fs::write(lab.file("bad.urls"), bad).unwrap();
    fs::write(lab.file("empty.urls"), "").unwrap();
    let text = include_str!("refused.toml").replace("{lab}", lab.dir.path().to_str().unwrap());
    let refused: HashMap<String, Vec<Refused>> = toml::from_str(&text).unwrap();
    let has_no_flags = |program: &Program| !program.name.contains(' ');
    each(ALL, has_no_flags, |program| {
        let cases = &refused[&program.workload];
        if program.python {
            return refused_by_python(program, cases);
        }
        for (args, rust, _) in cases.iter().chain(refused.get(&program.name).into_iter().flatten()) {
            if program.is_concurrent() || !args.contains(&"--concurrency".to_owned()) {
                run(&program.name, args).refused(2, rust, format!("{program} {args:?}"));
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
    let args: Vec<_> = refused.iter().map(|(args, ..)| args).collect();
    let script = root().join("scripts/python").join(&program.name);
    let mut each = python();
    let run = finish(spawn(each.args(["-c", EACH]).arg(script).arg(serde_json::to_string(&args).unwrap())));
    let results: Vec<(i32, String, String)> = serde_json::from_str(&run.out.concat()).unwrap_or_default();
    run.was(results.len() == refused.len(), program);
    for ((args, _, python), (code, out, told)) in refused.iter().zip(results) {
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
        let limited = |files: &str, limit: usize| {
            let args = [load.args(), vec![program.limit(limit)]].concat();
            run_limited(&format!("--nofile={files}"), &program.name, &args)
        };
        let refused = limited("64:64", 60);
        refused.refused(1, &expected, program);
        refused.was(refused.err.len() == 1, program);
        limited(&format!("32:{need}"), 60).ended(60, 0, program);
        limited("64:64", 10).ended(60, 0, program);
    });
}

#[test]
fn what_stdout_does_not_take_is_an_error() {
    each(ALL, Program::is_rust, |program| {
        let load = program.load(3, 0.0);
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$@\" >/dev/full", "sh"]).arg(behaviour_tests::program(&program.name));
        let run = finish(spawn(shell.args(load.args())));
        let told = run.err == ["stdout: No space left on device (os error 28)"];
        run.was(run.code == 1 && told, program);
    });
}

#[test]
fn the_host_may_have_a_name() {
    each("web prices", Program::is_rust, |program| {
        let load = program.load(3, 0.02);
        let args: Vec<_> = load.args().iter().map(|word| word.replace("127.0.0.1", "localhost")).collect();
        run(&program.name, &args).ended(3, 0, program);
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
        let samples: Vec<MemorySample> = files::rows(&text).unwrap();
        let in_order = samples.is_sorted_by_key(|sample| sample.seconds);
        let plausible = samples.len() > 3 && samples.iter().all(|sample| sample.rss_bytes > 1_000_000);
        let has_head = text.starts_with("seconds,rss_bytes\n");
        assert!(has_head && in_order && plausible, "{program}: {text}");
    });
}
