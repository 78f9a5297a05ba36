//! The Python programs, through their command lines, against the lab.
//!
//! `scripts/python/setup.sh` comes first: it makes `target/python`.

use std::fs;
use std::process::{Child, Command, Stdio};

use behaviour_tests::matrix::{Program, python};
use behaviour_tests::{Run, finish, root};
use tempfile::TempDir;

mod db;
mod prices;
mod sleep;
mod web;

/// Starts a program of `scripts/python`, given with its flags.
fn start(program: &str, args: &[&str]) -> Child {
    let python = root().join("target/python/bin/python");
    assert!(root().join("target/python/stamp").exists(), "no target/python: run scripts/python/setup.sh");
    let mut words = program.split(' ');
    Command::new(python)
        .arg(root().join("scripts/python").join(words.next().unwrap_or_default()))
        .args(words)
        .args(args)
        .env_remove("DB_URLS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Runs one to its end.
fn run(program: &str, args: &[&str]) -> Run {
    finish(start(program, args))
}

/// Those that take `--concurrency`.
fn concurrent(workload: &str) -> Vec<Program> {
    python(workload).into_iter().filter(Program::is_concurrent).collect()
}

/// One of each file: the flag makes no difference to arguments.
fn files(workload: &str) -> Vec<Program> {
    python(workload).into_iter().filter(|program| !program.name.contains(' ')).collect()
}

/// Whether each of these is told to be wrong, without a password, before anything runs.
fn rejects(program: &str, cases: &[(&[&str], &str)]) {
    for (args, message) in cases {
        let run = run(program, args);
        assert!(run.code == 2 && run.out.is_empty(), "{program} {args:?}: {run:?}");
        let last = run.err.last().expect("a message");
        assert!(last.contains(message) && !last.contains("swordfish"), "{program} {args:?}: {run:?}");
    }
}

#[test]
fn setup_is_done_once_and_a_failed_one_is_not_taken_for_done() {
    let again = Command::new(root().join("scripts/python/setup.sh")).output().expect("setup.sh");
    assert!(again.status.success() && again.stdout.is_empty() && again.stderr.is_empty(), "{again:?}");

    let copy = TempDir::new().expect("a scratch directory");
    let scripts = copy.path().join("scripts/python");
    fs::create_dir_all(&scripts).unwrap();
    for file in ["setup.sh", "requirements.txt"] {
        fs::copy(root().join("scripts/python").join(file), scripts.join(file)).unwrap();
    }
    let failed = Command::new(scripts.join("setup.sh"))
        .env("PIP_INDEX_URL", "http://127.0.0.1:9/")
        .env("PIP_RETRIES", "0")
        .output()
        .expect("setup.sh");
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(failed.status.code() == Some(2) && told.lines().count() == 1, "{told}");
    assert!(
        told.contains("Is the package index within reach")
            && !copy.path().join("target/python/stamp").exists()
    );
}
