//! However a run ends, the results are whole and nothing stays behind.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, thread, time::Duration};

use behaviour_tests::{finish, kill, program, spawn, until, with_each};

use super::place::{LONG, Place, QUICK};

#[test]
fn a_signal_leaves_neither_half_results_nor_processes() {
    let stubborn =
        "trap '' TERM INT HUP; echo $$ >>pids; setsid sh -c 'echo $$ >>pids; exec sleep 60'; sleep 60";
    let signals = [("-HUP", 129), ("-INT", 130), ("-TERM", 143)];
    // The arguments and `DATABASE`; the program that runs when the signal comes, and the number of processes then.
    let runs = [
        ("db", "", "bin/one", LONG, 3),
        ("--study scale", "", "bin/one", LONG, 3),
        ("--study faults", "", "bin/one", LONG, 3),
        ("--study network", "", "bin/one", LONG, 3),
        ("db", "mariadb", "bin/one", LONG, 3),
        ("db", "", "bin/one", stubborn, 3),
        ("web", "", "bin/bench-report", LONG, 2),
        ("db", "", "bin/lucky", LONG, 2),
    ];
    let cases = signals.into_iter().flat_map(|signal| runs.map(|run| (signal, run)));
    with_each(cases, |((signal, code), (args, database, script, text, processes))| {
        let place = Place::new();
        place.script(script, text);
        place.script("scripts/mariadb.sh", "echo $$ >>pids; echo ready; cat >/dev/null");
        if !database.is_empty() {
            place.script("bin/bench-observe", "while [ \"$1\" != -- ]; do shift; done; shift; \"$@\"");
        }
        let bench = place.start(place.bench(args).env("DATABASE", database), *processes);
        place.stop(bench, signal, *code);
    });
}

#[test]
fn ignored_signals_stay_ignored_but_for_that_of_a_childs_end() {
    let place = Place::new();
    place.script("bin/one", LONG);
    let bench = place.bench("web");
    let mut nohup = Command::new("env");
    nohup.arg("--ignore-signal=HUP,CHLD").arg(program("bench-run")).args(bench.get_args().skip(2));
    nohup.envs(bench.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(place.path(""));
    let bench = place.start(&mut nohup, 2);
    kill("-HUP", bench.id());
    place.stop(bench, "-TERM", 143);
    place.script("bin/one", QUICK);
    nohup.arg("--fresh");
    let run = finish(spawn(&mut nohup));
    run.was(run.code == 0 && place.read("results/box/measurements.csv") == "new\n", "SIGCHLD is ignored");
}

#[test]
fn a_killed_driver_leaves_nothing_and_no_other_runs_beside_it() {
    // In an observed run, in a timed one, under strace, and in the set-up.
    with_each([1, 3, 5, 0], |run| {
        let place = Place::new();
        place.script("bin/one", &format!("{QUICK}; [ $(wc -l <runs-one) != {run} ] || {{ {LONG}; }}"));
        place.script("bin/two", "");
        place.script("scripts/python/setup.sh", &format!("echo $$ >>pids; {LONG}"));
        let mut bench = if *run == 0 { place.plain("db") } else { place.bench("db") };
        bench.env("PYTHON", if *run == 0 { "1" } else { "" });
        let bench = place.start(&mut bench, 3);
        place.run("db").refused(2, "another bench runs", "a second one");
        // Killed, the first can end nothing. Nobody keeps its lock or lives on.
        place.kill(bench);
        place.assert_nothing_runs();
        place.assert_untouched();
        place.script("bin/one", QUICK);
        place.succeed("--fresh db");
    });
}

#[test]
fn a_kill_in_the_exchange_leaves_old_or_new_results() {
    with_each(0..10, |instant| {
        let place = Place::new();
        let bench = spawn(&mut place.bench("web"));
        until("the report", || place.path("reporting").exists());
        thread::sleep(Duration::from_millis(instant * 3));
        place.kill(bench);
        let marker = match place.read("results/box/measurements.csv").as_str() {
            "old\n" => "web/old",
            _ => "web/runs.csv",
        };
        for whole in [marker, "db/old"] {
            assert!(place.path("results/box/raw").join(whole).exists(), "{whole}");
        }
        if place.path("target/bench/run.toml").exists() {
            let runs = place.lines("runs-one");
            place.succeed("--resume");
            assert_eq!(place.lines("runs-one"), runs, "only the report was left to be made");
        }
        assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    });
}

#[test]
fn there_is_no_copy_of_ones_own_hosts() {
    let place = Place::new();
    place.write("own.urls", "mysql://a:swordfish@b:1/c\nmysql://a:swordfish@d:1/c\n");
    place.script("bin/one", &format!("{QUICK}; cat target/bench/lab/db.urls >read"));
    place.succeed_with("db", &[("DATABASE_URLS", "own.urls")]);
    assert!(place.read("results/box/raw/db-own/workload.toml").contains("\nsize = 2\n"));
    assert_eq!(place.read("read"), place.read("own.urls"));
    let mut grep = Command::new("grep");
    grep.args(["--recursive", "--files-with-matches", "swordfish", "target", "results"]);
    let found = finish(spawn(grep.current_dir(place.path(""))));
    assert!(found.out.is_empty(), "passwords in {:?}", found.out);
}

#[test]
fn a_disk_that_is_full_in_the_end_leaves_the_old_results() {
    let place = Place::new();
    // A file where a folder must be.
    place.write("results/.new", "");
    let run = place.run("web");
    run.was(run.code == 1 && run.failures("is the disk full?") == 1, "no folder");
    fs::remove_file(place.path("results/.new")).expect("removed");
    place.assert_untouched();
    let permissions = fs::metadata(place.path("results/box")).expect("a folder").permissions();
    assert_eq!(permissions.mode() & 0o700, 0o700);
}
