//! Where the programs are, and how they come there: only what is measured is built.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use bench_data::workload::{Row, Server, Workload};

use crate::{
    machine,
    processes::{Processes, guarded},
    progress,
    run::Run,
    steps::{fill, words},
};

/// CPU time of building one program with its share of what it is built of, in seconds: 40 programs took 7.4 minutes on two
/// CPUs.
const BUILD_S: f64 = 22.0;
/// Installing Python's packages, in seconds.
const PYTHON_S: f64 = 40.0;

pub struct Programs {
    folder: PathBuf,
    built: bool,
}

impl Programs {
    /// Those that are built already in a folder, or those that cargo puts beside this one: `target/release`, or
    /// `target/<triple>/release` where cargo's configuration has a `build.target`.
    pub fn new(bin_dir: Option<&Path>) -> Self {
        let beside = || {
            let program = env::current_exe().ok()?;
            let folder = program.parent()?.strip_prefix(env::current_dir().ok()?).ok()?;
            folder.ends_with("release").then(|| folder.to_owned())
        };
        let folder = bin_dir.map(Path::to_owned).or_else(beside).unwrap_or("target/release".into());
        Self { folder, built: bin_dir.is_some() }
    }

    /// How to call a program; what has a folder in its name is called as it is.
    pub fn path(&self, name: &str) -> String {
        if name.contains('/') { name.to_owned() } else { self.folder.join(name).display().to_string() }
    }

    /// The row's program or script with the arguments of `argv`, which has the program's name first.
    pub fn command(&self, row: &Row, argv: &[String]) -> Vec<String> {
        let program = match row.python {
            true => vec!["target/python/bin/python".to_owned(), format!("scripts/python/{}", row.file())],
            false => vec![self.path(row.file())],
        };
        program.into_iter().chain(argv.iter().skip(1).map(|word| fill(word))).collect()
    }

    /// The packages that a run needs, and the tools that measure them.
    fn packages(run: &Run) -> BTreeSet<&str> {
        let mut names = BTreeSet::from(["bench-report"]);
        for workload in run.workloads() {
            names.extend(matches!(workload.server, Some(Server::Lab(_))).then_some("bench-lab"));
            for row in workload.rows.iter().filter(|row| row.skip.is_none()) {
                names.extend((!row.python).then_some(row.file()));
                names.extend(row.probe.first().map(String::as_str));
                names.extend((row.observed > 0).then_some("bench-observe"));
            }
        }
        names
    }

    fn missing<'a>(&self, run: &'a Run) -> Vec<&'a str> {
        Self::packages(run).into_iter().filter(|name| !self.folder.join(name).exists()).collect()
    }

    /// About how long it takes to build what is not there, in seconds.
    pub fn build_s(&self, run: &Run) -> Result<f64> {
        if self.built {
            return Ok(0.0);
        }
        let python = run.workloads().any(Workload::has_python) && !Path::new("target/python/stamp").exists();
        let build_s = self.missing(run).len() as f64 * BUILD_S / machine::cpus()? as f64;
        Ok(build_s + if python { PYTHON_S } else { 0.0 })
    }

    /// Installs what this run needs besides the tools that `scripts/setup.sh bench` brings, and builds its programs.
    pub fn build(&self, processes: &mut Processes, run: &Run) -> Result<()> {
        let mut commands = Vec::new();
        if run.workloads().any(Workload::has_python) {
            commands.push(words("scripts/python/setup.sh"));
        }
        if run.workloads().any(|workload| workload.study == "mariadb") {
            commands.push(words("scripts/setup.sh mariadb"));
        }
        // Not `-p`, with which cargo would choose features, and so build anew, for each choice of packages.
        let bins = Self::packages(run).into_iter().flat_map(|name| ["--bin", name].map(str::to_owned));
        commands.push(words("cargo build --release --locked").into_iter().chain(bins).collect());
        for argv in commands.into_iter().filter(|_| !self.built) {
            progress::print(&shell_words::join(&argv));
            let mut command = guarded(&argv);
            command.env("CARGO_TARGET_DIR", "target").env_remove("CARGO_BUILD_TARGET");
            let failed = if argv[0] == "cargo" { "the programs cannot be built" } else { &argv.join(" ") };
            ensure!(processes.run(&mut command)? == 0, "{failed}: see above; nothing was measured");
        }
        let (missing, folder) = (self.missing(run), self.folder.display());
        ensure!(missing.is_empty(), "{folder} holds no {}: build it first", missing[0]);
        Ok(())
    }
}
