//! A results directory of its own for each test, and ways to change it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// Root of the repository, where `bench.toml` is.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The recorded results, with the pages that they make.
pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/machine")
}

/// Runs the program in a folder.
pub fn run_in<'a>(folder: &Path, args: impl IntoIterator<Item = &'a str>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench-report")).current_dir(folder).args(args).output().unwrap()
}

/// Runs the program in the root of the repository.
pub fn run<'a>(args: impl IntoIterator<Item = &'a str>) -> Output {
    run_in(&root(), args)
}

/// What it printed, when it succeeded.
#[track_caller]
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Exit code 2 and one line that has all of `words`.
#[track_caller]
pub fn refused(output: &Output, words: &[&str]) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(output.stdout.is_empty());
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line}");
    }
}

/// The recorded raw files, in a folder that a test may change.
pub struct Results {
    folder: TempDir,
}

impl Results {
    pub fn new() -> Self {
        let results = Results { folder: TempDir::new().unwrap() };
        copy(&fixture().join("raw"), &results.path().join("raw"));
        fs::copy(fixture().join("machine.toml"), results.path().join("machine.toml")).unwrap();
        results
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("machine")
    }

    pub fn text(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    pub fn report(&self) -> Output {
        run(["report", &self.text()])
    }

    pub fn check(&self) -> Output {
        run(["report", "--check", &self.text()])
    }

    /// The page of this name, made anew.
    #[track_caller]
    pub fn page(&self, name: &str) -> String {
        stdout(&self.report());
        self.read(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        fs::write(self.path().join(name), change(self.read(name))).unwrap();
    }

    /// `rounds.csv` of a sitting of `db` as lines of round, folder, wall time and the rest.
    pub fn rounds(&self, sitting: u32, change: impl FnMut(u32, &str, f64) -> f64) {
        let file = format!("raw/db/sitting-{sitting}/rounds.csv");
        let mut change = change;
        self.edit(&file, |text| {
            let mut lines = text.lines().map(str::to_owned);
            let head = lines.next().unwrap();
            let lines = lines.map(|line| {
                let mut fields: Vec<&str> = line.split(',').collect();
                let wall =
                    change(fields[0].parse().unwrap(), fields[1], fields[2].parse().unwrap()).to_string();
                fields[2] = &wall;
                fields.join(",")
            });
            std::iter::once(head).chain(lines).map(|line| line + "\n").collect()
        });
    }

    /// `db-tokio` once more in `db`, `factor` times as long but for some rounds, as a control.
    pub fn control(&self, control: &str, factor: f64) {
        let db = self.path().join("raw/db");
        let slug = format!("db-tokio-{control}");
        copy(&db.join("db-tokio"), &db.join(&slug));
        self.edit("raw/db/workload.toml", |text| {
            let row = text.split("[[rows]]\n").find(|row| row.contains("slug = \"db-tokio\"\n")).unwrap();
            let row = row.replace(
                "program = \"db-tokio\"",
                &format!("program = \"db-tokio ({control})\"\ncontrol = \"{control}\""),
            );
            let row = row.replace("slug = \"db-tokio\"", &format!("slug = \"{slug}\""));
            format!(
                "{text}\n[[rows]]\n{}",
                row.replace("limit_s = 0.1", &format!("limit_s = {}", 0.1 * factor))
            )
        });
        self.edit("raw/db/sitting-1/rounds.csv", |text| {
            let own = text.lines().filter(|line| line.contains(",db-tokio,")).enumerate().map(|(i, line)| {
                let fields: Vec<&str> = line.split(',').collect();
                // No two runs are alike.
                let jitter = 1.0 + 0.002 * if i % 2 == 0 { i as f64 } else { -(i as f64) };
                let wall = fields[2].parse::<f64>().unwrap() * factor * jitter;
                format!("{},{slug},{wall},{}\n", fields[0], fields[3..].join(","))
            });
            format!("{}\n{}", text.trim_end(), own.collect::<String>())
        });
    }

    /// `count` sittings of `db` at different times: all runs of a sitting are a little faster or slower.
    pub fn sittings(&self, count: u32, weather: f64) {
        let db = self.path().join("raw/db");
        for sitting in 2..=count {
            copy(&db.join("sitting-1"), &db.join(format!("sitting-{sitting}")));
            self.rounds(sitting, |round, slug, wall| {
                let own = f64::from((slug.len() as u32 * 7 + sitting * 5 + round) % 11) - 5.0;
                wall * (1.0 + weather * f64::from(sitting)) * (1.0 + 0.003 * own)
            });
            // Only rows with rounds are timed again.
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

/// All files below a folder.
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
