//! What bench-run promises: results come whole or not at all, and no process stays behind.

mod ends;
mod machine;
mod place;
mod settings;
mod steps;

use std::fs;

use behaviour_tests::{finish, program, spawn, with_each};
use bench_data::{facts::Facts, files, rounds::Round, runs::Run};
use place::{LONG, Place, QUICK};

#[test]
fn complete_results_move_into_place() {
    let place = Place::new();
    let shown = place.succeed("db").out;
    assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    assert_eq!(place.read("results/box/name"), "box\n", "the pages are made in a folder of the right name");
    assert!(place.path("results/box/raw/web/old").exists(), "not measured now");
    assert!(!place.path("results/box/raw/db/old").exists(), "measured now");
    assert_eq!(place.read("calls"), "report results/.new/box\nreport\n");
    assert_eq!(place.lines("runs-one"), 1 + 2 + 2 + 1, "traced, observed, timed, counted");
    for file in ["workload.toml", "one/trace.csv", "runs.csv", "one/syscalls.txt"] {
        assert!(place.path("results/box/raw/db").join(file).exists(), "{file}");
    }
    let runs: Vec<Run> = place.raw("db/runs.csv");
    let observed = |run: &Run| run.samples.is_some() && run.wall_s.is_none();
    assert_eq!(runs.iter().map(|run| run.slug.as_str()).collect::<Vec<_>>(), ["one", "one", "two", "two"]);
    assert!(runs.iter().all(observed), "{runs:?}");
    let rounds: Vec<Round> = place.raw("db/sitting-1/rounds.csv");
    let timed = |round: &Round| round.tries == 1 && round.others_percent.is_some() && round.wall_s > 0.0;
    assert!(rounds.len() == 4 && rounds.iter().all(timed), "{rounds:?}");
    let facts: Facts = files::toml(&place.path("results/box/raw/db/sitting-1/facts.toml")).expect("facts");
    assert!(facts.seed.is_some() && facts.tools["hyperfine"].starts_with("hyperfine 1."));
    for line in ["db: 13 steps, about 1 min", "] db/one/round-1", "  hyperfine -N --style none --runs 1 "] {
        assert!(shown.iter().any(|shown| shown.contains(line)), "{line}: {shown:?}");
    }
    place.assert_nothing_runs();
}

#[test]
fn quick_leaves_the_results_alone() {
    let place = Place::new();
    place.succeed("--quick web");
    assert_eq!(place.read("target/quick/results/box/measurements.csv"), "new\n");
    assert!(!place.path("target/quick/results/box/raw/db").exists());
    place.assert_untouched();
}

#[test]
fn what_fails_is_named_and_the_results_stay() {
    let third = format!("{QUICK}; [ $(wc -l <runs-one) != 3 ] || exit 7");
    let lab = program("bench-lab");
    let dying = format!("echo $$ >>pids; exec timeout --foreground 2 '{}' \"$@\"", lab.display());
    let refused = "exit code 7|] db/one/trace|'it'\\''s `one` argument'|  host 3: refused\n";
    let half = "echo half >\"$2/measurements.csv\"; echo 'No space left on device' >&2; exit 1";
    // Where a program that fails is a result, a tool or a lab that fails is none.
    let scale = "--study scale";
    with_each(
        [
            ("db", "bin/one", "echo 'host 3: refused' >&2; exit 7", refused),
            ("web", "bin/one", &third, "web/one/round-1|--show-output"),
            ("--study faults", "bin/one", "exit 2", "exit code 2"),
            ("db", "bin/one", "kill $(head -n 1 pids); exit 1", "the lab died"),
            ("db", "bin/bench-lab", "echo no port >&2; exit 2", "does not start, exit code 2|  no port\n"),
            ("db", "bin/bench-lab", &dying, "the lab died"),
            (scale, "bin/bench-lab", &dying, "the lab died"),
            (scale, "path/hyperfine", "echo unknown >&2; exit 1", "a tool failed|unknown"),
            (scale, "bin/bench-observe", "echo no room >&2; exit 125", "a tool failed|no room"),
            ("web", "bin/bench-report", half, "No space left|bench-report"),
        ],
        |(args, script, text, words)| {
            let place = Place::new();
            if *text == dying {
                place.script("bin/one", LONG);
            }
            place.script(script, text);
            place.fails(args, 1, words);
            if place.path("pids").exists() {
                place.assert_nothing_runs();
            }
        },
    );
}

#[test]
fn a_row_that_the_machine_cannot_run_is_skipped_with_the_reason() {
    let place = Place::new();
    place.script("bin/lucky", "[ \"$*\" = --now ] && echo 'io_uring is disabled' >&2; exit 1");
    place.succeed("db");
    assert_eq!(place.read("results/box/raw/db/two/status.txt"), "skipped: io_uring is disabled\n");
    assert!(!place.path("runs-two").exists() && place.path("results/box/raw/db/runs.csv").exists());
    // A lab for more hosts than there are descriptors for.
    let lab = program("bench-lab");
    let few = "echo 'bench-lab: the hard limit is 4096: raise it' >&2; exit 2";
    place.script(
        "bin/bench-lab",
        &format!("case \"$*\" in *'--hosts 2'*) {few};; esac; exec '{}' \"$@\"", lab.display()),
    );
    place.succeed("--study scale");
    let status = |key: &str| place.read(&format!("results/box/raw/{key}/one/status.txt"));
    assert!(status("scale-db-2").starts_with("skipped: the lab: ") && status("scale-db-1").is_empty());
}

