//! The db programs, through their command lines, against the lab.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use behaviour_tests::matrix::{self, Program};
use behaviour_tests::{Lab, Run, at_once, run, run_limited, with_each};

const QUICK: [&str; 2] = ["--query", "select sleep(0.05)"];

fn programs() -> Vec<Program> {
    matrix::programs("db")
}

/// Those whose bound its user can choose.
fn concurrent() -> Vec<Program> {
    programs().into_iter().filter(|it| it.is_concurrent() && it.name != "db-baseline").collect()
}

/// Those that open so many connections in one process.
fn in_one_process() -> Vec<Program> {
    concurrent().into_iter().filter(|it| it.model != "multiprocess").collect()
}

/// Runs a program on every host of a URL file, with a short query.
fn ask(program: &Program, urls: &str, args: &[&str]) -> Run {
    run(&program.name, &[&["--urls", urls], QUICK.as_slice(), args].concat())
}

/// Asserts how many the lab sees at once, of so many hosts and with these arguments.
fn assert_at_once(program: &Program, hosts: usize, args: &[&str], expected: usize) {
    let seen = at_once(expected, |seconds| {
        let lab = Lab::start(&["--hosts", &hosts.to_string()]);
        let (urls, query) = (lab.file("db.urls"), format!("select sleep({seconds})"));
        let run = run(&program.name, &[&["--urls", &urls, "--query", &query], args].concat());
        assert_eq!(run.code, 0, "{program}: {run:?}");
        let (items, at_once) = lab.counts("db");
        assert_eq!(items, hosts as u64, "{program}");
        at_once as usize
    });
    assert_eq!(seen, expected, "{program}: {args:?}");
}

