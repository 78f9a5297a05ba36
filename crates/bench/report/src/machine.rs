//! `machine.toml`: the facts of a machine that its figures depend on, and what was wrong with it before the start.
//! No host name, user name or path is taken down.

use std::{collections::BTreeMap, fs, path::Path, process::Command, thread, time::Duration};

use anyhow::{Context, Result, anyhow};
use procfs::{Current, CurrentSI, process::LimitValue};
use serde::{Deserialize, Serialize};

use crate::{matrix::Matrix, workload::check_version};

/// The file, as committed beside the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Version of the results.
    pub version: u32,
    /// CPU model as the kernel names it.
    pub cpu: String,
    /// Sockets, as far as known.
    pub sockets: Option<u64>,
    /// Physical cores, as far as known.
    pub cores: Option<u64>,
    /// CPUs that a program may use.
    pub cpus: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Release of the kernel.
    pub kernel: String,
    /// Name of the distribution.
    pub distribution: String,
    /// `rustc --version`.
    pub compiler: String,
    /// `none`, or the hypervisor as far as it names itself.
    pub virtualisation: String,
    /// CPU frequency governor.
    pub governor: String,
    /// `on`, `off` or `unknown`.
    pub turbo: String,
    /// Where the kernel takes the time from.
    pub clock_source: String,
    /// Load average of the last minute before the start.
    pub load_before: f32,
    /// CPU time that others used in the second before the start, in percent of all CPUs.
    pub busy_percent: f64,
    /// What a reader must know before he believes the figures.
    pub warnings: Vec<String>,
    /// Limits of the process and of the kernel.
    pub limits: BTreeMap<String, String>,
    /// Versions of the measuring tools.
    pub tools: BTreeMap<String, String>,
    /// Versions of the crates that the programs use directly.
    pub crates: BTreeMap<String, String>,
    /// When and from what each workload was measured.
    pub measured: BTreeMap<String, Measured>,
}

/// The one place for a time stamp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Date and time, UTC.
    pub date: String,
    /// Commit of the workspace.
    pub commit: String,
}

