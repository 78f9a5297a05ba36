//! What the figures of this run depend on. No host name, user name or path is taken down.

use std::{collections::BTreeMap, env, fs, process::Command};

use anyhow::{Context, Result};
use bench_data::{
    facts::{Facts, Machine},
    rounds::DISTURBED_PERCENT,
    workload::Workload,
};
use procfs::process::LimitValue;

use crate::{
    machine::{output, sys, sysctl},
    quota,
};

/// What makes figures differ; not the pages, results and documents, which the report writes figures into.
const SOURCES: [&str; 7] =
    ["crates", "scripts", "Cargo.toml", "Cargo.lock", "bench.toml", "rust-toolchain.toml", ":(exclude)*.md"];

/// Looks at what surrounds the programs of these workloads, before the first step.
pub fn look(
    machine: &Machine,
    workloads: &[&Workload],
    seed: u64,
    busy_percent: Option<f64>,
) -> Result<Facts> {
    let (commit, changed, no_commit) = match commit() {
        Ok((commit, changed)) => (commit, changed, None),
        Err(reason) => ("unknown".to_owned(), false, Some(format!("the commit is unknown: {reason}"))),
    };
    let mut facts = Facts {
        version: bench_data::SCHEMA,
        date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
        commit,
        changed,
        seed: Some(seed),
        kernel: sysctl("kernel/osrelease"),
        distribution: distribution(),
        compiler: first_line("rustc", &["--version"]),
        governor: sys("devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        turbo: turbo(),
        clock_source: sys("devices/system/clocksource/clocksource0/current_clocksource"),
        busy_percent: busy_percent.unwrap_or(0.0),
        busy: busy_percent.is_some_and(|percent| percent > DISTURBED_PERCENT),
        warnings: Vec::new(),
        limits: limits()?,
        tools: tools(workloads),
        sources: BTreeMap::new(),
    };
    facts.warnings = warnings(&facts, machine);
    facts.warnings.extend(no_commit);
    if busy_percent.is_none() {
        facts.warnings.push("the kernel does not say whether the machine is busy".to_owned());
    }
    Ok(facts)
}

/// Commit of the workspace, and whether its sources differ from it; or why it is unknown, in git's words. A folder above
/// this one may be somebody else's repository, as with a ZIP that was unpacked in it.
fn commit() -> Result<(String, bool), String> {
    let here = env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        // Set in a hook, they name another repository.
        env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")).for_each(
            |(name, _)| {
                git.env_remove(name);
            },
        );
        let output = git.args(args).env("LC_ALL", "C").output().map_err(|error| format!("git: {error}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let reason = text(&output.stderr).lines().next().unwrap_or("git failed").to_owned();
        // No path is taken down.
        let reason = reason.replace(&here.display().to_string(), "this folder");
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(reason) }
    };
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if fs::canonicalize(top).ok().as_ref() != Some(&here) {
        return Err("this folder is inside another repository, and no repository itself".to_owned());
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&[["status", "--porcelain", "--"].as_slice(), &SOURCES].concat())?;
    Ok((commit, !changes.is_empty()))
}

fn warnings(facts: &Facts, machine: &Machine) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |true_here: bool, text: String| warnings.extend(true_here.then_some(text));
    let Facts { governor, busy_percent, clock_source, .. } = facts;
    warn(facts.busy, format!("the machine was busy: {busy_percent:.0} % of the CPUs before the start"));
    warn(
        matches!(governor.as_str(), "powersave" | "ondemand" | "conservative" | "schedutil"),
        format!("governor {governor}: the clock follows the load (cpupower frequency-set -g performance)"),
    );
    warn(
        facts.turbo == "on",
        "turbo is on: the clock depends on temperature and on the other cores".to_owned(),
    );
    warn(
        machine.virtualisation != "none",
        "a virtual machine: other tenants share the CPU, and speed drifts".to_owned(),
    );
    let quick = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "unknown"];
    warn(
        !quick.contains(&clock_source.as_str()),
        format!("clock source {clock_source}: reading the time is slow"),
    );
    // "unlimited" and "unknown" are no numbers.
    let limit = |name: &str| facts.limits.get(name).and_then(|value| value.parse::<u64>().ok());
    // 500 connections or 1000 threads, and the programs' own.
    for (name, least, remedy) in [
        ("nofile_hard", 4096, "ulimit -Hn 4096"),
        ("nproc_soft", 4096, "ulimit -u 4096"),
        ("pids_max", 4096, "pids.max of the control group; docker run --pids-limit"),
        ("memlock_hard", 1 << 20, "ulimit -Hl 1024"),
        ("somaxconn", 1024, "sysctl net.core.somaxconn=4096"),
        ("max_map_count", 65530, "sysctl vm.max_map_count=65530"),
        ("local_ports", 10_000, "sysctl net.ipv4.ip_local_port_range='32768 60999'"),
    ] {
        if let Some(found) = limit(name).filter(|found| *found < least) {
            warn(true, format!("low limit: {name} is {found}, {least} or more are needed ({remedy})"));
        }
    }
    warn(
        limit("io_uring_disabled").is_some_and(|disabled| disabled != 0),
        "io_uring is disabled: the glommio and compio programs cannot run (sysctl kernel.io_uring_disabled=0)"
            .to_owned(),
    );
    let build = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_PROFILE_", "CARGO_BUILD_RUSTFLAGS"];
    for (name, _) in env::vars().filter(|(name, _)| build.iter().any(|start| name.starts_with(start))) {
        warn(true, format!("{name} is set: the programs are not built as others build them"));
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
    let process = procfs::process::Process::myself().and_then(|process| process.limits());
    let limits = process.context("cannot read the limits")?;
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
    let ports = sysctl("net/ipv4/ip_local_port_range");
    let ports: Vec<u64> = ports.split_whitespace().filter_map(|port| port.parse().ok()).collect();
    if let [first, last] = ports[..] {
        table.insert("local_ports".to_owned(), (last + 1).saturating_sub(first).to_string());
    }
    table.extend(quota::processes().map(|limit| ("pids_max".to_owned(), limit.to_string())));
    Ok(table)
}

/// Versions of what measures; of MariaDB and Python only where they take part.
fn tools(workloads: &[&Workload]) -> BTreeMap<String, String> {
    let mut tools = BTreeMap::new();
    let mut add =
        |name: &str, program: &str| tools.insert(name.to_owned(), first_line(program, &["--version"]));
    add("hyperfine", "hyperfine");
    add("time", "/usr/bin/time");
    add("strace", "strace");
    if workloads.iter().any(|workload| workload.study == "mariadb") {
        add("mariadb", "mariadbd");
    }
    if workloads.iter().flat_map(|workload| &workload.rows).any(|row| row.python) {
        add("python", "target/python/bin/python");
    }
    tools
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
