//! What bench-run promises: results come whole or not at all, and no process stays behind.

mod place;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use behaviour_tests::program;
use bench_data::{facts::Facts, files, rounds::Round};
use place::{LONG, Place, QUICK, at_once, signal, stderr, until};

#[test]
fn complete_results_move_into_place() {
    let place = Place::new();
    place.noted_lab();
    let shown = place.succeed(&["db"]);
    assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    assert_eq!(place.read("results/box/name"), "box\n", "the pages are made in a folder of the right name");
    assert!(place.path("results/box/raw/web/old").exists(), "not measured now");
    assert!(!place.path("results/box/raw/db/old").exists(), "measured now");
    assert_eq!(place.read("calls"), "index results\nreadme README.md results/box\n");
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

/// What can be measured: arguments, `DATABASE`, and the programs before the first that takes long.
fn studies() -> [(&'static [&'static str], &'static str); 5] {
    [
        (&["db"], ""),
        (&["--study", "scale"], ""),
        (&["--study", "faults"], ""),
        (&["--study", "network"], ""),
        (&["db"], "mariadb"),
    ]
}

#[test]
fn a_signal_leaves_neither_half_results_nor_processes() {
    let signals = [("-HUP", 129), ("-INT", 130), ("-TERM", 143)];
    let cases = signals.into_iter().flat_map(|signal| studies().map(|study| (signal, study)));
    at_once(cases.collect(), |((name, code), (args, database))| {
        let place = Place::new();
        place.noted_lab();
        place.script("bin/one", LONG);
        place.script("scripts/mariadb.sh", "echo $$ >>pids; echo ready; cat >/dev/null");
        if !database.is_empty() {
            place.script("bin/bench-observe", "while [ \"$1\" != -- ]; do shift; done; shift; \"$@\"");
        }
        let bench = place.start(place.bench(args).env("DATABASE", database), 3);
        let sent = Instant::now();
        signal(&bench, name);
        let output = bench.wait_with_output().expect("its end");
        assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains("stopped; the results are as they were"), "{}", stderr(&output));
        place.assert_untouched();
        place.assert_nothing_runs();
    });
}

#[test]
fn what_ignores_the_signal_is_killed() {
    let place = Place::new();
    place.script(
        "bin/one",
        "trap '' TERM INT HUP; echo $$ >>pids; setsid sh -c 'echo $$ >>pids; exec sleep 60'; sleep 60",
    );
    let bench = place.start(&mut place.bench(&["web"]), 2);
    signal(&bench, "-INT");
    assert_eq!(bench.wait_with_output().expect("its end").status.code(), Some(130));
    place.assert_nothing_runs();
}

