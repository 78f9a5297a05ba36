//! The sleep programs, through their command lines.

use std::collections::HashSet;
use std::thread::available_parallelism;

use behaviour_tests::{Run, for_each, run};

const PROGRAMS: [&str; 4] = ["sleep-threaded", "sleep-tokio", "sleep-glommio", "sleep-compio"];

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
    for_each(&PROGRAMS, |program| {
        let run = run(program, &["--seconds", "0.3"]);
        assert!(run.code == 0 && run.ends_with(2, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(run.out.len(), 7, "{program}: {run:?}");
        assert_eq!(run.out[0], "This is executing on main", "{program}");
        assert_eq!(run.count("This is still running in main"), 1, "{program}: {run:?}");
        for start in ["Fetching database ", "Done fetching database "] {
            for name in ["dog", "cat"] {
                assert_eq!(run.count(&format!("{start}{name} ")), 1, "{program}: {run:?}");
            }
        }
        let expected: &[&str] =
            if program == "sleep-threaded" { &["ThreadPool-0", "ThreadPool-1"] } else { &["main"] };
        assert_eq!(threads(&run), expected.iter().copied().collect(), "{program}: {run:?}");
    });
}

#[test]
fn an_event_loop_starts_them_in_order() {
    for_each(&PROGRAMS[1..], |program| {
        let run = run(program, &["--tasks", "50", "--seconds", "0"]);
        let started: Vec<&str> =
            run.out.iter().filter_map(|line| line.strip_prefix("Fetching database ")).collect();
        let expected: Vec<String> = (0..50).map(|i| format!("{i} main")).collect();
        assert!(run.code == 0 && run.ends_with(50, 0), "{program}: {run:?}");
        assert_eq!(started, expected, "{program}");
    });
}

#[test]
fn sleeps_as_many_at_once_as_its_model_allows() {
    let pool = 32.min(available_parallelism().unwrap().get() + 4);
    for_each(&PROGRAMS, |program| {
        let run = run(program, &["--tasks", "40", "--seconds", "0.3"]);
        assert!(run.code == 0 && run.ends_with(40, 0), "{program}: {run:?}");
        let expected = if program == "sleep-threaded" { pool } else { 40 };
        assert_eq!(at_once(&run), expected, "{program}: {run:?}");
    });
}

#[test]
fn sleeps_as_many_at_once_as_told() {
    for_each(&PROGRAMS, |program| {
        let run = run(program, &["--tasks", "15", "--seconds", "0.3", "--concurrency", "7"]);
        assert!(run.code == 0 && run.ends_with(15, 0), "{program}: {run:?}");
        assert_eq!(at_once(&run), 7, "{program}: {run:?}");
    });
}

#[test]
fn the_bound_holds_at_every_size() {
    for_each(&PROGRAMS, |program| {
        for_each(&["1 of 3", "10 of 25", "100 of 150", "150 of 150"], |case| {
            let (at_most, tasks) = case.split_once(" of ").expect("two numbers");
            let run = run(program, &["--tasks", tasks, "--seconds", "0.3", "--concurrency", at_most]);
            assert!(run.code == 0, "{program}: {case}: {run:?}");
            assert_eq!(at_once(&run).to_string(), at_most, "{program}: {case}");
        });
    });
}

#[test]
fn takes_names_and_more_threads() {
    let run = run("sleep-tokio", &["owl", "--seconds", "0.1", "--threads", "2"]);
    assert!(run.code == 0 && run.ends_with(1, 0) && threads(&run).len() == 1, "{run:?}");
    assert_eq!(run.count("Fetching database owl tokio-rt-worker-"), 1, "{run:?}");
}

#[test]
fn more_at_once_than_there_are_tasks_is_no_matter() {
    for_each(&PROGRAMS, |program| {
        let run = run(program, &["--seconds", "0", "--concurrency", "10000"]);
        assert!(run.code == 0 && run.ends_with(2, 0), "{program}: {run:?}");
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    let same: [(&[&str], &str); 8] = [
        (&["--tasks", "0"], "--tasks"),
        (&["--tasks", "10000000"], "not in 1..=1000000"),
        (&["--tasks", "many"], "--tasks"),
        (&["dog", "--tasks", "3"], "cannot be used with"),
        (&["--seconds", "soon"], "invalid float"),
        (&["--seconds=-1"], "negative"),
        (&["--seconds", "1e19"], "a day at most"),
        (&["--concurrency", "0"], "--concurrency"),
    ];
    let of_one: [(&str, &[&str], &str); 2] = [
        ("sleep-threaded", &["--concurrency", "10000000"], "vm.max_map_count"),
        ("sleep-tokio", &["--threads", "100000"], "not in 1..=1024"),
    ];
    let all = PROGRAMS.iter().flat_map(|program| same.map(|(args, message)| (*program, args, message)));
    for (program, args, message) in all.chain(of_one) {
        let run = run(program, args);
        assert_eq!(run.code, 2, "{program} {args:?}: {run:?}");
        let told = run.err.iter().any(|line| line.contains(message));
        assert!(told && run.out.is_empty(), "{program} {args:?}: {run:?}");
    }
}
