//! However a run ends, the results are whole and nothing stays behind.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use behaviour_tests::program;

use super::place::{LONG, Place, QUICK, at_once, signal, stderr, until};

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
fn a_killed_driver_leaves_nothing() {
    // In an observed run, in a timed one, and under strace.
    at_once(vec![1, 3, 5], |run| {
        let place = Place::new();
        place.noted_lab();
        place.script("bin/one", &format!("{QUICK}; [ $(wc -l <runs-one) != {run} ] || {{ {LONG}; }}"));
        place.script("bin/two", "");
        let mut bench = place.start(&mut place.bench(&["db"]), 3);
        bench.kill().expect("killed");
        bench.wait().expect("its end");
        place.assert_nothing_runs();
        place.assert_untouched();
    });
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
    place.succeed(&["--fresh", "db"]);
}

#[test]
fn a_killed_set_up_or_build_leaves_nothing() {
    let place = Place::new();
    place.script("scripts/python/setup.sh", LONG);
    let mut bench = place.start(place.plain(&["db"]).env("PYTHON", "1"), 2);
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
            "new\n" => place.path(&format!("results/{name}/raw/web/one/runs.csv")).exists(),
            _ => false,
        };
        assert!(whole("box"), "{:?}", place.read("results/box/measurements.csv"));
        assert!(place.path("results/box/raw/db/old").exists(), "kept");
        if place.path("target/bench/run.toml").exists() {
            let runs = place.lines("runs-one");
            place.succeed(&["--resume"]);
            assert_eq!(place.lines("runs-one"), runs, "only the report was left to be made");
        }
        assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    });
}

#[test]
fn there_is_no_copy_of_ones_own_hosts() {
    let place = Place::new();
    place.write("own.urls", "mysql://a:swordfish@b:1/c\n\nmysql://a:swordfish@d:1/c\n");
    place.script("bin/one", &format!("{QUICK}; cat target/bench/lab/db.urls >read"));
    let output = place.bench(&["db"]).env("DATABASE_URLS", "own.urls").output().expect("bench-run");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(place.read("results/box/raw/db-own/workload.toml").contains("\nsize = 2\n"));
    assert_eq!(place.read("read"), place.read("own.urls"));
    let found = std::process::Command::new("grep")
        .args(["--recursive", "--files-with-matches", "swordfish", "target", "results"])
        .current_dir(place.path(""))
        .output()
        .expect("grep");
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "it holds passwords");
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
    let output = place.run(&["--fresh", "web"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is the disk full?"), "{}", stderr(&output));
    fs::remove_file(place.path("results/.new")).expect("removed");
    place.assert_untouched();
    assert_eq!(
        fs::metadata(place.path("results/box")).expect("a folder").permissions().mode() & 0o700,
        0o700
    );
}