#[test]
fn sick_hosts_are_expected_to_fail() {
    let place = Place::new();
    place.script("bin/one", "echo 'host 1: refused' >&2; exit 1");
    place.succeed("--study faults");
    let runs: Vec<Run> = place.raw("faults-db-refuse/runs.csv");
    let mut sick = runs.iter().filter(|run| run.slug == "one");
    assert!(runs.len() >= 4 && sick.all(|run| run.exit_code == 1), "{runs:?}");
}

#[test]
fn what_fails_as_it_grows_is_a_result() {
    let place = Place::new();
    place.script("bin/one", &format!("{QUICK}; printf 'a\\nno more threads\\n' >&2; exit 1"));
    place.script("bin/two", "exit 7");
    place.succeed("--study scale");
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
    let bench = place.start(&mut place.bench("web"), 2);
    let stopped = place.stop(bench, "-TERM", 143);
    stopped.was(stopped.failures("make resume continues") == 1, "its advice");
    place.write("on", "");
    place.fails("db", 2, "web was stopped after 2 of 5 steps: make resume|FRESH=1");
    place.fails("--resume db", 2, "cannot be used with");
    // Nothing about that run, whatever else fails.
    place.script("path/cargo", "exit 101");
    let build = finish(spawn(&mut place.plain("--fresh db")));
    let told = build.failures("the programs cannot be built") == 1 && build.failures("resume") == 0;
    build.was(build.code == 2 && told, "a build");
    place.succeed("--resume");
    assert_eq!(place.lines("runs-one"), 2 + 1 + 2 + 1, "what was complete is not done again");
    assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    assert_eq!(place.raw::<Round>("web/sitting-1/rounds.csv").len(), 2);
    place.run("--resume").refused(2, "nothing to resume", "no run");
}

#[test]
fn again_adds_a_sitting_of_rounds() {
    let place = Place::new();
    place.fails("--again", 2, "has no rounds to repeat");
    place.succeed("db");
    let before = place.lines("runs-one");
    fs::remove_dir_all(place.path("results/box/raw/web")).expect("removed");
    // A gap, as somebody leaves who deletes a sitting, and one that its control rejected.
    let raw = place.path("results/box/raw/db");
    fs::rename(raw.join("sitting-1"), raw.join("sitting-3")).expect("renamed");
    place.write("results/box/raw/db/rejected-5/facts.toml", "");
    place.succeed("--again");
    assert_eq!(place.lines("runs-one"), before + 2);
    assert_eq!(place.raw::<Round>("db/sitting-6/rounds.csv").len(), 4);
    for kept in ["sitting-3/rounds.csv", "rejected-5/facts.toml", "runs.csv"] {
        assert!(raw.join(kept).exists(), "{kept}");
    }
}

/// Measures the program `one` once more, as a control.
fn add_control(place: &Place) {
    let row = r#"{ program = "one", model = "tokio", at_once = "all" },"#;
    let control = r#"{ program = "one", model = "tokio", at_once = "all", control = "same" },"#;
    let matrix = place.read("bench.toml").replacen(row, &format!("{row}{control}"), 1);
    place.write("bench.toml", &matrix);
}

#[test]
fn further_blocks_of_rounds_are_made_where_the_control_scatters() {
    // A clock that says 0.1 s of all runs, but for every second of the control's.
    let hyperfine = |second: &str| {
        format!(
            r#"time=0.1
            case "$*" in
              *'one (again)'*) echo x >>again; [ $(($(wc -l <again) % 2)) = 1 ] || time={second};;
            esac
            while [ "${{1---export-json}}" != --export-json ]; do shift; done
            echo '{{"results":[{{"times":['$time'],"user":0,"system":0,"exit_codes":[0]}}]}}' >"${{2-version}}""#
        )
    };
    for (second, expected) in [("0.1", 2), ("0.2", 6)] {
        let place = Place::new();
        add_control(&place);
        let matrix = place.read("bench.toml").replacen("under_1s = 2,", "under_1s = 2, up_to = 6,", 1);
        place.write("bench.toml", &matrix);
        place.write("again", "");
        place.script("path/hyperfine", &hyperfine(second));
        place.succeed("db");
        let rounds: Vec<Round> = place.raw("db/sitting-1/rounds.csv");
        let of = |slug: &str| rounds.iter().filter(|round| round.slug == slug).count();
        assert_eq!(["one", "one-again", "two"].map(of), [expected; 3], "{rounds:?}");
    }
}

#[test]
fn again_has_the_controls_too_which_are_timed_and_never_observed() {
    let place = Place::new();
    add_control(&place);
    place.succeed("db");
    place.succeed("--again");
    for sitting in [1, 2] {
        let kept =
            |kind: &str| place.path(&format!("results/box/raw/db/{kind}-{sitting}/rounds.csv")).exists();
        let kind = if kept("sitting") { "sitting" } else { "rejected" };
        let rounds = place.raw::<Round>(&format!("db/{kind}-{sitting}/rounds.csv"));
        let of = |slug: &str| rounds.iter().filter(|round| round.slug == slug).count();
        assert_eq!((of("one"), of("one-again")), (2, 2), "sitting {sitting}");
    }
}