#[test]
fn nohup_is_respected() {
    let place = Place::new();
    place.script("bin/one", LONG);
    let mut bench = place.bench(&["web"]);
    let mut nohup = std::process::Command::new("env");
    nohup.arg("--ignore-signal=HUP").arg(program("bench-run")).args(bench.get_args().skip(2));
    nohup.envs(bench.get_envs().filter_map(|(name, value)| Some((name, value?))));
    nohup
        .current_dir(place.path(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    bench = nohup;
    let bench = place.start(&mut bench, 2);
    signal(&bench, "-HUP");
    signal(&bench, "-TERM");
    assert_eq!(bench.wait_with_output().expect("its end").status.code(), Some(143));
    place.assert_nothing_runs();
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
fn a_second_bench_is_refused_until_the_first_is_gone() {
    let place = Place::new();
    place.noted_lab();
    place.script("bin/one", LONG);
    let mut bench = place.start(&mut place.bench(&["db"]), 3);
    let output = place.run(&["db"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("another bench runs"), "{}", stderr(&output));

    // Killed, the first can end nothing. Nobody keeps its lock or lives on.
    bench.kill().expect("killed");
    bench.wait().expect("its end");
    place.assert_nothing_runs();
    place.assert_untouched();
    place.script("bin/one", QUICK);
    place.succeed(&["db"]);
}

#[test]
fn a_killed_set_up_or_build_leaves_nothing() {
    let place = Place::new();
    place.script("scripts/python/setup.sh", LONG);
    let mut bench = place.start(place.plain(&["web"]).env("PYTHON", "1"), 2);
    bench.kill().expect("killed");
    bench.wait().expect("its end");
    place.assert_nothing_runs();
}

#[test]
fn a_kill_in_the_exchange_leaves_old_or_new_results() {
    at_once((0..10).collect(), |instant| {
        let place = Place::new();
        let mut bench = place.bench(&["web"]).spawn().expect("bench-run");
        until("the report", || place.path("reporting").exists());
        std::thread::sleep(Duration::from_millis(instant * 3));
        bench.kill().expect("killed");
        bench.wait().expect("its end");
        let whole = |name: &str| match place.read(&format!("results/{name}/measurements.csv")).as_str() {
            "old\n" => place.path(&format!("results/{name}/raw/web/old")).exists(),
            "new\n" => place.path(&format!("results/{name}/raw/web/one/observed-2.json")).exists(),
            _ => false,
        };
        assert!(whole("box"), "{:?}", place.read("results/box/measurements.csv"));
        assert!(place.path("results/box/raw/db/old").exists(), "kept");
        if place.path("target/bench/state.toml").exists() {
            let runs = place.lines("runs-one");
            place.succeed(&["--resume"]);
            assert_eq!(place.lines("runs-one"), runs, "only the report was left to be made");
        }
        assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    });
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
fn settings_choose_the_study_and_set_it_up() {
    let place = Place::new();
    for set_up in ["mariadb", "python/setup"] {
        place.script(&format!("scripts/{set_up}.sh"), "echo \"$0 $*\" >>set-up");
    }
    // The programs are built already, as cargo finds.
    fs::create_dir_all(place.path("target")).expect("a folder");
    fs::rename(place.path("bin"), place.path("target/release")).expect("renamed");
    place.script("bin/cargo", "echo \"$CARGO_TARGET_DIR$CARGO_BUILD_TARGET $*\" >>built");
    let path = format!("{}:{}", place.path("bin").display(), place::path());
    let run = |settings: &[(&str, &str)]| {
        let mut bench = place.plain(&["--quick", "db"]);
        bench.env("PATH", &path).env("CARGO_TARGET_DIR", "elsewhere").env("CARGO_BUILD_TARGET", "wasm");
        let output = bench.envs(settings.iter().copied()).output().expect("bench-run");
        let set_up = place.read("set-up");
        let _ = fs::remove_file(place.path("set-up"));
        (output, set_up)
    };
    let (output, set_up) = run(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(set_up, "");
    let built = place.read("built");
    assert_eq!(
        built,
        "target build --release --locked -p bench-lab -p bench-observe -p bench-report -p lucky -p one -p two\n"
    );
    assert!(run(&[("PYTHON", "1")]).1.ends_with("scripts/python/setup.sh \n"));
    let (output, set_up) = run(&[("DATABASE", "mariadb")]);
    assert!(set_up.contains("scripts/mariadb.sh --install\n"), "{set_up}");
    assert!(stderr(&output).contains("MariaDB died"), "this one is none: {}", stderr(&output));
    place.script("scripts/python/setup.sh", "echo no Python >&2; exit 2");
    assert_eq!(run(&[("PYTHON", "1")]).0.status.code(), Some(2));
}

#[test]
fn the_copy_of_ones_own_hosts_is_removed() {
    for end in ["", "-INT", "-KILL"] {
        let place = Place::new();
        let copy = place.path("target/bench/lab/db.urls");
        place.write("own.urls", "mysql://a@b:1/c\n\nmysql://a@d:1/c\n");
        let note = "stat -c %a target/bench/lab/db.urls >>modes";
        place.script("bin/one", &format!("{note}; {}", if end.is_empty() { QUICK } else { LONG }));
        let mut bench = place.bench(&["db"]);
        bench.env("DATABASE_URLS", "own.urls");
        if end.is_empty() {
            let output = bench.output().expect("bench-run");
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(place.read("results/box/raw/db-own/workload.toml").contains("\nsize = 2\n"));
        } else {
            let bench = place.start(&mut bench, 2);
            signal(&bench, end);
            bench.wait_with_output().expect("its end");
        }
        until("the copy is removed", || !copy.exists());
        assert_eq!(place.read("modes").lines().next(), Some("600"), "it may hold passwords");
    }
}

#[test]
fn bad_settings_and_names_are_refused() {
    let place = Place::new();
    place.write("empty.urls", "\n");
    for (args, name, value, message) in [
        (&["db"][..], "DATABASE", "oracle", "only mariadb is known"),
        (&[], "DATABASE", "mariadb", "are for make bench-db"),
        (&["--study", "scale"], "DATABASE_URLS", "own.urls", "are for make bench-db"),
        (&["db"], "DATABASE_URLS", "none.urls", "no file none.urls"),
        (&["db"], "DATABASE_URLS", "empty.urls", "empty.urls is empty"),
        (&["--study", "all"], "PYTHON", "1", "choose from bench, mariadb, own, scale, faults, network"),
        (&["mail"], "PYTHON", "", "choose from db, web"),
        (&["--fast"], "PYTHON", "", "Usage"),
        (&["--again", "--quick"], "PYTHON", "", "cannot be used with"),
        (&[], "MACHINE", "../elsewhere", "MACHINE=../elsewhere cannot be"),
        (&["--resume"], "PYTHON", "", "nothing to resume"),
        (&["web", "--bin-dir", "empty"], "PYTHON", "", "empty holds no bench-observe"),
    ] {
        let bench = if args.contains(&"--bin-dir") { place.plain(args) } else { place.bench(args) };
        let output = { bench }.env(name, value).output().expect("bench-run");
        assert_eq!(output.status.code(), Some(2), "{args:?} {name}={value}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let matrix = place.read("bench.toml").replace("needs = \"luck\"", "needs = \"pluck\"");
    place.write("bench.toml", &matrix);
    let output = place.run(&["web"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("unknown need \"pluck\"; known are luck"), "{}", stderr(&output));
    place.assert_untouched();
}

#[test]
fn results_of_another_version_are_refused_before_the_start() {
    let place = Place::new();
    place.write("results/box/raw/prices/workload.toml", "version = 1\n");
    let output = place.run(&["web"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("prices/workload.toml: it has version 1"), "{}", stderr(&output));
    assert!(!place.path("runs-one").exists());
}

#[test]
fn a_disk_that_is_full_in_the_end_leaves_the_old_results() {
    let place = Place::new();
    place.script(
        "bin/bench-report",
        "echo half >\"$2/measurements.csv\"; echo 'No space left on device' >&2; exit 1",
    );
    let output = place.run(&["web"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("No space left") && stderr(&output).contains("bench-report"),
        "{}",
        stderr(&output)
    );
    place.assert_untouched();
    // A file where a folder must be.
    place.write("results/.new", "");
    let output = place.run(&["web"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is the disk full?"), "{}", stderr(&output));
    fs::remove_file(place.path("results/.new")).expect("removed");
    place.assert_untouched();
    assert_eq!(
        fs::metadata(place.path("results/box")).expect("a folder").permissions().mode() & 0o700,
        0o700
    );
}
