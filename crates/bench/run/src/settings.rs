//! What the user asks for: arguments and environment, checked before anything begins.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use bench_data::matrix::BENCH;
use clap::{ArgAction, Parser, builder::FalseyValueParser};

/// Measures the workloads of bench.toml, and moves the results into place when they are complete: into
/// results/<machine>, or with --quick into target/quick/results/<machine>.
///
/// Whatever ends it early (Ctrl-C, a failing program, a dying lab, kill -9), the results stay as they were, and no
/// process stays behind.
#[derive(Parser)]
#[command(name = "bench-run")]
pub struct Settings {
    /// Shorter waits, fewer items, two rounds: tries everything, measures nothing
    #[arg(long)]
    pub quick: bool,
    /// The study to measure: bench, scale, faults, network, shapes or timeline
    #[arg(long, value_name = "STUDY", default_value = BENCH)]
    pub study: String,
    /// Continue a run that was stopped, after its last complete step
    #[arg(long, conflicts_with_all = ["quick", "study", "again", "workloads"])]
    pub resume: bool,
    /// Add a sitting of timed rounds to the results of make bench
    #[arg(long, conflicts_with_all = ["quick", "study"])]
    pub again: bool,
    /// Show every step as a command, with the files it writes, and run none
    #[arg(long)]
    pub print: bool,
    /// Programs that are built already: nothing is installed or built
    #[arg(long, value_name = "DIR")]
    pub bin_dir: Option<PathBuf>,
    /// Add the articles' own programs
    #[arg(long, env = "PYTHON", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub python: bool,
    /// Measure on a busy machine, and say so in the results
    #[arg(long, env = "BUSY", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub busy: bool,
    /// Throw away what a stopped run has measured
    #[arg(long, env = "FRESH", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub fresh: bool,
    /// Name of the results folder
    #[arg(long, env = "MACHINE", value_name = "NAME", default_value = "", hide_default_value = true)]
    pub machine: String,
    /// mariadb: a MariaDB of our own answers instead of the lab (workload db)
    #[arg(long, env = "DATABASE", value_name = "SERVER", default_value = "", hide_default_value = true)]
    database: String,
    /// A file of mysql:// URLs: these hosts answer (workload db)
    #[arg(long, env = "DATABASE_URLS", value_name = "FILE", default_value = "", hide_default_value = true)]
    pub urls: String,
    /// Names from bench.toml; all of the study when none is given
    pub workloads: Vec<String>,
}

impl Settings {
    /// Reads arguments and environment. Ends the process where clap wants to: `--help`, unknown options.
    pub fn read() -> Result<Self> {
        let mut settings = Self::parse();
        if settings.resume {
            return Ok(settings);
        }
        let Self { machine, database, urls, study, .. } = &settings;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        ensure!(
            machine.chars().all(plain) && !machine.starts_with(['.', '_', '-']),
            "MACHINE={machine} cannot be the name of a folder"
        );
        let study = match (urls.as_str(), database.as_str()) {
            ("", "") if study == "own" => bail!("which hosts? DATABASE_URLS=FILE make bench-db"),
            ("", "") => return Ok(settings),
            ("", "mariadb") => "mariadb",
            ("", _) => bail!("DATABASE={database}: only mariadb is known"),
            _ => "own",
        };
        let db = settings.study == BENCH && !settings.again && settings.workloads == ["db"];
        ensure!(db, "DATABASE and DATABASE_URLS are for make bench-db");
        settings.workloads.clear();
        settings.study = study.to_owned();
        Ok(settings)
    }
}
