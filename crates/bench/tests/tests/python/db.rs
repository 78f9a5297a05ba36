//! The db programs.

use std::collections::HashSet;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use behaviour_tests::matrix::{Program, python};
use behaviour_tests::{Lab, finish, with_each};

use super::{concurrent, files, rejects, run, start};

#[test]
fn prints_every_row_and_the_count() {
    let lab = Lab::start(&["--hosts", "8"]);
    with_each(python("db"), |program| {
        let run = run(&program.name, &["--urls", &lab.file("db.urls"), "--query", "select sleep(0.05)"]);
        assert!(run.code == 0 && run.ends_with(8, 0) && run.err.is_empty(), "{program}: {run:?}");
        let row = match program {
            _ if program.name.starts_with("db_aiomysql") => "(0,)",
            _ if program.name.starts_with("db_asyncio") => "{'sleep(0.05)': 0}",
            _ => r#"<Record {"sleep(0.05)": 0}>"#,
        };
        assert!(run.out.len() == 9 && run.count(row) == 8, "{program}: {run:?}");
    });
}

#[test]
fn asks_as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &Program, hosts: usize, args: &[&str]| {
        let lab = Lab::start(&["--hosts", &hosts.to_string()]);
        let urls = lab.file("db.urls");
        let run = run(&program.name, &[&["--urls", &urls, "--query", "select sleep(1)"], args].concat());
        assert!(run.code == 0 && run.ends_with(hosts, 0), "{program}: {run:?}");
        let (items, at_once) = lab.counts("db");
        assert_eq!(items, hosts as u64, "{program}");
        at_once as usize
    };
    with_each(python("db"), |program| {
        let hosts = program.items();
        assert_eq!(at_once(program, hosts, &[]), program.at_once(hosts), "{program}");
    });
    with_each(concurrent("db"), |program| {
        assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}")
    });
}

#[test]
fn a_sick_host_costs_its_own_row_alone() {
    let sick = ["--sick", "refuse=1", "--sick", "hang=1", "--sick", "error=1", "--sick", "close=1"];
    let lab = Lab::start(&[&["--hosts", "12"], sick.as_slice()].concat());
    let all = fs::read_to_string(lab.file("db.urls")).unwrap();
    let passwords: HashSet<&str> = all.lines().filter_map(|url| url.split([':', '@']).nth(2)).collect();
    with_each(python("db"), |program| {
        let run = run(
            &program.name,
            &["--urls", &lab.file("db.urls"), "--query", "select sleep(0.05)", "--timeout", "3"],
        );
        assert!(run.code == 1 && run.ends_with(8, 4) && run.err.len() == 4, "{program}: {run:?}");
        assert_eq!(run.out.len(), 9, "{program}: {run:?}");
        assert!(run.err.iter().all(|line| line.starts_with("127.0.")), "{program}: {run:?}");
        assert!(passwords.iter().all(|word| !run.err.concat().contains(word)), "{program}: {run:?}");
        let hang = if program.name.contains("io") { "no answer in 3 s" } else { "timed out" };
        for cause in ["[Errno 111] Connect", hang, "(1105, 'This host is sick')", "Lost connection"] {
            assert!(run.err.iter().any(|line| line.contains(cause)), "{program}: {cause}: {run:?}");
        }
    });
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let lab = Lab::start(&["--hosts", "2"]);
    let urls = lab.urls(|mut urls| {
        let (login, host) = urls[1].split_once('@').expect("a password");
        let (user, _) = login.rsplit_once(':').expect("a password");
        urls[1] = format!("{user}:swordfish@{host}");
        urls
    });
    with_each(python("db"), |program| {
        let run = run(&program.name, &["--urls", &urls, "--query", "select sleep(0)"]);
        assert!(run.code == 1 && run.ends_with(1, 1) && run.out.len() == 2, "{program}: {run:?}");
        let [line] = run.err.as_slice() else { panic!("{program}: {run:?}") };
        assert!(line.contains("Access denied") && !line.contains("swordfish"), "{program}: {line}");
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    let lab = Lab::start(&["--hosts", "1"]);
    let (good, empty, bad) = (lab.file("db.urls"), lab.file("empty"), lab.file("bad"));
    fs::write(&empty, "").unwrap();
    fs::write(&bad, "mysql://u:swordfish@127.0.0.1:3306/bench\npostgres://u:swordfish@127.0.0.1/\n").unwrap();
    with_each(files("db"), |program| {
        rejects(
            &program.name,
            &[
                (&[], "--urls FILE"),
                (&["--urls", "/no/such/file"], "No such file"),
                (&["--urls", &empty], "the file is empty"),
                (&["--urls", &bad], "line 2 is no mysql://"),
                (&["--urls", &good, "--timeout", "0"], "must be more than 0"),
                (&["--urls", &good, "--timeout", "nan"], "must be more than 0"),
                (&["--urls", &good, "--timeout", "soon"], "invalid"),
                (&["--urls", &good, "--concurrency", "0"], "--concurrency"),
            ],
        );
    });
}

#[test]
fn a_worker_that_is_killed_takes_the_others_with_it() {
    let lab = Lab::start(&["--hosts", "6"]);
    let urls = lab.file("db.urls");
    let arguments = ["--urls", &urls, "--query", "select sleep(20)", "--concurrency", "2"];
    let program = start("db_multiprocess.py", &arguments);
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
