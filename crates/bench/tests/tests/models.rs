//! What is one model's alone: its threads, its workers, its limits, and system calls that strace sees.

use std::collections::HashSet;
use std::process::Command;
use std::{fs, iter};

use behaviour_tests::matrix::{ARTICLES, Program, each};
use behaviour_tests::{
    Lab, Run, command, finish, kill, program, root, run, run_limited, scratch, spawn, start, strace_works,
    until,
};

#[test]
fn a_worker_that_is_killed_costs_one_row_and_in_python_all() {
    for (program, seconds, ok) in [("db-multiprocess", 1, 5), ("db_multiprocess.py", 20, 0)] {
        let lab = Lab::start(&["--hosts", "6"]);
        let (urls, query) = (lab.file("db.urls"), format!("select sleep({seconds})"));
        let running = start(program, &["--urls", &urls, "--query", &query, "--concurrency", "2"]);
        // The lab has seen both workers' queries: no fork and no submission is under way any more.
        until("the workers begin", || lab.counts().1 == 2);
        let children = format!("/proc/{0}/task/{0}/children", running.id());
        let children = fs::read_to_string(children).expect("the workers");
        kill("-KILL", children.split(' ').next().expect("a worker"));
        let run = finish(running);
        run.ended(ok, 6 - ok, program);
        let told = ["its worker process has ended", "terminated abruptly"].map(|words| run.failures(words));
        run.was(told.iter().sum::<usize>() == 6 - ok, program);
    }
}

/// The names of the threads that fetched.
fn threads(run: &Run) -> HashSet<&str> {
    let lines = run.out.iter().filter_map(|line| line.strip_prefix("Fetching database "));
    lines.filter_map(|line| Some(line.split_once(' ')?.1)).collect()
}

#[test]
fn sleepers_are_on_the_threads_of_their_model() {
    each("sleep", Program::any, |program| {
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
        run.was(!threads.is_empty() && threads.iter().all(|thread| thread.starts_with(name)), program);
        run.was(program.model != "threaded" || threads.len() == 2, program);
        if ["main", "MainThread", "thread-"].contains(&name) {
            let begun = ["dog", "cat"].map(|task| format!("Fetching database {task} "));
            let begun = begun.map(|start| run.out.iter().position(|line| line.starts_with(&start)));
            run.was(begun[0] < begun[1], format!("one thread starts them in order: {program}"));
        }
    });
}

#[test]
fn the_event_loop_has_as_many_threads_as_told() {
    let run = |program: &str, args: &[&str], threads: &str| {
        finish(spawn(command(program).args(args).env("TOKIO_WORKER_THREADS", threads)))
    };
    let one = run("sleep-tokio-multi", &["--tasks", "50", "--seconds", "0.1"], "1");
    one.ended(50, 0, "one thread");
    assert_eq!(threads(&one), HashSet::from(["tokio-rt-worker-0"]), "{one:?}");
    let none: &[&str] = &[];
    for (program, args) in [("sleep-tokio-multi", none), ("prices-tokio-multi", &["http://127.0.0.1:1"])] {
        for threads in ["many", "0", "", "-1", "1000000000"] {
            run(program, args, threads).refused(2, "--threads <N>", format!("{program} {threads}"));
        }
    }
}

#[test]
fn python_loses_no_line_of_many_threads() {
    let run = run("sleep_threaded.py", &["--tasks", "600", "--seconds", "0.05", "--concurrency", "300"]);
    run.ended(600, 0, "600 tasks");
    assert!(run.out.len() == 1203 && run.out.iter().all(|line| !line.contains('\0')), "{run:?}");
}

#[test]
fn pythons_setup_is_done_once_and_a_failed_one_is_not_taken_for_done() {
    let again = finish(spawn(&mut Command::new(root().join("scripts/python/setup.sh"))));
    again.was(again.code == 0 && again.out.is_empty() && again.err.is_empty(), "done already");

    let copy = scratch();
    let scripts = copy.path().join("scripts/python");
    fs::create_dir_all(&scripts).unwrap();
    for file in ["setup.sh", "requirements.txt"] {
        fs::copy(root().join("scripts/python").join(file), scripts.join(file)).unwrap();
    }
    let mut setup = Command::new(scripts.join("setup.sh"));
    let run = finish(spawn(setup.env("PIP_INDEX_URL", "http://127.0.0.1:9/").env("PIP_RETRIES", "0")));
    let told = run.failures("Is the package index within reach") == 1 && run.err.len() == 1;
    run.was(run.code == 2 && told && !copy.path().join("target/python/stamp").exists(), "no index");
}