impl Machine {
    /// Reads `machine.toml`.
    ///
    /// # Errors
    /// Missing, cut off, or of another version.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        check_version(path, toml::from_str(&text).map_err(|error| anyhow!(error)))?;
        toml::from_str(&text).with_context(|| format!("cannot use {}", path.display()))
    }

    /// Looks at this machine; takes a second.
    ///
    /// # Errors
    /// An unusable matrix or lock file, or no `/proc`.
    pub fn look(matrix: &Path, lock: &Path) -> Result<Self> {
        // First, so that our own work is not taken for load.
        let busy_percent = busy_percent().context("cannot read /proc/stat")?;
        let lscpu = lscpu();
        let number = |field: &str| lscpu.get(field).and_then(|value| value.parse::<u64>().ok());
        let sockets = number("Socket(s)");
        let mut machine = Machine {
            version: crate::SCHEMA,
            cpu: cpu_model(&lscpu),
            sockets,
            cores: number("Core(s) per socket").zip(sockets).map(|(cores, sockets)| cores * sockets),
            cpus: cpus()?,
            memory_mib: procfs::Meminfo::current().context("cannot read /proc/meminfo")?.mem_total >> 20,
            kernel: sysctl("kernel/osrelease"),
            distribution: distribution(),
            compiler: first_line("rustc", &["--version"]),
            virtualisation: virtualisation(&lscpu),
            governor: sys("devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            turbo: turbo(),
            clock_source: sys("devices/system/clocksource/clocksource0/current_clocksource"),
            load_before: procfs::LoadAverage::current().context("cannot read /proc/loadavg")?.one,
            busy_percent,
            warnings: Vec::new(),
            limits: limits()?,
            tools: tools(),
            crates: crates(matrix, lock)?,
            measured: BTreeMap::new(),
        };
        machine.warnings = machine.judge();
        Ok(machine)
    }

    /// Sets date and commit of the workloads `names`, and keeps those of `previous` for the others.
    pub fn stamp(&mut self, names: &[String], previous: Option<Machine>) {
        self.measured = previous.map(|previous| previous.measured).unwrap_or_default();
        let measured = Measured {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            commit: commit(),
        };
        self.measured.extend(names.iter().map(|name| (name.clone(), measured.clone())));
    }

    fn judge(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.busy_percent > 10.0 {
            warnings.push(format!(
                "load: {:.0} % of the CPUs were busy before the start; stop what runs beside",
                self.busy_percent
            ));
        }
        if matches!(self.governor.as_str(), "powersave" | "ondemand" | "conservative" | "schedutil") {
            warnings.push(format!(
                "governor {}: the clock follows the load; set it to performance (cpupower frequency-set -g performance)",
                self.governor
            ));
        }
        if self.turbo == "on" {
            warnings.push("turbo is on: the clock depends on temperature and on the other cores".to_owned());
        }
        if self.virtualisation != "none" {
            warnings.push("a virtual machine: its neighbours share the CPU, and speed drifts".to_owned());
        }
        if !["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "unknown"]
            .contains(&self.clock_source.as_str())
        {
            warnings.push(format!("clock source {}: reading the time is slow", self.clock_source));
        }
        let limit = |name: &str| match self.limits.get(name).map(String::as_str) {
            Some("unlimited") => u64::MAX,
            Some(value) => value.parse().unwrap_or(u64::MAX),
            None => u64::MAX,
        };
        // 500 connections or 1000 threads, and the programs' own.
        for (name, least, remedy) in [
            ("nofile_hard", 4096, "ulimit -Hn 4096"),
            ("nproc_soft", 4096, "ulimit -u 4096"),
            ("memlock_hard", 1 << 20, "ulimit -Hl 1024"),
            ("somaxconn", 1024, "sysctl net.core.somaxconn=4096"),
            ("max_map_count", 65530, "sysctl vm.max_map_count=65530"),
        ] {
            if limit(name) < least {
                warnings.push(format!(
                    "low limit: {name} is {}, {least} or more are wanted ({remedy})",
                    limit(name)
                ));
            }
        }
        if limit("io_uring_disabled") != 0 && limit("io_uring_disabled") != u64::MAX {
            warnings.push(
                "io_uring is disabled: the glommio and compio programs cannot run (sysctl kernel.io_uring_disabled=0)"
                    .to_owned(),
            );
        }
        warnings
    }
}

/// Name for the results folder: CPU model and cores, as in `intel-xeon-2.50ghz-2-cores`.
///
/// # Errors
/// The number of CPUs is unknown.
pub fn name() -> Result<String> {
    let lscpu = lscpu();
    let number = |field: &str| lscpu.get(field).and_then(|value| value.parse::<u64>().ok());
    let cores = match number("Core(s) per socket").zip(number("Socket(s)")) {
        Some((cores, sockets)) => cores * sockets,
        None => cpus()?,
    };
    Ok(folder_name(&cpu_model(&lscpu), cores))
}

fn folder_name(cpu: &str, cores: u64) -> String {
    let cpu = cpu.to_lowercase().replace("(r)", "").replace("(tm)", "");
    // "AMD Ryzen 7 PRO 5875U with Radeon Graphics"
    let cpu = cpu.split(" with ").next().unwrap_or_default();
    let words = cpu.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let words: Vec<&str> = words.filter(|word| !matches!(*word, "" | "cpu" | "processor")).collect();
    format!("{}-{cores}-core{}", words.join("-"), if cores == 1 { "" } else { "s" })
}

/// CPUs that a program may use.
///
/// # Errors
/// The kernel does not tell.
pub fn cpus() -> Result<u64> {
    Ok(thread::available_parallelism().context("cannot count the CPUs")?.get() as u64)
}

fn lscpu() -> BTreeMap<String, String> {
    // Not --json: its shape changed between versions.
    let text = output("lscpu", &[]).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(field, value)| (field.trim().to_owned(), value.trim().to_owned())).collect()
}

