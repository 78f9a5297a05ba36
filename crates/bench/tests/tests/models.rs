//! What is one model's alone: its threads, its workers, its limits, and system calls that strace sees.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use behaviour_tests::matrix::{Program, programs};
use behaviour_tests::{Lab, Run, finish, kill, root, run, run_limited, spawn, start, with_each};
use tempfile::TempDir;

/// The first worker process of a program, once `seen` says that all workers have begun.
fn worker(program: u32, seen: impl Fn() -> bool) -> String {
    let children = format!("/proc/{program}/task/{program}/children");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let children = fs::read_to_string(&children).unwrap_or_default();
        if let Some(worker) = children.split_whitespace().next().filter(|_| seen()) {
            return worker.to_owned();
        }
        assert!(Instant::now() < deadline, "no worker");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_worker_that_is_killed_costs_one_row_and_in_python_all() {
    for (program, seconds, ok) in [("db-multiprocess", 1, 5), ("db_multiprocess.py", 20, 0)] {
        let lab = Lab::start(&["--hosts", "6"]);
        let (urls, query) = (lab.file("db.urls"), format!("select sleep({seconds})"));
        let program = start(program, &["--urls", &urls, "--query", &query, "--concurrency", "2"]);
        // The lab has seen both workers' queries: no fork and no submission is under way any more.
        kill("-KILL", &worker(program.id(), || lab.counts().1 == 2));
        let run = finish(program);
        assert!(run.code == 1 && run.ends_with(ok, 6 - ok) && run.err.len() == 6 - ok, "{run:?}");
        let told = ["its worker process has ended", "terminated abruptly"];
        assert!(run.err.iter().all(|line| told.iter().any(|words| line.contains(words))), "{run:?}");
    }
}

/// The names of the threads that fetched.
fn threads(run: &Run) -> HashSet<&str> {
    let lines = run.out.iter().filter_map(|line| line.strip_prefix("Fetching database "));
    lines.filter_map(|line| Some(line.split_once(' ')?.1)).collect()
}

#[test]
fn sleepers_are_on_the_threads_of_their_model() {
    with_each(behaviour_tests::matrix::all().into_iter().filter(|it| it.workload == "sleep"), |program| {
        let name = match (program.model.as_str(), program.python) {
            ("threaded", true) => "ThreadPoolExecutor-0_",
            ("threaded", false) => "ThreadPool-",
            ("green", _) => "thread-",
            ("tokio-multi", _) => "tokio-rt-worker-",
            (_, true) => "MainThread",
            (_, false) => "main",
        };
        let run = run(&program.name, &["--seconds", "0.5"]);
        let threads = threads(&run);
        assert!(threads.iter().all(|thread| thread.starts_with(name)), "{program}: {run:?}");
        assert!(
            threads.len() == if program.model == "threaded" { 2 } else { threads.len().max(1) },
            "{program}: {run:?}"
        );
        if ["main", "MainThread", "thread-"].contains(&name) {
            let begun = |task: &str| {
                run.out.iter().position(|line| line.starts_with(&format!("Fetching database {task} ")))
            };
            assert!(begun("dog") < begun("cat"), "one thread starts them in order: {program}: {run:?}");
        }
    });
}

#[test]
fn the_event_loop_has_as_many_threads_as_told() {
    let run = |program: &str, args: &[&str], threads: &str| {
        let mut command = Command::new(behaviour_tests::program(program));
        finish(spawn(command.args(args).env("TOKIO_WORKER_THREADS", threads)))
    };
    let one = run("sleep-tokio-multi", &["--tasks", "50", "--seconds", "0.1"], "1");
    assert!(one.code == 0 && one.ends_with(50, 0), "{one:?}");
    assert_eq!(threads(&one), HashSet::from(["tokio-rt-worker-0"]), "{one:?}");
    for (program, args) in
        [("sleep-tokio-multi", [].as_slice()), ("prices-tokio-multi", &["http://127.0.0.1:1"])]
    {
        for threads in ["many", "0", "", "-1", "1000000000"] {
            let run = run(program, args, threads);
            assert!(run.code == 2 && run.out.is_empty(), "{program} {threads}: {run:?}");
            assert!(run.err.concat().contains("--threads <N>"), "{program} {threads}: {run:?}");
        }
    }
}

#[test]
fn python_loses_no_line_of_many_threads() {
    let run = run("sleep_threaded.py", &["--tasks", "600", "--seconds", "0.05", "--concurrency", "300"]);
    assert!(run.code == 0 && run.ends_with(600, 0) && run.out.len() == 1203, "{:?}", run.out.len());
    assert!(run.out.iter().all(|line| !line.contains('\0')), "{run:?}");
}

#[test]
fn pythons_setup_is_done_once_and_a_failed_one_is_not_taken_for_done() {
    let again = Command::new(root().join("scripts/python/setup.sh")).output().expect("setup.sh");
    assert!(again.status.success() && again.stdout.is_empty() && again.stderr.is_empty(), "{again:?}");

    let copy = TempDir::new().expect("a scratch directory");
    let scripts = copy.path().join("scripts/python");
    fs::create_dir_all(&scripts).unwrap();
    for file in ["setup.sh", "requirements.txt"] {
        fs::copy(root().join("scripts/python").join(file), scripts.join(file)).unwrap();
    }
    let mut setup = Command::new(scripts.join("setup.sh"));
    let run = finish(spawn(setup.env("PIP_INDEX_URL", "http://127.0.0.1:9/").env("PIP_RETRIES", "0")));
    assert!(run.code == 2 && run.err.len() == 1, "{run:?}");
    assert!(run.err[0].contains("Is the package index within reach"), "{run:?}");
    assert!(!copy.path().join("target/python/stamp").exists());
}

#[test]
fn a_refusal_after_a_slow_connect_is_no_time_out() {
    // The greeting comes after two round trips, the refusal after another: each wait is shorter than the timeout of a
    // blocking driver, all together are longer.
    let lab = Lab::start(&["--hosts", "1", "--rtt", "0.8"]);
    let urls = lab.urls(|urls| urls.iter().map(|url| url.replace('@', "x@")).collect());
    let blocking = |it: &Program| ["sequential", "threaded"].contains(&it.model.as_str());
    with_each(programs("db").into_iter().filter(blocking), |program| {
        let run = run(&program.name, &["--urls", &urls, "--timeout", "2"]);
        let [line] = run.err.as_slice() else { panic!("{program}: {run:?}") };
        assert!(run.code == 1 && line.contains("Access denied"), "{program}: {line}");
    });
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
fn the_healthy_are_timed_beside_the_sick() {
    let lab = Lab::start(&["--hosts", "20", "--sick", "slow=2"]);
    let run = run("db-tokio", &["--urls", &lab.file("db.urls"), "--query", "select sleep(0.05)"]);
    assert!(run.code == 0 && run.ends_with(20, 0), "{run:?}");
    let stats = lab.stats();
    let healthy = &stats["healthy"];
    let time = |name: &str| healthy[name].as_f64().expect("a time");
    assert!(healthy["items"] == 18 && 0.05 <= time("half_s") && time("half_s") <= time("most_s"), "{stats}");
    assert!(stats["listen_drops"].is_u64() && lab.stats()["healthy"]["half_s"].is_null(), "{stats}");
}

fn strace_works() -> bool {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let works = traced.is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("strace does not work here: no system call is looked at");
    }
    works
}

#[test]
fn each_row_is_written_when_it_is_reported() {
    if !strace_works() {
        return;
    }
    let lab = Lab::start(&["--hosts", "20"]);
    with_each(programs("db"), |program| {
        let (out, path) = (lab.file(&program.name), behaviour_tests::program(&program.name));
        let (urls, path) = (lab.file("db.urls"), path.to_str().expect("a plain path"));
        let args =
            ["-f", "-e", "trace=write", "-o", &out, path, "--urls", &urls, "--query", "select sleep(0.05)"];
        let output = Command::new("strace").args(args).output().expect("strace");
        let trace = fs::read_to_string(&out).expect("a trace");
        let writes = trace.lines().filter(|line| line.contains(r#", "Row {"#)).count();
        assert!(output.status.success() && writes == 20, "{program}: {writes} writes of 20 rows: {output:?}");
    });
}

#[test]
fn the_lab_counts_the_round_trips_that_strace_sees() {
    if !strace_works() {
        return;
    }
    // Where io_uring receives, no call shows it. A trace is of one thread, where a connection stays but in these two.
    let untraced = ["compio", "multiprocess", "tokio-multi"];
    let traced = programs("db").into_iter().filter(|it| !untraced.contains(&it.model.as_str()));
    with_each(traced, |program| {
        let lab = Lab::start(&["--hosts", "1"]);
        let (urls, out) = (lab.file("db.urls"), lab.file("trace"));
        let path = behaviour_tests::program(&program.name);
        let path = path.to_str().expect("a plain path");
        // A file a thread, so that no call is cut in two by another thread's.
        let options = ["-ff", "-e", "trace=network,read,write", "-o", &out, path, "--urls", &urls];
        let args = [&options, ["--query", "select sleep(0.05)"].as_slice()].concat();
        let output = Command::new("strace").args(args).output().expect("strace");
        assert!(output.status.success(), "{program}: {output:?}");
        let folder = fs::read_dir(Path::new(&out).parent().expect("a folder")).expect("a list");
        let files = folder.map(|file| file.expect("a file").path());
        let files = files.filter(|file| file.to_string_lossy().starts_with(&format!("{out}.")));
        let traces: Vec<String> = files.map(|file| fs::read_to_string(file).expect("a trace")).collect();
        let seen: u64 = traces.iter().map(|trace| round_trips(trace)).sum();
        assert_eq!(lab.stats()["round_trips"], seen, "{program}: {}", traces.concat());
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
