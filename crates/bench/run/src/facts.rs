//! What the figures of this run depend on. No host name, user name or path is taken down.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{
    facts::{Facts, Machine},
    files,
    rounds::DISTURBED_PERCENT,
    workload::Workload,
};
use rustix::process::{Resource, getrlimit};
use sha2::{Digest, Sha256};

use crate::{
    machine::{output, tightest, value},
    results::files_in,
    run::Run,
};

/// What makes figures differ; not the pages, results and documents, which the report writes figures into.
const SOURCES: [&str; 7] =
    ["crates", "scripts", "Cargo.toml", "Cargo.lock", "bench.toml", "rust-toolchain.toml", ":(exclude)*.md"];

/// The build's own files, and the server.
const SHARED: [&str; 4] = ["crates/bench/lab", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];

/// Looks at what surrounds the programs of a run, before the first step.
pub fn look(run: &Run, busy_percent: Option<f64>) -> Facts {
    let commit = commit();
    let no_commit = commit.as_ref().err().map(|reason| format!("the commit is unknown: {reason}"));
    let no_idle_time =
        busy_percent.is_none().then(|| "the kernel does not say whether the machine is busy".to_owned());
    let limits = limits();
    let (commit, changed) = commit.unwrap_or(("unknown".to_owned(), false));
    let first_line = |program: &str| {
        let text = output(program, &["--version"]).unwrap_or_default();
        text.lines().next().unwrap_or("not installed").to_owned()
    };
    let mut measuring = vec![("hyperfine", "hyperfine"), ("time", "/usr/bin/time"), ("strace", "strace")];
    if run.workloads().any(|workload| workload.study == "mariadb") {
        measuring.push(("mariadb", "mariadbd"));
    }
    if run.workloads().any(Workload::has_python) {
        measuring.push(("python", "target/python/bin/python"));
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let distribution = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let no_turbo = value("/sys/devices/system/cpu/intel_pstate/no_turbo");
    let turbo = match (no_turbo.as_str(), value("/sys/devices/system/cpu/cpufreq/boost").as_str()) {
        ("0", _) | ("unknown", "1") => "on",
        ("unknown", "unknown") => "unknown",
        _ => "off",
    };
    let mut facts = Facts {
        version: bench_data::SCHEMA,
        date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
        commit,
        changed,
        seed: Some(run.seed),
        kernel: value("/proc/sys/kernel/osrelease"),
        distribution: distribution.unwrap_or("unknown").trim_matches('"').to_owned(),
        compiler: first_line("rustc"),
        governor: value("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        turbo: turbo.to_owned(),
        clock_source: value("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        busy_percent: busy_percent.unwrap_or(0.0),
        busy: busy_percent.is_some_and(|percent| percent > DISTURBED_PERCENT),
        warnings: no_commit.into_iter().chain(no_idle_time).collect(),
        limits: limits.iter().map(|(name, found, ..)| (name.to_string(), found.to_string())).collect(),
        tools: measuring.into_iter().map(|(name, program)| (name.to_owned(), first_line(program))).collect(),
        sources: BTreeMap::new(),
    };
    facts.warnings.extend(surroundings(&facts, &run.machine, &limits));
    facts
}

/// Commit of the workspace, and whether its sources differ from it; or why it is unknown, in git's words. A folder above
/// this one may be somebody else's repository, as with a ZIP that was unpacked in it.
fn commit() -> Result<(String, bool), String> {
    let here = env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
    // No path is taken down.
    let git = |args: &[&str]| {
        output("git", args).map_err(|reason| reason.replace(&here.display().to_string(), "this folder"))
    };
    if fs::canonicalize(git(&["rev-parse", "--show-toplevel"])?).ok().as_ref() != Some(&here) {
        return Err("this folder is inside another repository, and no repository itself".to_owned());
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&[["status", "--porcelain", "--"].as_slice(), &SOURCES].concat())?;
    Ok((commit, !changes.is_empty()))
}

fn surroundings(facts: &Facts, machine: &Machine, limits: &[Limit]) -> Vec<String> {
    let Facts { governor, busy_percent, clock_source, .. } = facts;
    let slow = ["powersave", "ondemand", "conservative", "schedutil"].contains(&governor.as_str());
    let quick = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "unknown"];
    let slow_clock = !quick.contains(&clock_source.as_str());
    let is_virtual = machine.virtualisation != "none";
    let build = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_PROFILE_", "CARGO_BUILD_RUSTFLAGS"];
    let no_io_uring = !["0", "unknown"].contains(&value("/proc/sys/kernel/io_uring_disabled").as_str());
    let rows = [
        (facts.busy, format!("the machine was busy: {busy_percent:.0} % of the CPUs before the start")),
        (slow, format!("governor {governor}: the clock follows the load (cpupower frequency-set -g performance)")),
        (facts.turbo == "on", "turbo is on: the clock depends on temperature and on the other cores".to_owned()),
        (is_virtual, "a virtual machine: other tenants share the CPU, and speed drifts".to_owned()),
        (slow_clock, format!("clock source {clock_source}: reading the time is slow")),
        (
            no_io_uring,
            "io_uring is disabled: the glommio and compio programs cannot run (sysctl kernel.io_uring_disabled=0)"
                .to_owned(),
        ),
    ];
    let set = env::vars().filter(|(name, _)| build.iter().any(|start| name.starts_with(start)));
    let set = set
        .map(|(name, _)| (true, format!("{name} is set: the programs are not built as others build them")));
    let low = limits.iter().map(|(name, found, least, remedy)| {
        (found < least, format!("low limit: {name} is {found}, {least} or more are needed ({remedy})"))
    });
    rows.into_iter().chain(set).chain(low).filter_map(|(here, warning)| here.then_some(warning)).collect()
}

/// Name, value, the least that 500 connections or 1000 threads and the programs' own need, and how to raise it.
type Limit = (&'static str, u64, u64, &'static str);

/// Limits of this process and of the kernel, but for those that are unlimited or unknown.
fn limits() -> Vec<Limit> {
    let number = |path: &str| value(path).parse().ok();
    let ports = value("/proc/sys/net/ipv4/ip_local_port_range");
    let mut ports = ports.split_whitespace().filter_map(|port| port.parse::<u64>().ok());
    let ports = ports.next().zip(ports.next()).map(|(first, last)| (last + 1).saturating_sub(first));
    let groups = tightest("pids.max").map(|(processes, _)| processes as u64);
    let limits = [
        ("nofile_hard", getrlimit(Resource::Nofile).maximum, 4096, "ulimit -Hn 4096"),
        ("nproc_soft", getrlimit(Resource::Nproc).current, 4096, "ulimit -u 4096"),
        ("pids_max", groups, 4096, "pids.max of the control group; docker run --pids-limit"),
        ("memlock_hard", getrlimit(Resource::Memlock).maximum, 1 << 20, "ulimit -Hl 1024"),
        ("somaxconn", number("/proc/sys/net/core/somaxconn"), 1024, "sysctl net.core.somaxconn=4096"),
        ("max_map_count", number("/proc/sys/vm/max_map_count"), 65530, "sysctl vm.max_map_count=65530"),
        ("local_ports", ports, 10_000, "sysctl net.ipv4.ip_local_port_range='32768 60999'"),
    ];
    limits.into_iter().filter_map(|(name, found, least, how)| Some((name, found?, least, how))).collect()
}

/// One hash for each row, by its folder's name: two figures belong to the same program when it is the same. It needs no git,
/// and sees changes that nobody has committed. It covers the workload's folder and all libraries, since the shapes use that
/// of db.
pub fn hashes(workload: &Workload) -> Result<BTreeMap<String, String>> {
    let mut roots: Vec<PathBuf> = SHARED.map(PathBuf::from).to_vec();
    roots.push(Path::new("crates").join(&workload.name));
    let folders = |folder: &Path| files::folders(folder).unwrap_or_default().into_iter();
    let groups = folders(Path::new("crates")).filter(|group| !group.ends_with("bench"));
    let crates = groups.flat_map(|group| folders(&group));
    roots.extend(crates.filter(|path| path.join("src/lib.rs").exists()));
    let rust = digest(&roots)?;
    let python = digest(&["scripts/python", "crates/bench/lab"].map(PathBuf::from))?;
    let rows = workload.rows.iter().map(|row| {
        let mut hash = if row.python { python.clone() } else { rust.clone() };
        row.argv.iter().for_each(|word| hash.update(format!("{word}\0")));
        let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (row.slug.clone(), hex)
    });
    Ok(rows.collect())
}

/// Hashes all files, but neither pages, into which the report writes figures, nor files that Python has compiled.
fn digest(roots: &[PathBuf]) -> Result<Sha256> {
    let mut hash = Sha256::new();
    for path in roots.iter().map(|root| files_in(root)).collect::<Result<Vec<_>>>()?.concat() {
        if path.extension().is_none_or(|extension| extension != "md" && extension != "pyc") {
            let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            hash.update(format!("{}\0{}\0", path.display(), text.len()));
            hash.update(text);
        }
    }
    Ok(hash)
}
