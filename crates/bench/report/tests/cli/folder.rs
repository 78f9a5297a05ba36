//! A results directory of its own for each test, and ways to change it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The recorded results, with the pages made of them.
pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/machine")
}

pub fn run_in<'a>(folder: &Path, args: impl IntoIterator<Item = &'a str>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench-report")).current_dir(folder).args(args).output().unwrap()
}

pub fn run<'a>(args: impl IntoIterator<Item = &'a str>) -> Output {
    run_in(&root(), args)
}

#[track_caller]
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Exit code 2 and one line that has all of `words`.
#[track_caller]
pub fn refused(output: &Output, words: &[&str]) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
    assert!(output.stdout.is_empty());
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line}");
    }
}

/// The recorded raw files, in a folder that a test may change.
pub struct Results(TempDir);

impl Results {
    pub fn new() -> Self {
        let results = Results(TempDir::new().unwrap());
        copy(&fixture().join("raw"), &results.path().join("raw"));
        fs::copy(fixture().join("machine.toml"), results.path().join("machine.toml")).unwrap();
        results
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("machine")
    }

    pub fn text(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    /// The page of this name, made anew.
    #[track_caller]
    pub fn page(&self, name: &str) -> String {
        stdout(&run(["report", &self.text()]));
        self.read(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        fs::write(self.path().join(name), change(self.read(name))).unwrap();
    }

    /// Changes the wall times of a sitting of `db`, by round and folder.
    pub fn rounds(&self, sitting: u32, change: impl Fn(u32, &str, f64) -> f64) {
        self.edit(&format!("raw/db/sitting-{sitting}/rounds.csv"), |text| {
            let line = |line: &str| {
                let mut fields: Vec<&str> = line.split(',').collect();
                let Ok(wall) = fields[2].parse() else { return format!("{line}\n") };
                let wall = change(fields[0].parse().unwrap(), fields[1], wall).to_string();
                fields[2] = &wall;
                fields.join(",") + "\n"
            };
            text.lines().map(line).collect()
        });
    }

    /// Further sittings of `db`, up to `count`: all runs of a sitting are a little slower, and no two sittings are alike.
    pub fn sittings(&self, count: u32, drift: f64) {
        let db = self.path().join("raw/db");
        for sitting in 2..=count {
            copy(&db.join("sitting-1"), &db.join(format!("sitting-{sitting}")));
            self.rounds(sitting, |round, slug, wall| {
                let jitter = f64::from((slug.len() as u32 * 7 + sitting * 5 + round) % 11) - 5.0;
                wall * (1.0 + drift * f64::from(sitting)) * (1.0 + 0.003 * jitter)
            });
        }
    }
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(item.file_name());
        if item.path().is_dir() {
            copy(&item.path(), &to);
        } else {
            fs::copy(item.path(), to).unwrap();
        }
    }
}

/// All files below a folder, and what is in them.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for item in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = item.path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            drop(found.insert(path.clone(), fs::read(&path).unwrap()))
        }
    }
    found
}
