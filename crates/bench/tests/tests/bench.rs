//! What bench-run promises: results come whole or not at all, and no process stays behind.

mod ends;
mod place;
mod settings;

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use behaviour_tests::program;
use bench_data::{facts::Facts, files, rounds::Round, runs::Run};
use place::{LONG, Place, QUICK, at_once, signal, stderr};

#[test]
fn complete_results_move_into_place() {
    let place = Place::new();
    place.noted_lab();
    let shown = place.succeed(&["db"]);
    assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    assert_eq!(place.read("results/box/name"), "box\n", "the pages are made in a folder of the right name");
    assert!(place.path("results/box/raw/web/old").exists(), "not measured now");
    assert!(!place.path("results/box/raw/db/old").exists(), "measured now");
    assert_eq!(place.read("calls"), "report results/.new/box\nreport\n");
    assert_eq!(place.lines("runs-one"), 1 + 2 + 2 + 1, "traced, observed, timed, counted");
    let raw = place.path("results/box/raw/db");
    for file in ["workload.toml", "one/trace.csv", "two/runs.csv", "one/syscalls.txt"] {
        assert!(raw.join(file).exists(), "{file}");
    }
    let runs: Vec<Run> = files::csv(&raw.join("one/runs.csv")).expect("runs");
    assert!(
        runs.len() == 2 && runs.iter().all(|run| run.samples.is_some() && run.wall_s.is_none()),
        "{runs:?}"
    );
    let rounds: Vec<Round> = files::csv(&raw.join("sitting-1/rounds.csv")).expect("rounds");
    assert_eq!(rounds.len(), 4);
    assert!(
        rounds.iter().all(|round| round.tries == 1 && round.others_percent.is_some() && round.wall_s > 0.0)
    );
    let facts = Facts::read(&raw.join("sitting-1/facts.toml")).expect("facts");
    assert!(facts.seed.is_some() && facts.tools["hyperfine"].starts_with("hyperfine 1."));
    assert!(shown.contains("db: 13 steps, about 1 min\n"), "{shown}");
    assert!(shown.contains("] db/one/round-1\n  hyperfine -N --style none --runs 1 "), "{shown}");
    place.assert_nothing_runs();
}

#[test]
fn quick_leaves_the_results_alone() {
    let place = Place::new();
    place.succeed(&["--quick", "web"]);
    assert_eq!(place.read("target/quick/results/box/measurements.csv"), "new\n");
    assert!(!place.path("target/quick/results/box/raw/db").exists());
    place.assert_untouched();
}

#[test]
fn a_failing_program_is_named_with_its_message() {
    let place = Place::new();
    place.noted_lab();
    place.script("bin/one", "echo 'host 3: refused' >&2; exit 7");
    let output = place.run(&["db"]);
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    for part in ["exit code 7", "] db/one/trace", "'it'\\''s `one` argument'", "  host 3: refused\n"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!place.path("runs-two").exists());
    place.assert_untouched();
    place.assert_nothing_runs();
}

#[test]
fn what_fails_under_hyperfine_is_told_how_to_be_seen() {
    let place = Place::new();
    place.script("bin/one", &format!("{QUICK}; [ $(wc -l <runs-one) != 3 ] || exit 7"));
    let output = place.run(&["web"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("web/one/round-1") && stderr(&output).contains("--show-output"),
        "{}",
        stderr(&output)
    );
    place.assert_untouched();
}

#[test]
fn a_dying_lab_ends_the_bench_at_once() {
    // Where a failing program is a result, a dying lab is none.
    at_once(vec![&["db"][..], &["--study", "scale"]], |args| {
        let place = Place::new();
        place.script("bin/one", LONG);
        let real = program("bench-lab");
        place.script(
            "bin/bench-lab",
            &format!("echo $$ >>pids; exec timeout --foreground 2 '{}' \"$@\"", real.display()),
        );
        let started = Instant::now();
        let output = place.run(args);
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("the lab died"), "{}", stderr(&output));
        place.assert_untouched();
        place.assert_nothing_runs();
    });
}

