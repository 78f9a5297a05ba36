//! The program by its command line, on results that were recorded by the real tools.

mod compare;
mod report;
mod repository;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use bench_data::rounds::Round;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The recorded results, with the pages made of them.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/machine")
}

fn run_in(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench-report")).current_dir(folder).args(args).output().unwrap()
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Exit code 2 and one line that has all of `words`.
#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
    assert!(output.stdout.is_empty());
    words.iter().for_each(|word| assert!(line.contains(word), "{word:?} is not in {line}"));
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(text.contains(part), "{part:?} is not in {text}"));
}

/// The recorded raw files, in a folder that a test may change.
struct Results(TempDir);

impl Results {
    fn new() -> Self {
        let results = Results(TempDir::new().unwrap());
        copy(&fixture().join("raw"), &results.path().join("raw"));
        fs::copy(fixture().join("machine.toml"), results.path().join("machine.toml")).unwrap();
        results
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("machine")
    }

    fn text(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    fn report(&self, args: &[&str]) -> Output {
        run_in(&root(), &[&["report"], args, &[&self.text()]].concat())
    }

    /// The page of this name, made anew.
    #[track_caller]
    fn page(&self, name: &str) -> String {
        stdout(&self.report(&[]));
        self.read(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        fs::write(self.path().join(name), change(self.read(name))).unwrap();
    }

    /// Changes the wall times of a sitting of `db`.
    fn rounds(&self, sitting: u32, change: impl Fn(&Round) -> f64) {
        self.edit(&format!("raw/db/sitting-{sitting}/rounds.csv"), |text| {
            let mut rounds = bench_data::files::rows::<Round>(&text).unwrap();
            rounds.iter_mut().for_each(|round| round.wall_s = change(round));
            bench_data::files::to_csv(rounds).unwrap()
        });
    }

    /// Further sittings of `db`, up to `count`: all runs of a sitting are a little slower, and no two sittings are alike.
    fn sittings(&self, count: u32, drift: f64) {
        let db = self.path().join("raw/db");
        for sitting in 2..=count {
            copy(&db.join("sitting-1"), &db.join(format!("sitting-{sitting}")));
            self.rounds(sitting, |round| {
                let jitter = f64::from((round.slug.len() as u32 * 7 + sitting * 5 + round.round) % 11) - 5.0;
                round.wall_s * (1.0 + drift * f64::from(sitting)) * (1.0 + 0.003 * jitter)
            });
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let path = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// All files below a folder, and their contents.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}
