//! The sleep programs, through their command lines.

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use behaviour_tests::matrix::{self, Program};
use behaviour_tests::{Run, run, with_each};

fn programs() -> Vec<Program> {
    matrix::programs("sleep")
}

/// Those whose bound its user can choose.
fn concurrent() -> Vec<Program> {
    programs().into_iter().filter(Program::is_concurrent).collect()
}

/// What its threads are called.
fn thread(program: &Program) -> &str {
    match program.model.as_str() {
        "threaded" => "ThreadPool-",
        "multiprocess" => "Process-",
        "green" => "thread-",
        "tokio-multi" => "tokio-rt-worker-",
        _ => "main",
    }
}

/// How many tasks slept at once, as the printed lines tell.
fn at_once(run: &Run) -> usize {
    let mut asleep = 0_usize;
    let counts = run.out.iter().map(|line| {
        if line.starts_with("Fetching database ") {
            asleep += 1;
        } else if line.starts_with("Done fetching database ") {
            asleep -= 1;
        }
        asleep
    });
    counts.max().unwrap_or(0)
}

/// The names of the threads that fetched.
fn threads(run: &Run) -> HashSet<&str> {
    let lines = run.out.iter().filter_map(|line| line.strip_prefix("Fetching database "));
    lines.filter_map(|line| Some(line.split_once(' ')?.1)).collect()
}

#[test]
fn dog_and_cat_on_the_threads_of_the_model() {
    with_each(programs(), |program| {
        let run = run(&program.name, &["--seconds", "0.3"]);
        assert!(run.code == 0 && run.ends_with(2, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(run.out.len(), 7, "{program}: {run:?}");
        assert_eq!(run.out[0], "This is executing on main", "{program}");
        assert_eq!(run.count("This is still running in main"), 1, "{program}: {run:?}");
        for start in ["Fetching database ", "Done fetching database "] {
            for name in ["dog", "cat"] {
                assert_eq!(run.count(&format!("{start}{name} ")), 1, "{program}: {run:?}");
            }
        }
        let threads = threads(&run);
        assert!(threads.iter().all(|name| name.starts_with(thread(program))), "{program}: {run:?}");
        let expected = if program.model == "threaded" { 2 } else { 1 };
        assert!(threads.len() >= expected, "{program}: {run:?}");
    });
}

#[test]
fn one_thread_starts_them_in_order() {
    let one_thread = |it: &Program| ["main", "thread-"].contains(&thread(it));
    with_each(programs().into_iter().filter(one_thread), |program| {
        let run = run(&program.name, &["--tasks", "50", "--seconds", "0"]);
        let started: Vec<&str> = run
            .out
            .iter()
            .filter_map(|line| line.strip_prefix("Fetching database ")?.split(' ').next())
            .collect();
        let expected: Vec<String> = (0..50).map(|i| i.to_string()).collect();
        assert!(run.code == 0 && run.ends_with(50, 0), "{program}: {run:?}");
        assert_eq!(started, expected, "{program}");
    });
}

/// Asserts how many of so many tasks sleep at once, with these arguments.
fn assert_at_once(program: &Program, tasks: usize, args: &[&str], expected: usize) {
    let seen = behaviour_tests::at_once(expected, |seconds| {
        let (count, time) = (tasks.to_string(), seconds.to_string());
        let run = run(&program.name, &[&["--tasks", &count, "--seconds", &time], args].concat());
        assert!(run.code == 0 && run.ends_with(tasks, 0), "{program}: {run:?}");
        at_once(&run)
    });
    assert_eq!(seen, expected, "{program}: {args:?}");
}

#[test]
fn sleeps_as_many_at_once_as_its_model_allows() {
    with_each(programs(), |program| {
        let tasks = if program.is_concurrent() { 40 } else { 3 };
        assert_at_once(program, tasks, &[], program.at_once(tasks));
    });
}

#[test]
fn sleeps_as_many_at_once_as_told() {
    with_each(concurrent(), |program| assert_at_once(program, 15, &["--concurrency", "7"], 7));
}

#[test]
fn the_bound_holds_at_every_size() {
    let in_one_process = concurrent().into_iter().filter(|it| it.model != "multiprocess");
    with_each(in_one_process, |program| {
        for (at_most, tasks) in [(1, 3), (10, 25), (100, 150), (150, 150)] {
            assert_at_once(program, tasks, &["--concurrency", &at_most.to_string()], at_most);
        }
    });
}

#[test]
fn the_event_loop_has_as_many_threads_as_told() {
    let path = behaviour_tests::program("sleep-tokio-multi");
    let mut command = Command::new(path);
    command
        .args(["--tasks", "50", "--seconds", "0.1"])
        .env("TOKIO_WORKER_THREADS", "1")
        .stdout(Stdio::piped());
    let run = behaviour_tests::finish(command.spawn().expect("sleep-tokio-multi"));
    assert!(run.code == 0 && run.ends_with(50, 0), "{run:?}");
    assert_eq!(threads(&run), HashSet::from(["tokio-rt-worker-0"]), "{run:?}");
}

#[test]
fn a_nap_counts_when_its_end_is_printed() {
    let mut parent =
        behaviour_tests::start("sleep-multiprocess", &["--seconds", "0.5", "--concurrency", "1"]);
    let children = format!("/proc/{0}/task/{0}/children", parent.id());
    thread::sleep(Duration::from_millis(250));
    let worker = fs::read_to_string(children).expect("a list");
    let killed = Command::new("kill").args(["-KILL", worker.trim()]).status();
    if !killed.is_ok_and(|status| status.success()) {
        let _ = parent.kill();
        panic!("no worker {worker:?}");
    }
    let run = behaviour_tests::finish(parent);
    assert!(run.code == 1 && run.ends_with(0, 2), "{run:?}");
    assert_eq!(run.err, ["dog: its worker process has ended", "cat: no worker process is left"]);
    assert_eq!((run.count("Fetching database dog "), run.count("Done ")), (1, 0), "{run:?}");
}

#[test]
fn more_at_once_than_there_are_tasks_is_no_matter() {
    with_each(concurrent(), |program| {
        let run = run(&program.name, &["--seconds", "0", "--concurrency", "10000"]);
        assert!(run.code == 0 && run.ends_with(2, 0), "{program}: {run:?}");
    });
}

#[test]
fn bad_arguments_are_reported_in_one_line() {
    let cases: [(&[&str], &str); 7] = [
        (&["--tasks", "0"], "--tasks"),
        (&["--tasks", "10000000"], "not in 1..=1000000"),
        (&["--tasks", "many"], "--tasks"),
        (&["dog", "--tasks", "3"], "cannot be used with"),
        (&["--seconds", "soon"], "invalid float"),
        (&["--seconds=-1"], "negative"),
        (&["--seconds", "1e19"], "a day at most"),
    ];
    with_each(programs(), |program| {
        let too_much = (["--concurrency", "10000000"].as_slice(), "vm.max_map_count");
        let none = (["--concurrency", "0"].as_slice(), "--concurrency");
        let of_a_pool = (program.model == "threaded").then_some(too_much);
        for (args, message) in cases.into_iter().chain([none]).chain(of_a_pool) {
            let run = run(&program.name, args);
            assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
            let reported = run.err.iter().any(|line| line.contains(message));
            assert!(reported && run.out.is_empty(), "{program} {args:?}: {run:?}");
        }
    });
}
