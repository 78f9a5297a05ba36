//! What the figures of this run depend on. No host name, user name or path is taken down.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use bench_data::{
    facts::{Facts, Machine},
    files,
    workload::Workload,
};
use procfs::process::LimitValue;
use serde::Deserialize;

use crate::machine::{output, sys, sysctl};

/// What makes figures differ; not the pages, results and documents, which the report writes figures into.
const SOURCES: [&str; 7] =
    ["crates", "scripts", "Cargo.toml", "Cargo.lock", "bench.toml", "rust-toolchain.toml", ":(exclude)*.md"];

/// When and with what this run measures.
pub struct Start {
    /// Date and time, UTC.
    pub date: String,
    /// Where the order of the rounds comes from.
    pub seed: u64,
    /// What others used of the CPUs before it, in percent.
    pub busy_percent: f64,
    /// Whether that was too much.
    pub busy: bool,
}

/// Commit of the workspace, and whether its sources differ from it.
pub fn commit() -> (String, bool) {
    let Some(commit) = output("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return ("unknown".to_owned(), true);
    };
    let status = ["status", "--porcelain", "--"];
    let changes = output("git", &[status.as_slice(), &SOURCES].concat());
    (commit.trim().to_owned(), changes.is_none_or(|text| !text.is_empty()))
}