#[test]
fn prints_every_row_and_the_count() {
    let lab = Lab::start(&["--hosts", "20"]);
    with_each(programs(), |program| {
        let run = ask(program, &lab.file("db.urls"), &[]);
        assert_eq!(run.code, 0, "{program}: {run:?}");
        assert_eq!(run.count(r#"Row { sleep(0.05): Bytes("0") }"#), 20, "{program}: {run:?}");
        assert!(run.ends_with(20, 0) && run.out.len() == 21 && run.err.is_empty(), "{program}: {run:?}");
    });
}

#[test]
fn asks_as_many_at_once_as_its_model_allows() {
    with_each(programs(), |program| {
        let hosts = if program.is_concurrent() { 40 } else { 3 };
        assert_at_once(program, hosts, &[], program.at_once(hosts));
    });
}

#[test]
fn asks_as_many_at_once_as_told() {
    with_each(concurrent(), |program| assert_at_once(program, 15, &["--concurrency", "7"], 7));
}

#[test]
fn the_bound_holds_at_every_size() {
    with_each(in_one_process(), |program| {
        for (at_most, hosts) in [(1, 3), (10, 25), (100, 150), (150, 150)] {
            assert_at_once(program, hosts, &["--concurrency", &at_most.to_string()], at_most);
        }
    });
}

#[test]
fn a_sick_host_costs_its_own_row_alone() {
    let lab = Lab::start(&[
        "--hosts", "20", "--sick", "refuse=1", "--sick", "hang=1", "--sick", "error=1", "--sick", "close=1",
    ]);
    with_each(programs(), |program| {
        let run = ask(program, &lab.file("db.urls"), &["--timeout", "2"]);
        assert_eq!(run.code, 1, "{program}: {run:?}");
        assert_eq!(run.count("Row {"), 16, "{program}: {run:?}");
        assert!(run.ends_with(16, 4) && run.err.len() == 4, "{program}: {run:?}");
        for cause in
            ["Connection refused (os error 111)", "no answer in 2s", "ERROR 1105 (HY000): This host is sick"]
        {
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
fn a_wrong_password_is_reported_and_not_shown() {
    let lab = Lab::start(&["--hosts", "3"]);
    let urls = lab.urls(|mut urls| {
        let (login, host) = urls[1].split_once('@').expect("a password");
        let (user, _) = login.rsplit_once(':').expect("a password");
        urls[1] = format!("{user}:swordfish@{host}");
        urls
    });
    with_each(programs(), |program| {
        let run = ask(program, &urls, &[]);
        assert_eq!(run.code, 1, "{program}: {run:?}");
        assert!(run.ends_with(2, 1) && run.count("Row {") == 2, "{program}: {run:?}");
        let [line] = run.err.as_slice() else { panic!("{program}: {run:?}") };
        assert!(line.contains("Access denied") && !line.contains("swordfish"), "{program}: {line}");
    });
}

#[test]
fn a_refusal_after_a_slow_connect_is_no_time_out() {
    // The greeting comes after two round trips, the refusal after another: each wait is shorter than the timeout of a
    // blocking driver, all together are longer.
    let lab = Lab::start(&["--hosts", "1", "--rtt", "0.8"]);
    let urls = lab.urls(|urls| urls.iter().map(|url| url.replace('@', "x@")).collect());
    let blocking = |it: &Program| !["tokio", "tokio-multi", "glommio", "compio"].contains(&it.model.as_str());
    with_each(programs().into_iter().filter(blocking), |program| {
        let run = ask(program, &urls, &["--timeout", "2"]);
        let [line] = run.err.as_slice() else { panic!("{program}: {run:?}") };
        assert!(run.code == 1 && line.contains("Access denied"), "{program}: {line}");
    });
}

#[test]
fn each_row_is_written_when_it_is_reported() {
    let lab = Lab::start(&["--hosts", "20"]);
    let (out, urls) = (lab.file("trace"), lab.file("db.urls"));
    with_each(programs(), |program| {
        let (out, path) = (format!("{out}-{program}"), behaviour_tests::program(&program.name));
        let options = ["-f", "-e", "trace=write", "-o", &out, path.to_str().expect("a plain path")];
        let args = [&options, ["--urls", urls.as_str()].as_slice(), QUICK.as_slice()].concat();
        let Ok(output) = Command::new("strace").args(args).output() else {
            eprintln!("strace does not work here: the writes are not counted");
            return;
        };
        let trace = fs::read_to_string(&out).expect("a trace");
        let writes =
            trace.lines().filter(|line| line.contains("write(") && line.contains(r#""Row {"#)).count();
        assert!(output.status.success() && writes == 20, "{program}: {writes} writes of 20 rows: {output:?}");
    });
}

#[test]
fn what_stdout_does_not_take_is_an_error() {
    let lab = Lab::start(&["--hosts", "3"]);
    with_each(programs(), |program| {
        let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = Command::new(behaviour_tests::program(&program.name));
        let output =
            command.args(["--urls", &lab.file("db.urls")]).stdout(full).output().expect("its output");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), errors.trim()),
            (Some(1), "stdout: No space left on device (os error 28)"),
            "{program}"
        );
    });
}

#[test]
fn an_unknown_statement_is_an_error_of_each_host() {
    let lab = Lab::start(&["--hosts", "3"]);
    with_each(programs(), |program| {
        let run = run(&program.name, &["--urls", &lab.file("db.urls"), "--query", "select nonsense"]);
        assert!(run.code == 1 && run.ends_with(0, 3), "{program}: {run:?}");
        assert_eq!(
            run.err.iter().filter(|line| line.contains("ERROR 1064")).count(),
            3,
            "{program}: {run:?}"
        );
    });
}

#[test]
fn bad_arguments_are_reported_in_one_line() {
    let lab = Lab::start(&["--hosts", "3"]);
    let (good, empty, bad) = (lab.file("db.urls"), lab.file("empty"), lab.file("bad"));
    fs::write(&empty, "").unwrap();
    fs::write(&bad, "mysql://user:swordfish@127.0.0.1:3306/bench\npostgres://user:swordfish@127.0.0.1/\n")
        .unwrap();
    with_each(programs(), |program| {
        for (args, message) in [
            (vec![], "--urls <FILE>"),
            (vec!["--urls", "/no/such/file"], "No such file"),
            (vec!["--urls", empty.as_str()], "the file is empty"),
            (vec!["--urls", bad.as_str()], "line 2 is not a MySQL URL"),
            (vec!["--urls", good.as_str(), "--timeout", "0"], "must be more than 0"),
            (vec!["--urls", good.as_str(), "--timeout", "soon"], "invalid float"),
            (vec!["--urls", good.as_str(), "--concurrency", "0"], "--concurrency"),
            (vec!["--urls", good.as_str(), "--nonsense"], "--nonsense"),
        ] {
            if program.name == "db-baseline" && args.contains(&"--concurrency") {
                continue; // it has none
            }
            let run = run(&program.name, &args);
            assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
            let reported = run.err.iter().any(|line| line.contains(message));
            assert!(reported && run.out.is_empty(), "{program} {args:?}: {run:?}");
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
    let run = run_limited("--memlock=65536:65536", "db-glommio", &["--urls", &lab.file("db.urls")]);
    assert!(run.code == 1 && run.out.is_empty() && run.err.concat().contains("ulimit -l 512"), "{run:?}");
}

#[test]
fn compio_locks_no_memory() {
    let lab = Lab::start(&["--hosts", "20"]);
    let run = run_limited("--memlock=0:0", "db-compio", &["--urls", &lab.file("db.urls")]);
    assert!(run.code == 0 && run.ends_with(20, 0) && run.err.is_empty(), "{run:?}");
}

#[test]
fn few_file_descriptors_are_raised_or_reported() {
    let lab = Lab::start(&["--hosts", "60"]);
    let urls = lab.file("db.urls");
    with_each(in_one_process(), |program| {
        let ask = |limits, at_once: &str| {
            let args = [&["--urls", &urls, "--concurrency", at_once], QUICK.as_slice()].concat();
            run_limited(limits, &program.name, &args)
        };
        let run = ask("--nofile=64:64", "60");
        assert!(run.code == 1 && run.out.is_empty() && run.err.len() == 1, "{program}: {run:?}");
        let expected =
            "60 connections need 80 file descriptors, the hard limit is 64: raise it (`ulimit -Hn 80`";
        assert!(run.err[0].contains(expected), "{program}: {run:?}");
        for (limits, at_once) in [("--nofile=32:80", "60"), ("--nofile=64:64", "10")] {
            let run = ask(limits, at_once);
            assert!(run.code == 0 && run.ends_with(60, 0), "{program} {limits}: {run:?}");
        }
    });
    let run = run_limited("--nofile=32:32", "db-multiprocess", &["--urls", &urls, "--concurrency", "10"]);
    assert!(run.code == 1 && run.err[0].contains("10 worker processes need 40 file descriptors"), "{run:?}");
}

#[test]
fn asks_a_thousand_at_once() {
    with_each(in_one_process(), |program| {
        let lab = Lab::start(&["--hosts", "1000"]);
        let run = ask(program, &lab.file("db.urls"), &["--concurrency", "1000", "--timeout", "60"]);
        assert!(run.code == 0 && run.ends_with(1000, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(lab.counts("db").0, 1000, "{program}");
    });
}

#[test]
fn the_healthy_are_timed_beside_the_sick() {
    let lab = Lab::start(&["--hosts", "20", "--sick", "slow=2"]);
    let run = run("db-tokio", &[&["--urls", &lab.file("db.urls")], QUICK.as_slice()].concat());
    assert!(run.code == 0 && run.ends_with(20, 0), "{run:?}");
    let stats = lab.stats();
    let healthy = &stats["db"]["healthy"];
    let time = |name: &str| healthy[name].as_f64().expect("a time");
    assert!(healthy["items"] == 18 && 0.05 <= time("half_s") && time("half_s") <= time("most_s"), "{stats}");
    assert!(stats["web"]["healthy"].is_null() && stats["listen_drops"].is_u64(), "{stats}");
    assert!(lab.stats()["db"]["healthy"]["half_s"].is_null());
}

#[test]
fn waits_for_four_round_trips_a_host() {
    with_each(programs(), |program| {
        let lab = Lab::start(&["--hosts", "6", "--rtt", "0.05"]);
        let start = Instant::now();
        let run = ask(program, &lab.file("db.urls"), &[]);
        let took = start.elapsed();
        assert!(run.code == 0 && run.ends_with(6, 0), "{program}: {run:?}");
        // Connect, greeting, login, query; and the query's own sleep.
        let turns = if program.is_concurrent() { 1 } else { 6 };
        assert!(took >= Duration::from_millis(turns * (4 * 50 + 50)), "{program}: {took:?}");
        assert_eq!(lab.stats()["db"]["round_trips"], 4 * 6, "{program}");
    });
}

#[test]
fn the_lab_counts_the_round_trips_that_strace_sees() {
    let trace = |args: &[&str]| Command::new("strace").args(args).output();
    if !trace(&["-o", "/dev/null", "true"]).is_ok_and(|output| output.status.success()) {
        eprintln!("strace does not work here: the lab's count of round trips is not checked");
        return;
    }
    // Where io_uring receives, no call shows it. A trace is of one thread, where a connection stays but in these two.
    let untraced = ["compio", "multiprocess", "tokio-multi"];
    let traced = programs().into_iter().filter(|it| !untraced.contains(&it.model.as_str()));
    with_each(traced, |program| {
        let lab = Lab::start(&["--hosts", "1"]);
        let (urls, out) = (lab.file("db.urls"), lab.file("trace"));
        let path = behaviour_tests::program(&program.name);
        let path = path.to_str().expect("a plain path");
        // A file a thread, so that no call is cut in two by another thread's.
        let options = ["-ff", "-e", "trace=network,read,write", "-o", &out, path, "--urls", &urls];
        let output = trace(&[&options, QUICK.as_slice()].concat()).expect("strace runs");
        assert!(output.status.success(), "{program}: {output:?}");
        let folder = fs::read_dir(Path::new(&out).parent().expect("a folder")).expect("a list");
        let files = folder.map(|file| file.expect("a file").path());
        let files = files.filter(|file| file.to_string_lossy().starts_with(&format!("{out}.")));
        let traces: Vec<String> = files.map(|file| fs::read_to_string(file).expect("a trace")).collect();
        let seen: u64 = traces.iter().map(|trace| round_trips(trace)).sum();
        assert_eq!(lab.stats()["db"]["round_trips"], seen, "{program}: {}", traces.concat());
    });
}

/// Round trips of a thread's IPv4 sockets, from its system calls: one for connecting, and one each time that something
/// is received after something was sent. The socket itself stands for its connect, which glommio leaves to io_uring.
fn round_trips(trace: &str) -> u64 {
    let (mut trips, mut waiting) = (0, HashMap::new());
    for line in trace.lines() {
        let Some((call, rest)) = line.split_once('(') else { continue };
        let Some(result) = rest.rsplit(" = ").next().and_then(|text| text.split(' ').next()) else {
            continue;
        };
        if call == "socket" && rest.starts_with("AF_INET,") {
            trips += 1;
            waiting.insert(result, true); // the server greets first
        }
        let Some(waits) = rest.split(',').next().and_then(|socket| waiting.get_mut(socket)) else { continue };
        match call {
            "write" | "sendto" | "sendmsg" => *waits = true,
            "read" | "recvfrom" | "recvmsg"
                if *waits && result.parse::<u64>().is_ok_and(|bytes| bytes > 0) =>
            {
                trips += 1;
                *waits = false;
            }
            _ => {}
        }
    }
    trips
}

/// 100 runs each of three programs: 150 000 items. `cargo test -p behaviour-tests --test db -- --ignored soak`
#[test]
#[ignore = "takes a minute"]
fn soak() {
    let lab = Lab::start(&["--hosts", "500"]);
    let urls = lab.file("db.urls");
    let resident = || {
        let statm = fs::read_to_string(format!("/proc/{}/statm", lab.pid())).unwrap();
        statm.split(' ').nth(1).expect("resident pages").parse::<u64>().unwrap()
    };
    let mut after_a_tenth = 0;
    for count in 1..=100 {
        for program in ["db-tokio", "db-glommio", "db-compio"] {
            let run = run(program, &["--urls", &urls, "--query", "select sleep(0.1)"]);
            assert!(run.code == 0 && run.err.is_empty(), "{program}: run {count}: {run:?}");
            assert!(run.ends_with(500, 0) && run.count("Row {") == 500, "{program}: run {count}");
            assert_eq!(lab.counts("db").0, 500, "{program}: run {count}");
        }
        if count == 10 {
            after_a_tenth = resident();
        }
    }
    println!("resident pages of the lab: {after_a_tenth} after a tenth, {} after all", resident());
    assert!(resident() <= after_a_tenth * 105 / 100, "{after_a_tenth} pages, then {}", resident());
}