#[test]
fn a_program_that_fails_with_the_lab_is_not_blamed() {
    let place = Place::new();
    place.noted_lab();
    place.script("bin/one", "kill $(head -n 1 pids); exit 1");
    let message = stderr(&place.run(&["db"]));
    assert!(message.contains("the lab died") && !message.contains("exit code"), "{message}");
}

#[test]
fn a_lab_that_does_not_start_is_told() {
    let place = Place::new();
    place.script("bin/bench-lab", "echo no port >&2; exit 2");
    let output = place.run(&["db"]);
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    assert!(
        message.contains("the lab does not start, exit code 2") && message.contains("  no port\n"),
        "{message}"
    );
}

#[test]
fn a_row_whose_probe_fails_is_skipped_with_the_reason() {
    let place = Place::new();
    place.script("bin/lucky", "[ \"$*\" = --now ] && echo 'io_uring is disabled' >&2; exit 1");
    place.succeed(&["db"]);
    assert_eq!(place.read("results/box/raw/db/two/status.txt"), "skipped: io_uring is disabled\n");
    assert!(!place.path("runs-two").exists());
    assert!(place.path("results/box/raw/db/one/runs.csv").exists());
}

#[test]
fn sick_hosts_are_expected_to_fail() {
    let place = Place::new();
    place.script("bin/one", "echo 'host 1: refused' >&2; exit 1");
    place.succeed(&["--study", "faults"]);
    let runs: Vec<Run> =
        files::csv(&place.path("results/box/raw/faults-db-refuse/one/runs.csv")).expect("runs");
    assert!(runs.len() >= 2 && runs.iter().all(|run| run.exit_code == 1), "{runs:?}");
    place.script("bin/one", "exit 2");
    assert_eq!(place.run(&["--study", "faults"]).status.code(), Some(1), "but not so");
}

#[test]
fn what_fails_as_it_grows_is_a_result() {
    let place = Place::new();
    place.script("bin/one", &format!("{QUICK}; printf 'a\\nno more threads\\n' >&2; exit 1"));
    place.script("bin/two", "exit 7");
    place.succeed(&["--study", "scale"]);
    let status = |row: &str| place.read(&format!("results/box/raw/scale-db-2/{row}/status.txt"));
    assert_eq!(status("one"), "failed: 2 lines like: no more threads\n");
    assert_eq!(status("two"), "failed: exit code 7\n");
    assert_eq!(place.lines("runs-one"), 2, "not tried again");
    assert!(!place.path("results/box/raw/scale-db-7").exists(), "a size that is no longer asked");
    assert!(place.path("results/box/raw/web/old").exists(), "of another study");
}

#[test]
fn a_run_that_was_stopped_goes_on() {
    let place = Place::new();
    // The third step that runs it waits for better times.
    place.script("bin/one", &format!("{QUICK}; [ -e on ] || [ $(wc -l <runs-one) != 3 ] || {{ {LONG}; }}"));
    let bench = place.start(&mut place.bench(&["web"]), 2);
    signal(&bench, "-TERM");
    let output = bench.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(143));
    assert!(stderr(&output).contains("make resume continues"), "{}", stderr(&output));
    place.assert_untouched();
    place.write("on", "");
    let output = place.run(&["db"]);
    assert_eq!(output.status.code(), Some(2), "what is measured is not thrown away");
    assert!(
        stderr(&output).contains("web was stopped after 2 of 5 steps: make resume"),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.run(&["--resume", "db"]).status.code(), Some(2));
    place.succeed(&["--resume"]);
    assert_eq!(place.lines("runs-one"), 2 + 1 + 2 + 1, "what was complete is not done again");
    assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    let rounds: Vec<Round> =
        files::csv(&place.path("results/box/raw/web/sitting-1/rounds.csv")).expect("rounds");
    assert_eq!(rounds.len(), 2);
    assert!(stderr(&place.run(&["--resume"])).contains("nothing to resume"));
}

