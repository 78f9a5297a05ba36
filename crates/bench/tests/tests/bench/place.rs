//! A folder with a small matrix, programs that are scripts, and old results of the machine `box`.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Child, Command, Stdio};
use std::{env, fs, path::PathBuf};

use behaviour_tests::{Run, alive, finish, interruptible, kill, program, root, spawn, until};
use bench_data::{files, matrix::Matrix, resolve};
use serde::de::DeserializeOwned;
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
    /// The programs `one` and `two` are done at once; lab and observer are the real ones, and the lab notes its number.
    pub fn new() -> Self {
        let place = Self(TempDir::with_prefix("a bench ").expect("a scratch directory"));
        place.write("bench.toml", include_str!("bench.toml"));
        fs::create_dir_all(place.path("bin")).expect("a folder");
        symlink(program("bench-observe"), place.path("bin/bench-observe")).expect("a link");
        let lab = format!("echo $$ >>pids; exec '{}' \"$@\"", program("bench-lab").display());
        for (name, text) in
            [("bench-lab", &*lab), ("bench-report", REPORT), ("one", QUICK), ("two", QUICK), ("lucky", "")]
        {
            place.script(&format!("bin/{name}"), text);
        }
        place.write("results/box/measurements.csv", "old\n");
        // Old results, with a file that tells them from new ones.
        let matrix = Matrix::read(&place.path("bench.toml")).expect("a matrix");
        let cpus = resolve::Place { cpus: 2, quick: false, count: false, python: false, size: None };
        for (study, key, folder) in [
            ("bench", "db", "db"),
            ("bench", "web", "web"),
            ("scale", "scale-db-1", "scale-db-1"),
            ("scale", "scale-db-1", "scale-db-7"),
        ] {
            let workloads = matrix.resolve(study, &[], &cpus).expect("workloads");
            let workload = workloads.iter().find(|workload| workload.key == key).expect("its key");
            let folder = place.path(&format!("results/box/raw/{folder}"));
            files::write_toml(&folder.join("workload.toml"), workload).expect("written");
            files::write(&folder.join("old"), "").expect("written");
        }
        place
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

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn lines(&self, name: &str) -> usize {
        self.read(name).lines().count()
    }

    /// The rows of a raw file of `box`.
    pub fn raw<T: DeserializeOwned>(&self, name: &str) -> Vec<T> {
        files::csv(&self.path(&format!("results/box/raw/{name}"))).expect("rows")
    }

    /// The driver, as it is started in a shell: no signal is ignored, whatever these tests were started with.
    pub fn bench(&self, args: &str) -> Command {
        let mut command = self.plain(args);
        command.arg("--bin-dir").arg(self.path("bin"));
        command
    }

    /// The driver without `--bin-dir`.
    pub fn plain(&self, args: &str) -> Command {
        let mut command = interruptible(program("bench-run"));
        command.args(args.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        for name in ["PYTHON", "DATABASE", "DATABASE_URLS", "FRESH"] {
            command.env_remove(name);
        }
        // These tests keep the machine busy. What a test puts into `path` comes first; hyperfine is in target/tools.
        let (own, tools) = (self.path("path"), root().join("target/tools/bin"));
        let path = env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", own.display(), tools.display());
        command.envs([("BUSY", "1"), ("MACHINE", "box"), ("PATH", &path)]);
        command
    }

    pub fn run(&self, args: &str) -> Run {
        finish(spawn(&mut self.bench(args)))
    }

    /// Runs the driver to its good end.
    pub fn succeed(&self, args: &str) -> Run {
        self.succeed_with(args, &[])
    }

    /// The same with these variables.
    pub fn succeed_with(&self, args: &str, variables: &[(&str, &str)]) -> Run {
        let run = finish(spawn(self.bench(args).envs(variables.iter().copied())));
        run.was(run.code == 0, format!("{args} {variables:?}"));
        run
    }

    /// Asserts that the driver ends with this exit code and says all of this (between `|`), and leaves the results alone.
    pub fn fails(&self, args: &str, code: i32, words: &str) {
        let run = self.run(args);
        let told = run.err.join("\n");
        run.was(run.code == code && words.split('|').all(|words| told.contains(words)), words);
        self.assert_untouched();
    }

    /// Starts the driver and waits until this number of further processes have noted theirs.
    pub fn start(&self, bench: &mut Command, processes: usize) -> Child {
        let (before, bench) = (self.lines("pids"), spawn(bench));
        until("the processes start", || self.lines("pids") >= before + processes);
        bench
    }

    /// Kills the driver.
    pub fn kill(&self, mut bench: Child) {
        bench.kill().expect("killed");
        bench.wait().expect("its end");
    }

    /// Sends the driver a signal; its end, at which it told that there are no new results.
    pub fn stop(&self, bench: Child, signal: &str, code: i32) -> Run {
        kill(signal, bench.id());
        let run = finish(bench);
        run.was(run.code == code && run.failures("stopped; the results are as they were") == 1, signal);
        self.assert_untouched();
        self.assert_nothing_runs();
        run
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
