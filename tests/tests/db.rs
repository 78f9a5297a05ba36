//! The db programs, through their command lines, against the lab.

use std::fs;
use std::process::Command;
use std::thread::{self, available_parallelism};
use std::time::Duration;

use behaviour_tests::{Lab, for_each, run};

const PROGRAMS: [&str; 5] = ["db-sequential", "db-multiprocess", "db-threaded", "db-tokio", "db-glommio"];
const CONCURRENT: &[&str] = PROGRAMS.split_at(1).1;
const QUICK: [&str; 2] = ["--query", "select sleep(0.05)"];

/// Runs a program on every host of a URL file, with a short query.
fn ask(program: &str, urls: &str, args: &[&str]) -> behaviour_tests::Run {
    run(program, &[&["--urls", urls], QUICK.as_slice(), args].concat())
}

/// How many the lab saw at once, of so many hosts and with these arguments.
fn at_once(program: &str, hosts: &str, args: &[&str]) -> u64 {
    let lab = Lab::start(&["--hosts", hosts]);
    let urls = lab.file("db.urls");
    let run = run(program, &[&["--urls", &urls, "--query", "select sleep(0.4)"], args].concat());
    assert_eq!(run.code, 0, "{program}: {run:?}");
    let (items, at_once) = lab.counts("db");
    assert_eq!(items.to_string(), hosts, "{program}");
    at_once
}