#[test]
fn other_programs_and_another_machine_are_not_resumed() {
    let place = Place::new();
    place.write("crates/web/one/main.rs", "fn main() {}");
    place.script("bin/one", LONG);
    let mut bench = place.start(&mut place.bench(&["web"]), 2);
    bench.kill().expect("killed");
    bench.wait().expect("its end");
    place.script("bin/one", QUICK);
    let refused = |reason: &str| {
        let output = place.run(&["--resume"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    };
    place.write("crates/web/one/main.rs", "fn main() { todo!() }");
    refused("the sources of web have changed");
    place.write("crates/web/one/main.rs", "fn main() {}");
    let run = place.read("target/bench/run.toml");
    place.write("target/bench/run.toml", &run.replace("stepping = ", "stepping = \"another\" #"));
    refused("cannot resume on another machine: stepping: ");
    place.write("target/bench/run.toml", &run[..run.len() / 2]);
    refused("cannot use target/bench/run.toml");
    place.assert_untouched();
    place.write("target/bench/run.toml", &run);
    place.succeed(&["--resume"]);
}

#[test]
fn again_adds_a_sitting_of_rounds() {
    let place = Place::new();
    let output = place.run(&["--again"]);
    assert_eq!(output.status.code(), Some(2), "these results have no raw files of rows: {}", stderr(&output));
    place.succeed(&["db"]);
    let before = place.lines("runs-one");
    fs::remove_dir_all(place.path("results/box/raw/web")).expect("removed");
    place.succeed(&["--again"]);
    assert_eq!(place.lines("runs-one"), before + 2);
    let again: Vec<Round> =
        files::csv(&place.path("results/box/raw/db/sitting-2/rounds.csv")).expect("rounds");
    assert_eq!(again.len(), 4);
    assert!(place.path("results/box/raw/db/sitting-1/rounds.csv").exists());
    assert!(place.path("results/box/raw/db/one/runs.csv").exists());
}

#[test]
fn the_commit_is_that_of_this_folder_or_unknown() {
    let place = Place::new();
    let git = |folder: &str, args: &[&str]| {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let mut git = Command::new("git");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        let output = git.current_dir(place.path(folder)).args(who).args(args).output().expect("git");
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    // A hook of another repository.
    let repository = |folder: &str| {
        fs::create_dir_all(place.path(folder)).expect("a folder");
        git(folder, &["init", "--quiet"]);
        git(folder, &["commit", "--quiet", "--allow-empty", "--message", folder]);
        git(folder, &["rev-parse", "--short=12", "HEAD"])
    };
    let facts = |file: &str| {
        place.write(&format!("crates/one/{file}"), "");
        let output =
            place.bench(&["db"]).env("GIT_DIR", place.path("elsewhere/.git")).output().expect("bench-run");
        assert!(output.status.success(), "{}", stderr(&output));
        Facts::read(&place.path("results/box/raw/db/sitting-1/facts.toml")).expect("facts")
    };
    let warned = |facts: &Facts, text: &str| facts.warnings.iter().any(|warning| warning.contains(text));
    repository("elsewhere");
    let none = facts("README.md");
    assert!(none.commit == "unknown" && !none.changed, "{none:?}");
    assert!(warned(&none, "the commit is unknown: fatal: not a git repository"), "{none:?}");
    git("", &["init", "--quiet"]);
    git("", &["add", "bench.toml"]);
    git("", &["commit", "--quiet", "--message", "all"]);
    let commit = git("", &["rev-parse", "--short=12", "HEAD"]);
    let page = facts("README.md");
    assert!(page.commit == commit && !page.changed, "the report writes figures into it: {page:?}");
    assert!(facts("main.rs").changed);
    // A ZIP unpacked in another repository.
    fs::create_dir_all(place.path("inside")).expect("a folder");
    for name in ["bench.toml", "bin"] {
        std::os::unix::fs::symlink(place.path(name), place.path(&format!("inside/{name}"))).expect("a link");
    }
    let output = place.bench(&["db"]).current_dir(place.path("inside")).output().expect("bench-run");
    assert!(output.status.success(), "{}", stderr(&output));
    let inside = place.path("inside/results/box/raw/db/sitting-1/facts.toml");
    let inside = Facts::read(&inside).expect("facts");
    assert!(inside.commit == "unknown" && warned(&inside, "inside another repository"), "{inside:?}");
}