fn cpu_model(lscpu: &BTreeMap<String, String>) -> String {
    match lscpu.get("Model name").map(String::as_str) {
        None | Some("" | "-") => std::env::consts::ARCH.to_owned(),
        Some(model) => model.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn virtualisation(lscpu: &BTreeMap<String, String>) -> String {
    let flagged = lscpu.get("Flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
    let vendor = lscpu.get("Hypervisor vendor").cloned();
    match (vendor, flagged) {
        (Some(vendor), _) => vendor,
        // The board's maker, when there is a hypervisor that lscpu does not know; never the machine's own name.
        (None, true) => sys("class/dmi/id/sys_vendor"),
        (None, false) => "none".to_owned(),
    }
}

fn turbo() -> String {
    let state = |path: &str, on: &str| match sys(path) {
        value if value == "unknown" => None,
        value => Some(if value == on { "on" } else { "off" }),
    };
    let intel = state("devices/system/cpu/intel_pstate/no_turbo", "0");
    intel.or_else(|| state("devices/system/cpu/cpufreq/boost", "1")).unwrap_or("unknown").to_owned()
}

fn busy_percent() -> procfs::ProcResult<f64> {
    let busy = |cpu: &procfs::CpuTime| {
        cpu.user
            + cpu.nice
            + cpu.system
            + cpu.irq.unwrap_or(0)
            + cpu.softirq.unwrap_or(0)
            + cpu.steal.unwrap_or(0)
    };
    let idle = |cpu: &procfs::CpuTime| cpu.idle + cpu.iowait.unwrap_or(0);
    let before = procfs::KernelStats::current()?.total;
    thread::sleep(Duration::from_secs(1));
    let after = procfs::KernelStats::current()?.total;
    let busy = busy(&after).saturating_sub(busy(&before)) as f64;
    let idle = idle(&after).saturating_sub(idle(&before)) as f64;
    Ok((100.0 * busy / (busy + idle).max(1.0)).round())
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

fn tools() -> BTreeMap<String, String> {
    let tools = [("hyperfine", "--version"), ("/usr/bin/time", "--version"), ("strace", "--version")];
    let mut tools: BTreeMap<String, String> = tools
        .into_iter()
        .map(|(tool, arg)| (tool.trim_start_matches("/usr/bin/").to_owned(), first_line(tool, &[arg])))
        .collect();
    // These only some of the targets need.
    const PYTHON: &str = "target/python/bin/python";
    let some = [
        ("mariadb", output("mariadbd", &["--version"])),
        ("python", output(PYTHON, &["--version"])),
        ("python packages", output(PYTHON, &["-m", "pip", "list", "--format=freeze"])),
    ];
    for (name, text) in some {
        let lines = |text: String| text.lines().map(str::trim).collect::<Vec<_>>().join(", ");
        tools.extend(text.map(|text| (name.to_owned(), lines(text))));
    }
    tools
}

/// Direct dependencies of the programs, with their versions.
fn crates(matrix: &Path, lock: &Path) -> Result<BTreeMap<String, String>> {
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
    let matrix = Matrix::read(matrix)?;
    let programs = matrix.programs();
    let text = fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let lock: Lock = toml::from_str(&text).with_context(|| format!("cannot use {}", lock.display()))?;
    let ours = || lock.package.iter().filter(|package| programs.contains(&package.name.as_str()));
    // And what our own libraries bring.
    let used: Vec<&String> = ours().flat_map(|package| &package.dependencies).collect();
    let libraries = (lock.package.iter()).filter(|p| p.source.is_none() && used.contains(&&p.name));
    let mut versions = BTreeMap::new();
    for dependency in ours().chain(libraries).flat_map(|package| &package.dependencies) {
        // "name", or "name version" where there are several.
        let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
        let found = lock.package.iter().find(|package| {
            package.name == name
                && package.source.is_some()
                && (version.is_empty() || package.version == version)
        });
        versions.extend(found.map(|package| (package.name.clone(), package.version.clone())));
    }
    Ok(versions)
}

fn commit() -> String {
    let Some(commit) = output("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed =
        output("git", &["status", "--porcelain", "--untracked-files=no"]).is_none_or(|text| !text.is_empty());
    format!("{}{}", commit.trim(), if changed { " with changes" } else { "" })
}

fn distribution() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or("unknown".to_owned(), |name| name.trim_matches('"').to_owned())
}

fn sysctl(path: &str) -> String {
    read(&format!("/proc/sys/{path}"))
}

fn sys(path: &str) -> String {
    read(&format!("/sys/{path}"))
}

fn read(path: &str) -> String {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn first_line(program: &str, args: &[&str]) -> String {
    let text = output(program, args).unwrap_or_default();
    text.lines().next().filter(|line| !line.is_empty()).unwrap_or("not installed").to_owned()
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).env("LC_ALL", "C").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::folder_name;

    #[test]
    fn folder_names() {
        assert_eq!(folder_name("Intel(R) Xeon(R) Processor @ 2.50GHz", 2), "intel-xeon-2.50ghz-2-cores");
        assert_eq!(
            folder_name("AMD Ryzen 7 PRO 5875U with Radeon Graphics", 8),
            "amd-ryzen-7-pro-5875u-8-cores"
        );
        assert_eq!(folder_name("Neoverse-N1", 1), "neoverse-n1-1-core");
    }
}
