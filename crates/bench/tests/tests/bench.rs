//! What scripts/bench.sh promises, on a plan of stand-ins: results come whole or not at all, and no
//! process stays behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Stands in for bench-report. `plan.tsv` is the test's.
const BENCH_REPORT: &str = r#"
case $1 in
  plan) mkdir -p target/bench/new/raw/db/one && cat plan.tsv ;;
  report) echo new >"$2/measurements.csv" ;;
  machine) if [ "$2" = --name ]; then echo box; else echo "$@" >"$3"; fi ;;
  *) echo "$@" >>calls ;;
esac
"#;

/// A lab that notes its number and ends with its standard input.
const LAB: &str = "lab\t-\tthe lab\tsh -c 'echo $$ >>pids; echo ready; cat >/dev/null'";

/// A step that would take a minute, with a process under it.
const LONG: &str = "run\tdb/one\tlong\techo $$ >>pids; sh -c 'echo $$ >>pids; exec sleep 60'; true";

/// A folder with bench.sh, its stand-ins, and old results of the machine `box`.
struct Place(TempDir);

impl Place {
    fn new(plan: &[&str]) -> Self {
        let place = Self(TempDir::new().expect("a scratch directory"));
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../scripts/bench.sh");
        place.script("scripts/bench.sh", &fs::read_to_string(own).expect("bench.sh"));
        for setup in ["setup", "mariadb", "python/setup"] {
            place.script(&format!("scripts/{setup}.sh"), "echo \"$0 $*\" >>set-up");
        }
        place.script("bin/cargo", "");
        place.script("target/release/bench-report", BENCH_REPORT);
        place.write("plan.tsv", &format!("{}\n", plan.join("\n")));
        place.write("results/box/measurements.csv", "old\n");
        place.write("results/box/machine.toml", "old\n");
        place.write("results/box/raw/web/kept", "kept\n");
        place.write("results/box/raw/db/replaced", "");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().expect("a folder")).expect("a folder");
        fs::write(self.path(name), text).expect("a file");
    }

    fn script(&self, name: &str, text: &str) {
        let text = if text.starts_with("#!") { text.to_owned() } else { format!("#!/bin/sh\n{text}") };
        self.write(name, &text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("executable");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn bench(&self, args: &[&str]) -> Command {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(self.path("scripts/bench.sh"));
        command.args(args).env("PATH", path).stdin(Stdio::null());
        for name in ["MACHINE", "PYTHON", "DATABASE", "DATABASE_URLS"] {
            command.env_remove(name);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.bench(args).output().expect("bench.sh runs")
    }

    /// Starts the bench and waits until so many processes have noted their number.
    fn start(&self, processes: usize) -> Child {
        self.started(self.bench(&[]), processes)
    }

    fn started(&self, mut bench: Command, processes: usize) -> Child {
        let bench = bench.spawn().expect("bench.sh runs");
        until("the processes start", || self.read("pids").lines().count() == processes);
        bench
    }

    fn assert_untouched(&self) {
        assert_eq!(self.read("results/box/measurements.csv"), "old\n");
        assert!(self.path("results/box/raw/db/replaced").exists());
        assert!(!self.path("calls").exists(), "neither index nor README");
    }

    fn assert_nothing_runs(&self) {
        let pids = self.read("pids");
        assert!(!pids.is_empty());
        for pid in pids.lines() {
            until("no process is left behind", || !alive(pid));
        }
    }
}

fn alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn signal(bench: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &bench.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn complete_results_move_into_place() {
    let place = Place::new(&["say\t-\tabout a minute\t-", LAB, "run\tdb/one\tfirst\techo done >out"]);
    let output = place.run(&["db"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(place.read("results/box/measurements.csv"), "new\n");
    assert_eq!(place.read("results/box/raw/web/kept"), "kept\n", "not measured now");
    assert!(!place.path("results/box/raw/db/replaced").exists(), "measured now");
    let machine = place.read("results/box/machine.toml");
    assert!(machine.contains("--measured db --previous results/box/machine.toml"), "{machine}");
    assert_eq!(place.read("calls"), "index results\nreadme README.md results/box\n");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("about a minute\n") && shown.contains("first\n  echo done >out\n"), "{shown}");
    place.assert_nothing_runs();
}

#[test]
fn quick_leaves_the_results_alone() {
    let place = Place::new(&["run\tdb/one\tfirst\ttrue"]);
    let output = place.run(&["--quick"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(place.read("target/quick/results/box/measurements.csv"), "new\n");
    assert!(!place.path("target/quick/results/box/raw/web").exists());
    place.assert_untouched();
}

#[test]
fn a_signal_leaves_neither_half_results_nor_processes() {
    let targets: [(&[&str], &str); 5] = [
        (&[], ""),
        (&["--part", "scale"], ""),
        (&["--part", "faults"], ""),
        (&["--part", "network"], ""),
        (&["db"], "mariadb"),
    ];
    let signals = [("-INT", 130), ("-TERM", 143)];
    for ((args, database), (name, code)) in targets.into_iter().flat_map(|t| signals.map(|s| (t, s))) {
        let place = Place::new(&[LAB, LONG]);
        let mut bench = place.bench(args);
        bench.env("DATABASE", database);
        let bench = place.started(bench, 3);
        let sent = Instant::now();
        signal(&bench, name);
        let output = bench.wait_with_output().expect("its end");
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains("stopped"), "{}", stderr(&output));
        place.assert_untouched();
        place.assert_nothing_runs();
    }
}

#[test]
fn what_ignores_the_signal_is_killed() {
    let stubborn = "run\tdb/one\tstubborn\ttrap '' TERM; echo $$ >>pids; sleep 60; true";
    let place = Place::new(&[stubborn]);
    let bench = place.start(1);
    let sent = Instant::now();
    signal(&bench, "-INT");
    assert_eq!(bench.wait_with_output().expect("its end").status.code(), Some(130));
    assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    place.assert_nothing_runs();
}

#[test]
fn a_failing_program_is_named_with_its_message() {
    let failing = "run\tdb/one\t[1/1] db-one\techo 'host 3: refused' >&2; exit 7";
    let place = Place::new(&[LAB, failing, "run\tdb/one\tnever\ttouch never"]);
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    for part in ["exit code 7", "[1/1] db-one", "echo 'host 3: refused' >&2; exit 7", "  host 3: refused\n"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!place.path("never").exists());
    place.assert_untouched();
    place.assert_nothing_runs();
}

#[test]
fn a_dying_lab_ends_the_bench_at_once() {
    let lab = "lab\t-\tthe lab\tsh -c 'echo $$ >>pids; echo ready; sleep 0.3'";
    // Where a failing program is a result, a dying lab is none.
    for (args, long) in
        [(&[][..], LONG.to_owned()), (&["--part", "scale"][..], LONG.replacen("run", "try", 1))]
    {
        let place = Place::new(&[lab, &long]);
        let started = Instant::now();
        let output = place.run(args);
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("the lab died"), "{}", stderr(&output));
        place.assert_untouched();
        place.assert_nothing_runs();
    }
}

#[test]
fn a_program_that_fails_with_the_lab_is_not_blamed() {
    let lab = "lab\t-\tthe lab\tsh -c 'echo ready; until [ -e end ]; do sleep 0.01; done'";
    let place = Place::new(&[lab, "run\tdb/one\tfirst\ttouch end; exit 1"]);
    let message = stderr(&place.run(&[]));
    assert!(message.contains("the lab died") && !message.contains("exit code"), "{message}");
}

#[test]
fn a_lab_that_does_not_start_is_told() {
    let place = Place::new(&["lab\t-\tthe lab\tsh -c 'echo no port >&2; exit 2'", LONG]);
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no port\nbench: the lab died"), "{}", stderr(&output));
}

#[test]
fn a_row_whose_probe_fails_is_skipped_with_the_reason() {
    let probe = "probe\tdb/one\tcan it run?\techo 'io_uring is disabled' >&2; exit 1";
    let place = Place::new(&[probe, "run\tdb/one\tnever\ttouch never", "run\tdb/two\tother\ttouch other"]);
    let output = place.run(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(place.read("results/box/raw/db/one/status.txt"), "skipped: io_uring is disabled\n");
    assert!(!place.path("never").exists());
    assert!(place.path("other").exists());
}

#[test]
fn a_second_bench_is_refused_until_the_first_is_gone() {
    let place = Place::new(&[LAB, LONG]);
    let mut bench = place.start(3);
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("another bench runs"), "{}", stderr(&output));

    // Killed, the first can end nothing. The lab ends with its input, and nobody keeps the lock.
    bench.kill().expect("killed");
    bench.wait().expect("its end");
    let pids = place.read("pids");
    let lab = pids.lines().next().expect("the lab's");
    until("the lab ends", || !alive(lab));
    let _ = Command::new("kill").args(pids.lines().skip(1)).status();
    place.write("plan.tsv", "run\tdb/one\tfirst\ttrue\n");
    let output = place.run(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn bad_names_are_refused() {
    let place = Place::new(&[]);
    let output = place.bench(&[]).env("MACHINE", "../elsewhere").output().expect("bench.sh runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("../elsewhere"), "{}", stderr(&output));
    let output = place.run(&["--fast"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("usage"), "{}", stderr(&output));
}

#[test]
fn what_fails_as_it_grows_is_a_result() {
    let failing = "try\tscale-db-9/one\tnine\tprintf 'a\\nno more threads\\n' >&2; exit 1";
    let silent = "try\tscale-db-9/two\tnine\texit 7";
    let place = Place::new(&[failing, "try\tscale-db-9/one\tagain\ttouch again", silent]);
    let new = "target/bench/new/raw/scale-db-9";
    let folders = BENCH_REPORT.replace("target/bench/new/raw/db/one", &format!("{new}/one {new}/two"));
    place.script("target/release/bench-report", &folders);
    place.write("results/box/raw/scale-db-10/old", "");
    let output = place.run(&["--part", "scale"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let status = |row: &str| place.read(&format!("results/box/raw/scale-db-9/{row}/status.txt"));
    assert_eq!(status("one"), "failed: 2 lines like: no more threads\n");
    assert_eq!(status("two"), "failed: exit code 7\n");
    assert!(!place.path("again").exists(), "not tried again");
    assert!(!place.path("results/box/raw/scale-db-10").exists(), "a size that is no longer asked");
    assert_eq!(place.read("results/box/raw/web/kept"), "kept\n", "of another part");
    assert!(place.read("results/box/machine.toml").contains("--measured scale "));
}

#[test]
fn settings_choose_the_part_and_set_it_up() {
    let place = Place::new(&[]);
    place.script("target/release/bench-report", &format!("echo \"$@\" >>asked\n{BENCH_REPORT}"));
    let run = |settings: &[(&str, &str)]| {
        let mut bench = place.bench(&["db"]);
        bench.envs(settings.iter().copied());
        let output = bench.output().expect("bench.sh runs");
        assert!(output.status.success(), "{}", stderr(&output));
        let asked = place.read("asked");
        let _ = fs::remove_file(place.path("asked"));
        asked.lines().find(|line| line.starts_with("plan")).expect("a plan").to_owned()
    };
    assert!(run(&[]).starts_with("plan --part bench --raw "));
    assert!(run(&[("PYTHON", "1")]).starts_with("plan --part bench --python --raw "));
    assert!(place.read("set-up").contains("python/setup.sh"));
    assert!(run(&[("DATABASE", "mariadb")]).starts_with("plan --part mariadb --raw "));
    assert!(place.read("set-up").contains("mariadb.sh --install"));

    place.write("own.urls", "mysql://a@b:1/c\n\nmysql://a@d:1/c\n");
    assert!(run(&[("DATABASE_URLS", "own.urls")]).starts_with("plan --size 2 --part own --raw "));
    let copy = fs::metadata(place.path("target/bench/lab/db.urls")).expect("a copy");
    assert_eq!(copy.permissions().mode() & 0o777, 0o600, "it may hold passwords");
}

#[test]
fn bad_settings_are_refused() {
    let place = Place::new(&[LONG]);
    place.write("empty.urls", "");
    for (args, name, value, message) in [
        (&["db"][..], "DATABASE", "oracle", "only mariadb is known"),
        (&[], "DATABASE", "mariadb", "are for make bench-db"),
        (&["--part", "scale"], "DATABASE_URLS", "own.urls", "are for make bench-db"),
        (&["db"], "DATABASE_URLS", "none.urls", "no file none.urls"),
        (&["db"], "DATABASE_URLS", "empty.urls", "empty.urls is empty"),
        (&["--part", "all"], "PYTHON", "1", "usage"),
    ] {
        let output = place.bench(args).env(name, value).output().expect("bench.sh runs");
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    place.assert_untouched();
}

#[test]
fn a_full_disk_leaves_the_old_results() {
    let place = Place::new(&["run\tdb/one\tfirst\ttrue"]);
    // Copies a part, as cp does until the disk is full.
    place.script(
        "bin/cp",
        "for to; do :; done\ncase $to in results/*) mkdir -p \"$to\"; echo half >\"$to/measurements.csv\"\n\
         echo 'cp: No space left on device' >&2; exit 1 ;; esac\nexec /bin/cp \"$@\"",
    );
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is the disk full?"), "{}", stderr(&output));
    place.assert_untouched();
    let left: Vec<_> = fs::read_dir(place.path("results")).expect("results").flatten().collect();
    assert_eq!(left.len(), 1, "nothing half-written: {left:?}");
}
