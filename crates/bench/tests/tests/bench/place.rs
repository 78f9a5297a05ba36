//! A folder with a small matrix, programs that are scripts, and old results of the machine `box`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use behaviour_tests::{kill, program, root};
use bench_data::{files, matrix::Matrix, resolve};
use tempfile::TempDir;

/// Stands in for bench-report: the driver only has to call it.
const REPORT: &str = r#"
echo "$@" >>calls
[ $# = 1 ] || { echo new >"$2/measurements.csv"; echo "${2##*/}" >"$2/name"; echo >reporting; }
"#;

/// A program that would take a minute, with a process under it.
pub const LONG: &str = "echo $$ >>pids; sh -c 'echo $$ >>pids; exec sleep 60'; true";

/// A program that is done at once, and counts its runs.
pub const QUICK: &str = "echo x >>runs-${0##*/}";

pub struct Place(TempDir);

impl Place {
    /// The programs `one` and `two` are done at once; lab and observer are the real ones.
    pub fn new() -> Self {
        let place = Self(TempDir::with_prefix("a bench ").expect("a scratch directory"));
        place.write("bench.toml", include_str!("bench.toml"));
        for tool in ["bench-observe", "bench-lab"] {
            fs::create_dir_all(place.path("bin")).expect("a folder");
            symlink(program(tool), place.path(&format!("bin/{tool}"))).expect("a link");
        }
        place.script("bin/bench-report", REPORT);
        place.script("bin/one", QUICK);
        place.script("bin/two", QUICK);
        place.script("bin/lucky", "");
        place.write("results/box/measurements.csv", "old\n");
        for (study, key) in [("bench", "db"), ("bench", "web"), ("scale", "scale-db-1")] {
            place.old(study, key, key);
        }
        place.old("scale", "scale-db-1", "scale-db-7");
        place
    }

    /// Old results, with a file that tells them from new ones.
    fn old(&self, study: &str, key: &str, folder: &str) {
        let matrix = Matrix::read(&self.path("bench.toml")).expect("a matrix");
        let at = resolve::Place { cpus: 2, quick: false, count: false, python: false, size: None };
        let all = matrix.resolve(study, &[], &at).expect("workloads");
        let workload = all.iter().find(|workload| workload.key == key).expect("its key");
        let folder = self.path(&format!("results/box/raw/{folder}"));
        files::write_toml(&folder.join("workload.toml"), workload).expect("written");
        files::write(&folder.join("old"), "").expect("written");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        files::write(&self.path(name), text).expect("written");
    }

    pub fn script(&self, name: &str, text: &str) {
        let _ = fs::remove_file(self.path(name)); // a link to the real one
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// A lab that notes its number.
    pub fn noted_lab(&self) {
        self.script(
            "bin/bench-lab",
            &format!("echo $$ >>pids; exec '{}' \"$@\"", program("bench-lab").display()),
        );
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn lines(&self, name: &str) -> usize {
        self.read(name).lines().count()
    }

    /// The driver, as it is started in a shell: no signal is ignored, whatever these tests were started with.
    pub fn bench(&self, args: &[&str]) -> Command {
        let bin = self.path("bin");
        let mut command = self.plain(args);
        command.arg("--bin-dir").arg(bin);
        command
    }

    /// The driver without `--bin-dir`.
    pub fn plain(&self, args: &[&str]) -> Command {
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP,INT,TERM").arg(program("bench-run")).args(args);
        command.current_dir(self.0.path()).stdin(Stdio::null());
        for name in ["PYTHON", "DATABASE", "DATABASE_URLS", "FRESH"] {
            command.env_remove(name);
        }
        // These tests keep the machine busy.
        command.env("BUSY", "1").env("MACHINE", "box");
        command.env("PATH", path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.bench(args).output().expect("bench-run")
    }

    /// Runs the driver to its good end.
    pub fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts the driver and waits until so many processes have noted their number.
    pub fn start(&self, bench: &mut Command, processes: usize) -> Child {
        let bench = bench.spawn().expect("bench-run");
        until("the processes start", || self.lines("pids") >= processes);
        bench
    }

    pub fn assert_untouched(&self) {
        assert_eq!(self.read("results/box/measurements.csv"), "old\n");
        assert!(self.path("results/box/raw/db/old").exists());
        assert!(!self.read("calls").contains("report\n"), "no other page is made");
        let left: Vec<_> = fs::read_dir(self.path("results")).expect("results").flatten().collect();
        assert_eq!(left.len(), 1, "nothing half-written: {left:?}");
    }

    pub fn assert_nothing_runs(&self) {
        let pids = self.read("pids");
        assert!(!pids.is_empty());
        for pid in pids.lines() {
            until("no process is left behind", || !alive(pid));
        }
    }
}

/// `PATH` with hyperfine.
pub fn path() -> String {
    let tools = root().join("target/tools/bin");
    format!("{}:{}", tools.display(), std::env::var("PATH").unwrap_or_default())
}

fn alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

pub fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

pub fn signal(bench: &Child, name: &str) {
    kill(name, &bench.id().to_string());
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Does the same in each place at the same time.
pub fn at_once<T: Send>(cases: Vec<T>, test: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            let test = &test;
            scope.spawn(move || test(case));
        }
    });
}
