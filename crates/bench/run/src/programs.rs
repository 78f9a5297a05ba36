//! Where the programs are, and how they come there: only what is measured is built.

use std::{
    env,
    path::{Path, PathBuf},
};

use bench_data::workload::{Row, Server};

use crate::{
    processes::Processes,
    progress,
    run::Run,
    stop::{Outcome, Stop},
};

/// CPU time of building one program with its share of what it is built of, in seconds: 42 programs took 5.3 minutes on two
/// CPUs.
const BUILD_S: f64 = 15.0;

/// The programs of the workspace.
pub struct Programs {
    folder: PathBuf,
    built: bool,
}

impl Programs {
    /// Those that cargo puts beside this one, or those that are built already in another folder.
    pub fn new(bin_dir: Option<&Path>) -> Self {
        let folder = bin_dir.map(Path::to_owned).or_else(beside).unwrap_or("target/release".into());
        Self { folder, built: bin_dir.is_some() }
    }

    /// How to call a program; what has a folder in its name is called as it is.
    pub fn path(&self, name: &str) -> String {
        if name.contains('/') { name.to_owned() } else { self.folder.join(name).display().to_string() }
    }

    /// A program's or script's command, without its arguments.
    pub fn command(&self, row: &Row) -> Vec<String> {
        match row.python {
            true => vec!["target/python/bin/python".to_owned(), format!("scripts/python/{}", row.file())],
            false => vec![self.path(row.file())],
        }
    }

    /// About how long it takes to build those of `packages` that are not there, in seconds.
    pub fn build_s(&self, packages: &[String], cpus: u64) -> f64 {
        let missing = packages.iter().filter(|name| !self.built && !self.folder.join(name).exists());
        missing.count() as f64 * BUILD_S / cpus as f64
    }

    /// Installs what this run needs besides the tools that `scripts/setup.sh bench` brings.
    pub fn set_up(&self, processes: &mut Processes, run: &Run) -> Outcome<()> {
        let python = run.workloads().flat_map(|workload| &workload.rows).any(|row| row.python);
        let python = python.then_some(["scripts/python/setup.sh"].as_slice());
        let mariadb = (run.study == "mariadb").then_some(["scripts/setup.sh", "mariadb"].as_slice());
        for script in python.into_iter().chain(mariadb).filter(|_| !self.built) {
            let argv: Vec<String> = script.iter().map(ToString::to_string).collect();
            let code = processes.build(&argv)?;
            if code != 0 {
                let command = argv.join(" ");
                return Err(Stop::refused(format!("{command} failed with exit code {code} (see above)")));
            }
        }
        Ok(())
    }

    /// Builds these packages.
    pub fn build(&self, processes: &mut Processes, packages: &[String]) -> Outcome<()> {
        if !self.built {
            let words = ["cargo", "build", "--release", "--locked"];
            let mut argv: Vec<String> = words.map(str::to_owned).into();
            // Not `-p`, with which cargo would choose features, and so build anew, for each choice of packages.
            argv.extend(packages.iter().flat_map(|name| ["--bin".to_owned(), name.clone()]));
            progress::print(&shell_words::join(&argv));
            if processes.build(&argv)? != 0 {
                return Err(Stop::refused("the programs cannot be built (see above); nothing was measured"));
            }
        }
        match packages.iter().find(|name| !self.folder.join(name).exists()) {
            Some(name) => {
                Err(Stop::refused(format!("{} holds no {name}: build it first", self.folder.display())))
            }
            None => Ok(()),
        }
    }
}

/// The folder of this program, relative to the repository: `target/release`, or `target/<triple>/release` where cargo's
/// configuration has a `build.target`.
fn beside() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let folder = program.parent()?.strip_prefix(env::current_dir().ok()?).ok()?;
    folder.ends_with("release").then(|| folder.to_owned())
}

/// The packages that a run needs, and the tools that measure them; each once.
pub fn packages(run: &Run) -> Vec<String> {
    let mut names = vec!["bench-report".to_owned()];
    for workload in run.workloads() {
        let lab = matches!(workload.server, Some(Server::Lab(_))).then_some("bench-lab");
        names.extend(lab.map(str::to_owned));
        for row in workload.rows.iter().filter(|row| row.skip.is_none()) {
            let program = (!row.python).then(|| row.file().to_owned());
            let observe = (row.observed > 0).then(|| "bench-observe".to_owned());
            names.extend([program, row.probe.first().cloned(), observe].into_iter().flatten());
        }
    }
    names.sort();
    names.dedup();
    names
}
