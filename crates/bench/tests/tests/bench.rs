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
use bench_data::{facts::Facts, files, rounds::Round};
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
    assert_eq!(place.lines("runs-one"), 2 + 2 + 1, "observed, timed, counted");
    let raw = place.path("results/box/raw/db");
    for file in ["workload.toml", "one/observed-2.json", "two/time-1.txt", "one/syscalls.txt"] {
        assert!(raw.join(file).exists(), "{file}");
    }
    let rounds: Vec<Round> = files::csv(&raw.join("sitting-1/rounds.csv")).expect("rounds");
    assert_eq!(rounds.len(), 4);
    assert!(
        rounds.iter().all(|round| round.tries == 1 && round.others_percent.is_some() && round.wall_s > 0.0)
    );
    let facts = Facts::read(&raw.join("sitting-1/facts.toml")).expect("facts");
    assert!(facts.seed.is_some() && facts.tools["hyperfine"].starts_with("hyperfine 1."));
    assert!(shown.contains("db: 11 steps, about 1 min\n"), "{shown}");
    assert!(shown.contains("one: round 1 of 2\n  hyperfine -N --style none --runs 1 "), "{shown}");
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
    for part in ["exit code 7", "] one: observed", "'it'\\''s `one` argument'", "  host 3: refused\n"] {
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
        stderr(&output).contains("round 1 of 2") && stderr(&output).contains("--show-output"),
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
    assert!(stderr(&output).contains("no port\nbench: the lab died"), "{}", stderr(&output));
}

#[test]
fn a_row_whose_probe_fails_is_skipped_with_the_reason() {
    let place = Place::new();
    place.script("bin/lucky", "[ \"$*\" = --now ] && echo 'io_uring is disabled' >&2; exit 1");
    place.succeed(&["db"]);
    assert_eq!(place.read("results/box/raw/db/two/status.txt"), "skipped: io_uring is disabled\n");
    assert!(!place.path("runs-two").exists());
    assert!(place.path("results/box/raw/db/one/observed-1.json").exists());
}

#[test]
fn sick_hosts_are_expected_to_fail() {
    let place = Place::new();
    place.script("bin/one", "echo 'host 1: refused' >&2; exit 1");
    place.succeed(&["--study", "faults"]);
    let record = place.read("results/box/raw/faults-db-refuse/one/observed-2.json");
    assert!(record.contains("\"exit_code\":1"), "{record}");
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
    assert_eq!(bench.wait_with_output().expect("its end").status.code(), Some(143));
    place.assert_untouched();
    place.write("target/bench/done.txt", &format!("{}half a li", place.read("target/bench/done.txt")));
    place.write("on", "");
    for (args, name, value, reason) in [
        (&["--resume", "db"][..], "PYTHON", "", "it was bench web MACHINE=box, not bench db"),
        (&["--resume", "web"], "MACHINE", "crate", "not bench web MACHINE=crate"),
    ] {
        let output = place.bench(args).env(name, value).output().expect("bench-run");
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
    place.succeed(&["--resume"]);
    assert_eq!(place.lines("runs-one"), 2 + 1 + 2 + 1, "what was complete is not done again");
    assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    let rounds: Vec<Round> =
        files::csv(&place.path("results/box/raw/web/sitting-1/rounds.csv")).expect("rounds");
    assert_eq!(rounds.len(), 2);
    assert!(stderr(&place.run(&["--resume"])).contains("nothing to resume"));
}

#[test]
fn what_is_not_the_same_any_more_is_not_resumed() {
    let place = Place::new();
    place.script("bin/one", LONG);
    let mut bench = place.start(&mut place.bench(&["web"]), 2);
    bench.kill().expect("killed");
    bench.wait().expect("its end");
    place.script("bin/one", QUICK);
    let output = place.run(&["--resume"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("one was built anew since"), "{}", stderr(&output));
    let state = place.read("target/bench/state.toml");
    place.write("target/bench/state.toml", &state[..state.len() / 2]);
    let output = place.run(&["--resume"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cannot resume: cannot use target/bench/state.toml"),
        "{}",
        stderr(&output)
    );
    place.assert_untouched();
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
    assert!(place.path("results/box/raw/db/one/observed-1.json").exists());
}

#[test]
fn changed_sources_are_noted_and_generated_pages_are_not() {
    let place = Place::new();
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let output =
            Command::new("git").current_dir(place.path("")).args(who).args(args).output().expect("git");
        assert!(output.status.success(), "{}", stderr(&output));
    };
    git(&["init", "--quiet"]);
    git(&["add", "bench.toml"]);
    git(&["commit", "--quiet", "--message", "all"]);
    let changed_with = |file: &str| {
        fs::create_dir_all(place.path("crates/one")).expect("a folder");
        place.write(&format!("crates/one/{file}"), "");
        place.succeed(&["db"]);
        place.read("results/box/raw/db/sitting-1/facts.toml").contains("\nchanged = true\n")
    };
    assert!(!changed_with("README.md"), "the report writes figures into it");
    assert!(changed_with("main.rs"));
}