#[test]
fn a_refusal_after_a_slow_connect_is_no_time_out() {
    // The greeting comes after two round trips, the refusal after another: each wait is shorter than the timeout of a
    // blocking driver, all together are longer.
    let lab = Lab::start(&["--hosts", "1", "--rtt", "0.8"]);
    let urls = lab.urls("wrong.urls", |url| url.replace('@', "x@"));
    for program in ["db-sequential", "db-threaded"] {
        let run = run(program, &["--urls", &urls, "--timeout", "2"]);
        run.ended(0, 1, program);
        run.was(run.failures("Access denied") == 1, program);
    }
}

#[test]
fn without_lockable_memory_glommio_says_so_and_compio_needs_none() {
    let lab = Lab::start(&["--hosts", "20"]);
    let args = ["--urls", &lab.file("db.urls")];
    run_limited("--memlock=65536:65536", "db-glommio", &args).refused(1, "ulimit -l 512", "glommio");
    run_limited("--memlock=0:0", "db-compio", &args).ended(20, 0, "compio");
}

#[test]
fn without_io_uring_one_line_says_why() {
    // EPERM is what Docker's profile answers, ENOSYS what others do; ENOMEM is no filter's.
    let filter = "Error: no io_uring: a seccomp filter forbids it";
    let memory = "Error: no io_uring: Cannot allocate memory (os error 12)";
    let is_on_io_uring = |it: &Program| it.is_rust() && ["glommio", "compio"].contains(&it.model.as_str());
    each(ARTICLES, is_on_io_uring, |it| {
        let load = it.load(2, 0.0);
        for (errno, message) in [("1", filter), ("38", filter), ("12", memory)] {
            let mut command = command("without-io-uring");
            let run = finish(spawn(command.arg(errno).arg(program(&it.name)).args(load.args())));
            run.refused(1, message, format!("{it} {errno}"));
            run.was(run.err.len() == 1 && run.err[0].starts_with(message), it);
        }
    });
    let path = program("sleep-tokio").display().to_string();
    run("without-io-uring", &["1", &path, "--seconds", "0"]).ended(2, 0, "the filter takes nothing else");
}

#[test]
fn each_row_is_written_when_it_is_reported() {
    let traced = |program: &Program| {
        let trace = program.load(20, 0.05).strace(&["-f", "-e", "trace=write"]);
        let writes = trace.lines().filter(|line| line.contains(r#", "Row {"#)).count();
        assert_eq!(writes, 20, "{program}: {trace}");
    };
    if strace_works() {
        each("db", Program::is_rust, traced);
    }
}

#[test]
fn the_lab_counts_the_round_trips_that_strace_sees() {
    // Where io_uring receives, no call shows it. A trace is of one thread, where a connection stays but in these two.
    let is_traced = |program: &Program| {
        program.is_rust() && !["compio", "multiprocess", "tokio-multi"].contains(&program.model.as_str())
    };
    let traced = |program: &Program| {
        let load = program.load(1, 0.05);
        let trace = load.strace(&["-ff", "-e", "trace=network,read,write"]);
        let seen: usize = trace.split("\n\n").map(round_trips).sum();
        assert_eq!(load.lab.stats()["round_trips"], seen, "{program}: {trace}");
    };
    if strace_works() {
        each("db", is_traced, traced);
    }
}

/// Round trips of a thread's connection, from its system calls: one for connecting, which glommio leaves to io_uring, and
/// one each time that something is received after something was sent. The server greets first.
fn round_trips(trace: &str) -> usize {
    let result = |line: &'_ str| {
        line.rsplit(" = ").next().and_then(|text| text.split(' ').next()?.parse::<i64>().ok())
    };
    let Some(socket) = trace.lines().find(|line| line.starts_with("socket(AF_INET,")).and_then(result) else {
        return 0;
    };
    let calls = trace.lines().filter_map(|line| match line.split_once(&format!("({socket},"))?.0 {
        "write" | "sendto" | "sendmsg" => Some('s'),
        "read" | "recvfrom" | "recvmsg" => Some('r').filter(|_| result(line) > Some(0)),
        _ => None,
    });
    1 + iter::once('s').chain(calls).collect::<String>().matches("sr").count()
}
