//! The sleep programs.

use behaviour_tests::matrix::{Program, python};
use behaviour_tests::with_each;

use super::{files, rejects, run};

#[test]
fn dog_and_cat_on_the_threads_of_the_model() {
    with_each(python("sleep"), |program| {
        let run = run(&program.name, &["--seconds", "1"]);
        assert!(run.code == 0 && run.ends_with(2, 0) && run.err.is_empty(), "{program}: {run:?}");
        assert_eq!(run.out.len(), 7, "{program}: {run:?}");
        assert_eq!(run.out[0], "This is executing on MainThread", "{program}");
        assert_eq!(run.count("This is still running in MainThread"), 1, "{program}: {run:?}");
        for (name, pool) in [("dog", "ThreadPoolExecutor-0_0"), ("cat", "ThreadPoolExecutor-0_1")] {
            let thread = if program.model == "threaded" { pool } else { "MainThread" };
            for what in ["Fetching", "Done fetching"] {
                let line = format!("{what} database {name} {thread}");
                assert_eq!(run.count(&line), 1, "{program}: {line}: {run:?}");
            }
        }
    });
}

#[test]
fn as_many_at_once_as_its_model_allows_or_as_told() {
    let at_once = |program: &Program, tasks: usize, args: &[&str]| {
        let run = run(&program.name, &[&["--tasks", &tasks.to_string(), "--seconds", "0.5"], args].concat());
        assert!(run.code == 0 && run.ends_with(tasks, 0), "{program}: {run:?}");
        assert_eq!(run.out.len(), 2 * tasks + 3, "{program}: {run:?}");
        let mut asleep = 0_usize;
        let counts = run.out.iter().map(|line| {
            asleep += usize::from(line.starts_with("Fetching database "));
            asleep -= usize::from(line.starts_with("Done fetching database "));
            asleep
        });
        counts.max().unwrap_or(0)
    };
    with_each(python("sleep"), |program| {
        let tasks = program.items();
        assert_eq!(at_once(program, tasks, &[]), program.at_once(tasks), "{program}");
        assert_eq!(at_once(program, 5, &["--concurrency", "3"]), 3, "{program}");
    });
}

#[test]
fn loses_no_line_of_many_threads() {
    let run = run("sleep_threaded.py", &["--tasks", "600", "--seconds", "0.05", "--concurrency", "300"]);
    assert!(run.code == 0 && run.ends_with(600, 0) && run.out.len() == 1203, "{:?}", run.out.len());
    assert!(run.out.iter().all(|line| !line.contains('\0')), "{run:?}");
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    with_each(files("sleep"), |program| {
        rejects(
            &program.name,
            &[
                (&["--tasks", "0"], "--tasks"),
                (&["--tasks", "10000000"], "--tasks"),
                (&["dog", "--tasks", "3"], "--tasks"),
                (&["--seconds", "soon"], "invalid"),
                (&["--seconds=-1"], "--seconds"),
                (&["--concurrency", "0"], "--concurrency"),
                (&["--nonsense"], "--nonsense"),
            ],
        );
    });
}