/// Looks at what surrounds the programs of these workloads.
///
/// # Errors
/// An unusable lock file, or no `/proc`.
pub fn look(start: Start, machine: &Machine, workloads: &[Workload]) -> Result<Facts> {
    let (commit, changed) = commit();
    let mut facts = Facts {
        version: bench_data::SCHEMA,
        date: start.date,
        commit,
        changed,
        seed: Some(start.seed),
        kernel: sysctl("kernel/osrelease"),
        distribution: distribution(),
        compiler: first_line("rustc", &["--version"]),
        governor: sys("devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        turbo: turbo(),
        clock_source: sys("devices/system/clocksource/clocksource0/current_clocksource"),
        busy_percent: start.busy_percent,
        busy: start.busy,
        warnings: Vec::new(),
        limits: limits()?,
        tools: tools(workloads),
        sources: BTreeMap::new(),
        crates: crates(workloads, Path::new("Cargo.lock"))?,
    };
    facts.warnings = warnings(&facts, machine);
    Ok(facts)
}

fn warnings(facts: &Facts, machine: &Machine) -> Vec<String> {
    let mut warnings = Vec::new();
    if facts.busy {
        warnings.push(format!(
            "the machine was busy: {:.0} % of the CPUs before the start; stop what runs beside",
            facts.busy_percent
        ));
    }
    if matches!(facts.governor.as_str(), "powersave" | "ondemand" | "conservative" | "schedutil") {
        warnings.push(format!(
            "governor {}: the clock follows the load; set it to performance (cpupower frequency-set -g performance)",
            facts.governor
        ));
    }
    if facts.turbo == "on" {
        warnings.push("turbo is on: the clock depends on temperature and on the other cores".to_owned());
    }
    if machine.virtualisation != "none" {
        warnings.push("a virtual machine: its neighbours share the CPU, and speed drifts".to_owned());
    }
    if !["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "unknown"]
        .contains(&facts.clock_source.as_str())
    {
        warnings.push(format!("clock source {}: reading the time is slow", facts.clock_source));
    }
    // "unlimited" and "unknown" are no numbers.
    let limit = |name: &str| facts.limits.get(name).and_then(|value| value.parse::<u64>().ok());
    // 500 connections or 1000 threads, and the programs' own.
    for (name, least, remedy) in [
        ("nofile_hard", 4096, "ulimit -Hn 4096"),
        ("nproc_soft", 4096, "ulimit -u 4096"),
        ("memlock_hard", 1 << 20, "ulimit -Hl 1024"),
        ("somaxconn", 1024, "sysctl net.core.somaxconn=4096"),
        ("max_map_count", 65530, "sysctl vm.max_map_count=65530"),
    ] {
        if let Some(found) = limit(name).filter(|found| *found < least) {
            warnings.push(format!("low limit: {name} is {found}, {least} or more are wanted ({remedy})"));
        }
    }
    if limit("io_uring_disabled").is_some_and(|disabled| disabled != 0) {
        warnings.push(
            "io_uring is disabled: the glommio and compio programs cannot run (sysctl kernel.io_uring_disabled=0)"
                .to_owned(),
        );
    }
    warnings
}

fn turbo() -> String {
    let state = |path: &str, on: &str| match sys(path) {
        value if value == "unknown" => None,
        value => Some(if value == on { "on" } else { "off" }),
    };
    let intel = state("devices/system/cpu/intel_pstate/no_turbo", "0");
    intel.or_else(|| state("devices/system/cpu/cpufreq/boost", "1")).unwrap_or("unknown").to_owned()
}

fn limits() -> Result<BTreeMap<String, String>> {
    let limits = procfs::process::Process::myself()
        .and_then(|process| process.limits())
        .context("cannot read the limits")?;
    let text = |value: LimitValue| match value {
        LimitValue::Unlimited => "unlimited".to_owned(),
        LimitValue::Value(value) => value.to_string(),
    };
    let mut table = BTreeMap::new();
    for (name, limit) in [
        ("nofile", limits.max_open_files),
        ("memlock", limits.max_locked_memory),
        ("nproc", limits.max_processes),
    ] {
        table.insert(format!("{name}_soft"), text(limit.soft_limit));
        table.insert(format!("{name}_hard"), text(limit.hard_limit));
    }
    for path in ["net/core/somaxconn", "vm/max_map_count", "kernel/io_uring_disabled"] {
        let name = path.rsplit('/').next().unwrap_or(path);
        table.insert(name.to_owned(), sysctl(path));
    }
    Ok(table)
}

/// Versions of what measures; of MariaDB and Python only where they take part.
fn tools(workloads: &[Workload]) -> BTreeMap<String, String> {
    const PYTHON: &str = "target/python/bin/python";
    let mut tools = BTreeMap::new();
    for (name, tool) in [("hyperfine", "hyperfine"), ("time", "/usr/bin/time"), ("strace", "strace")] {
        tools.insert(name.to_owned(), first_line(tool, &["--version"]));
    }
    let lines = |text: String| text.lines().map(str::trim).collect::<Vec<_>>().join(", ");
    let mut add =
        |name: &str, text: Option<String>| tools.extend(text.map(|text| (name.to_owned(), lines(text))));
    if workloads.iter().any(|workload| workload.study == "mariadb") {
        add("mariadb", output("mariadbd", &["--version"]));
    }
    if workloads.iter().flat_map(|workload| &workload.rows).any(|row| row.python) {
        add("python", output(PYTHON, &["--version"]));
        add("python packages", output(PYTHON, &["-m", "pip", "list", "--format=freeze"]));
    }
    tools
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// The crates that the programs of these workloads use directly, or through our own libraries, with their versions.
fn crates(workloads: &[Workload], lock: &Path) -> Result<BTreeMap<String, String>> {
    let rows = workloads.iter().flat_map(|workload| &workload.rows).filter(|row| !row.python);
    let programs: BTreeSet<&str> = rows.map(|row| row.file()).collect();
    if !lock.exists() {
        return Ok(BTreeMap::new());
    }
    files::parse(lock, |text| Ok(versions(&toml::from_str(text)?, &programs)))
}

fn versions(lock: &Lock, programs: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let find = |dependency: &str| {
        // "name", or "name version" where there are several.
        let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
        lock.package
            .iter()
            .find(|package| package.name == name && (version.is_empty() || package.version == version))
    };
    let mut versions = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut ours: Vec<&Package> =
        lock.package.iter().filter(|package| programs.contains(package.name.as_str())).collect();
    while let Some(package) = ours.pop() {
        for dependency in package.dependencies.iter().filter_map(|name| find(name)) {
            if dependency.source.is_some() {
                versions.insert(dependency.name.clone(), dependency.version.clone());
            } else if seen.insert(&dependency.name) {
                ours.push(dependency);
            }
        }
    }
    versions
}

fn distribution() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or("unknown".to_owned(), |name| name.trim_matches('"').to_owned())
}

fn first_line(program: &str, args: &[&str]) -> String {
    let text = output(program, args).unwrap_or_default();
    text.lines().next().filter(|line| !line.is_empty()).unwrap_or("not installed").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_the_programs_and_of_our_libraries() {
        let lock = r#"
[[package]]
name = "db-tokio"
version = "0.1.0"
dependencies = ["db-hosts", "mysql_async 0.37.1"]
[[package]]
name = "db-hosts"
version = "0.1.0"
dependencies = ["clap"]
[[package]]
name = "mysql_async"
version = "0.36.0"
source = "registry"
[[package]]
name = "mysql_async"
version = "0.37.1"
source = "registry"
dependencies = ["bytes"]
[[package]]
name = "clap"
version = "4.6.7"
source = "registry"
[[package]]
name = "web-tokio"
version = "0.1.0"
dependencies = ["reqwest"]
"#;
        let found = versions(&toml::from_str(lock).unwrap(), &BTreeSet::from(["db-tokio"]));
        let expected = [("clap", "4.6.7"), ("mysql_async", "0.37.1")];
        assert_eq!(found, expected.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
    }
}