#[test]
fn prints_every_row_and_the_count() {
    let lab = Lab::start(&["--hosts", "20"]);
    for_each(&PROGRAMS, |program| {
        let run = ask(program, &lab.file("db.urls"), &[]);
        assert_eq!(run.code, 0, "{program}: {run:?}");
        assert_eq!(run.count(r#"Row { sleep(0.05): Bytes("0") }"#), 20, "{program}: {run:?}");
        assert!(run.ends_with(20, 0) && run.out.len() == 21 && run.err.is_empty(), "{program}: {run:?}");
    });
}

#[test]
fn asks_as_many_at_once_as_its_model_allows() {
    let cpus = available_parallelism().unwrap().get() as u64;
    for_each(&PROGRAMS, |program| {
        let (hosts, expected) = match program {
            "db-sequential" => ("3", 1),
            "db-multiprocess" => ("40", cpus),
            "db-threaded" => ("40", 32.min(cpus + 4)),
            _ => ("40", 40),
        };
        assert_eq!(at_once(program, hosts, &[]), expected.min(40), "{program}");
    });
}

#[test]
fn asks_as_many_at_once_as_told() {
    for_each(CONCURRENT, |program| {
        assert_eq!(at_once(program, "15", &["--concurrency", "7"]), 7, "{program}")
    });
}

#[test]
fn tokio_takes_more_threads() {
    assert_eq!(at_once("db-tokio", "40", &["--threads", "2"]), 40);
}

#[test]
fn a_sick_host_costs_its_own_row_alone() {
    let lab = Lab::start(&[
        "--hosts", "20", "--sick", "refuse=1", "--sick", "hang=1", "--sick", "error=1", "--sick", "close=1",
    ]);
    for_each(&PROGRAMS, |program| {
        let run = ask(program, &lab.file("db.urls"), &["--timeout", "2"]);
        assert_eq!(run.code, 1, "{program}: {run:?}");
        assert_eq!(run.count("Row {"), 16, "{program}: {run:?}");
        assert!(run.ends_with(16, 4) && run.err.len() == 4, "{program}: {run:?}");
        for cause in ["Connection refused", "no answer in 2s", "ERROR 1105 (HY000): This host is sick"] {
            assert_eq!(
                run.err.iter().filter(|line| line.contains(cause)).count(),
                1,
                "{program}: {cause}: {run:?}"
            );
        }
        assert!(
            run.err.iter().all(|line| line.starts_with("127.") && !line.contains('@')),
            "{program}: {run:?}"
        );
    });
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let lab = Lab::start(&["--hosts", "3"]);
    let urls = lab.urls(|mut urls| {
        let (login, host) = urls[1].split_once('@').expect("a password");
        let (user, _) = login.rsplit_once(':').expect("a password");
        urls[1] = format!("{user}:swordfish@{host}");
        urls
    });
    for_each(&PROGRAMS, |program| {
        let run = ask(program, &urls, &[]);
        assert_eq!(run.code, 1, "{program}: {run:?}");
        assert!(run.ends_with(2, 1) && run.count("Row {") == 2, "{program}: {run:?}");
        let [line] = run.err.as_slice() else { panic!("{program}: {run:?}") };
        assert!(line.contains("Access denied") && !line.contains("swordfish"), "{program}: {line}");
    });
}

#[test]
fn an_unknown_statement_is_an_error_of_each_host() {
    let lab = Lab::start(&["--hosts", "3"]);
    for_each(&PROGRAMS, |program| {
        let run = run(program, &["--urls", &lab.file("db.urls"), "--query", "select nonsense"]);
        assert!(run.code == 1 && run.ends_with(0, 3), "{program}: {run:?}");
        assert_eq!(
            run.err.iter().filter(|line| line.contains("ERROR 1064")).count(),
            3,
            "{program}: {run:?}"
        );
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    let lab = Lab::start(&["--hosts", "3"]);
    let (good, empty, bad) = (lab.file("db.urls"), lab.file("empty"), lab.file("bad"));
    fs::write(&empty, "").unwrap();
    fs::write(&bad, "mysql://user:swordfish@127.0.0.1:3306/bench\npostgres://user:swordfish@127.0.0.1/\n")
        .unwrap();
    for_each(&PROGRAMS, |program| {
        for (args, message) in [
            (vec![], "--urls <FILE>"),
            (vec!["--urls", "/no/such/file"], "No such file"),
            (vec!["--urls", empty.as_str()], "the file is empty"),
            (vec!["--urls", bad.as_str()], "line 2 is no MySQL URL"),
            (vec!["--urls", good.as_str(), "--timeout", "0"], "must be more than 0"),
            (vec!["--urls", good.as_str(), "--timeout", "soon"], "invalid float"),
            (vec!["--urls", good.as_str(), "--concurrency", "0"], "--concurrency"),
            (vec!["--urls", good.as_str(), "--nonsense"], "--nonsense"),
        ] {
            let run = run(program, &args);
            assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
            let told = run.err.iter().any(|line| line.contains(message));
            assert!(told && run.out.is_empty(), "{program} {args:?}: {run:?}");
            assert!(!run.err.concat().contains("swordfish"), "{program} {args:?}: {run:?}");
        }
    });
}

#[test]
fn a_worker_that_is_killed_costs_one_row() {
    let lab = Lab::start(&["--hosts", "6"]);
    let urls = lab.file("db.urls");
    let arguments = ["--urls", &urls, "--query", "select sleep(0.5)", "--concurrency", "2"];
    let program = behaviour_tests::start("db-multiprocess", &arguments);
    thread::sleep(Duration::from_millis(250));
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", program.id())).unwrap();
    let worker = children.split_whitespace().next().expect("a worker");
    assert!(Command::new("kill").args(["-KILL", worker]).status().unwrap().success());
    let run = behaviour_tests::finish(program);
    assert!(run.code == 1 && run.ends_with(5, 1) && run.count("Row {") == 5, "{run:?}");
    assert!(run.err.len() == 1 && run.err[0].ends_with("its worker process has ended"), "{run:?}");
}

#[test]
fn glommio_says_when_it_may_not_lock_memory() {
    let lab = Lab::start(&["--hosts", "1"]);
    let output = Command::new("prlimit")
        .arg("--memlock=65536:65536")
        .arg(behaviour_tests::program("db-glommio"))
        .args(["--urls", &lab.file("db.urls")])
        .output()
        .expect("prlimit of util-linux");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && told.contains("ulimit -l 512") && output.stdout.is_empty(),
        "{told}"
    );
}
