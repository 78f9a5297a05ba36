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

/// The Python that the programs run in.
fn interpreter() -> Command {
    assert!(root().join("target/python/stamp").exists(), "no target/python: run scripts/python/setup.sh");
    let mut python = Command::new(root().join("target/python/bin/python"));
    python.env_remove("DB_URLS").stdin(Stdio::null());
    python
}

/// Starts a program of `scripts/python`, given with its flags.
fn start(program: &str, args: &[&str]) -> Child {
    let mut words = program.split(' ');
    interpreter()
        .arg(root().join("scripts/python").join(words.next().unwrap_or_default()))
        .args(words)
        .args(args)
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

/// Runs a script once for each list of arguments, in one interpreter, which imports once.
const EACH: &str = "
import contextlib, io, json, os, runpy, sys
script, results = sys.argv[1], []
sys.path.insert(0, os.path.dirname(script))
for arguments in json.loads(sys.argv[2]):
    sys.argv = [script, *arguments]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(script, run_name='__main__')
        except SystemExit as stop:
            code = stop.code
    results.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(results))
";

/// Whether each of these arguments is refused, without a password, before anything runs.
fn rejects(program: &str, cases: &[(&[&str], &str)]) {
    let arguments: Vec<_> = cases.iter().map(|(arguments, _)| arguments).collect();
    let script = root().join("scripts/python").join(program);
    let mut each = interpreter();
    each.arg("-c").arg(EACH).arg(script).arg(serde_json::to_string(&arguments).unwrap());
    let output = each.output().expect("an interpreter");
    let results: Vec<(i32, String, String)> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{program}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(results.len(), cases.len());
    for ((args, message), (code, out, err)) in cases.iter().zip(results) {
        assert!(code == 2 && out.is_empty(), "{program} {args:?}: {code} {out}");
        let last = err.lines().last().expect("a message");
        assert!(last.contains(message) && !err.contains("swordfish"), "{program} {args:?}: {err}");
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
