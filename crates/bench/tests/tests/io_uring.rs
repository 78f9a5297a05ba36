//! The programs on io_uring where there is none, through their command lines.

use std::fs;

use behaviour_tests::matrix;
use behaviour_tests::{Run, program, run, with_each};
use tempfile::TempDir;

/// The programs on io_uring, each with arguments that are good enough to get as far as the event loop.
fn commands() -> Vec<String> {
    let workloads = [
        ("db", "--urls URLS"),
        ("web", "http://127.0.0.1:1/"),
        ("sleep", "--seconds 0"),
        ("prices", "http://127.0.0.1:1"),
    ];
    let commands = workloads.into_iter().flat_map(|(workload, args)| {
        let programs = matrix::programs(workload).into_iter();
        let on_io_uring = programs.filter(|it| ["glommio", "compio"].contains(&it.model.as_str()));
        on_io_uring.map(move |program| format!("{program} {args}"))
    });
    commands.collect()
}

/// Runs a program whose `io_uring_setup` fails with this errno, under a seccomp filter.
fn filtered(errno: &str, command: &str) -> Run {
    let dir = TempDir::new().unwrap();
    let urls = dir.path().join("db.urls").into_os_string().into_string().unwrap();
    fs::write(&urls, "mysql://user:password@127.0.0.1:1/bench").unwrap();
    let (name, args) = command.split_once(' ').expect("arguments");
    let file = program(name).into_os_string().into_string().unwrap();
    let args = args.split(' ').map(|arg| if arg == "URLS" { urls.as_str() } else { arg });
    run("without-io-uring", &[errno, &file].into_iter().chain(args).collect::<Vec<_>>())
}

#[test]
fn a_filter_is_reported_in_one_line() {
    // EPERM is what Docker's profile answers, ENOSYS what others do.
    with_each(["1", "38"], |errno| {
        with_each(commands(), |command| {
            let run = filtered(errno, command);
            assert!(run.code == 1 && run.out.is_empty(), "{command}: {run:?}");
            let [line] = run.err.as_slice() else { panic!("{command}: {run:?}") };
            assert!(line.starts_with("Error: no io_uring: a seccomp filter forbids it"), "{command}: {line}");
        });
    });
}

#[test]
fn another_error_is_reported_as_it_is() {
    with_each(commands(), |command| {
        let run = filtered("12", command);
        assert!(run.code == 1 && run.out.is_empty(), "{command}: {run:?}");
        assert_eq!(run.err, ["Error: no io_uring: Cannot allocate memory (os error 12)"], "{command}");
    });
}

#[test]
fn the_filter_takes_nothing_else() {
    let run = filtered("1", "sleep-tokio --seconds 0");
    assert!(run.code == 0 && run.ends_with(2, 0) && run.err.is_empty(), "{run:?}");
}
