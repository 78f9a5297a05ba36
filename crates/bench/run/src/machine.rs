//! What does not change while a machine stays the same, and the name of its results folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result, ensure};
use bench_data::{facts::Machine, files};
use procfs::Current;

use crate::processes;

/// CPUs that a program may use: fewer than the machine has under an affinity mask or a quota of its control group.
pub fn cpus() -> Result<u64> {
    Ok(thread::available_parallelism().context("cannot count the CPUs")?.get() as u64)
}

/// This machine, and the name that its results folder has by default.
pub fn look() -> Result<(Machine, String)> {
    // Not --json: its shape changed between versions.
    let lscpu = output("lscpu", &[]).unwrap_or_default();
    let memory = procfs::Meminfo::current().context("cannot read /proc/meminfo")?.mem_total;
    let (mut machine, name) = identify(&lscpu, cpus()?, tightest("cpu.max").map(|(cpus, _)| cpus));
    machine.memory_mib = memory >> 20;
    if machine.virtualisation == "none"
        && let Ok(hypervisor) = output("systemd-detect-virt", &["--vm"])
    {
        machine.virtualisation = hypervisor;
    }
    Ok((machine, name))
}

/// The machine that lscpu describes, and the name of its folder: CPU model and cores, as in `intel-xeon-2.50ghz-2-cores`.
/// Where a program may not use all CPUs it is as good as another machine: `intel-xeon-2.50ghz-1-of-2-cpus`.
fn identify(lscpu: &str, cpus: u64, quota: Option<f64>) -> (Machine, String) {
    let fields: Vec<(&str, &str)> = lscpu.lines().filter_map(|line| line.trim().split_once(':')).collect();
    // Some occur once for each kind of core.
    let values = |field: &'static str| {
        fields.iter().filter(move |(name, _)| *name == field).map(|(_, value)| value.trim())
    };
    let known = |field| Some(values(field).next().unwrap_or("none").to_owned());
    let number = |field| values(field).next().and_then(|value| value.parse::<u64>().ok());
    let sum = |(each, times)| -> Option<u64> {
        let products = values(each).zip(values(times));
        products.map(|(each, times)| Some(each.parse::<u64>().ok()? * times.parse::<u64>().ok()?)).sum()
    };
    // Virtual ARM machines have clusters instead of sockets.
    let units = [("Core(s) per socket", "Socket(s)"), ("Core(s) per cluster", "Cluster(s)")];
    let mut models: Vec<String> = values("Model name")
        .filter(|model| !matches!(*model, "" | "-"))
        .map(|model| model.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    models.dedup();
    let machine = Machine {
        version: bench_data::SCHEMA,
        cpu: if models.is_empty() { env::consts::ARCH.to_owned() } else { models.join(" and ") },
        family: known("CPU family"),
        model: known("Model"),
        stepping: known("Stepping"),
        architecture: env::consts::ARCH.to_owned(),
        sockets: number("Socket(s)").filter(|sockets| *sockets > 0),
        cores: units.into_iter().filter_map(sum).find(|cores| *cores > 0),
        cpus,
        quota,
        memory_mib: 0,
        virtualisation: values("Hypervisor vendor").next().unwrap_or("none").to_owned(),
    };
    let cpu = machine.cpu.to_lowercase().replace("(r)", "").replace("(tm)", "");
    // "AMD Ryzen 7 PRO 5875U with Radeon Graphics"
    let cpu = cpu.split(" with ").next().unwrap_or_default();
    let words = cpu.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let mut words: Vec<String> =
        words.filter(|word| !matches!(*word, "" | "cpu" | "processor")).map(str::to_owned).collect();
    // "AMD EPYC", "Intel(R) Xeon(R) Processor": a hypervisor's name for several generations.
    if !cpu.contains(|c: char| c.is_ascii_digit()) {
        words.extend(number("CPU family").zip(number("Model")).map(|generation| match generation {
            (23, 0..=47) if cpu.starts_with("amd") => "zen".to_owned(),
            (23, _) if cpu.starts_with("amd") => "zen2".to_owned(),
            (25, 16..=31 | 96..=127 | 160..=175) => "zen4".to_owned(),
            (25, _) => "zen3".to_owned(),
            (26, _) => "zen5".to_owned(),
            (family, model) => format!("family-{family}-model-{model}"),
        }));
    }
    let online = number("CPU(s)").unwrap_or(cpus);
    words.push(match quota.filter(|quota| *quota < online as f64) {
        Some(quota) => format!("{quota}-of-{online}-cpus"),
        None if cpus < online => format!("{cpus}-of-{online}-cpus"),
        None if machine.cores.unwrap_or(cpus) == 1 => "1-core".to_owned(),
        None => format!("{}-cores", machine.cores.unwrap_or(cpus)),
    });
    (machine, words.join("-"))
}

/// Refuses to put figures of `machine` into a folder that has another machine's.
pub fn check(folder: &Path, machine: &Machine, name: &str) -> Result<()> {
    let file = folder.join("machine.toml");
    if !file.exists() {
        return Ok(());
    }
    let differences = machine.differences(&files::toml(&file)?);
    let mut names = [name.to_owned()].into_iter().chain((2..).map(|number| format!("{name}-{number}")));
    let free = names.find(|name| !folder.with_file_name(name).exists()).unwrap_or_default();
    ensure!(
        differences.is_empty(),
        "{} has figures from another machine ({}): choose another folder, such as MACHINE={free}",
        folder.display(),
        differences.join("; ")
    );
    Ok(())
}

/// The tightest limit of this process's control group (version 2) and those above it, and the group that has it.
pub fn tightest(file: &str) -> Option<(f64, PathBuf)> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let groups = Path::new(group).ancestors().map(|group| Path::new("/sys/fs/cgroup").join(group));
    let limits =
        groups.filter_map(|group| Some((limit(&fs::read_to_string(group.join(file)).ok()?)?, group)));
    limits.min_by(|(a, _), (b, _)| a.total_cmp(b))
}

/// `cpu.max` has microseconds of each period, as in `25000 100000`, `pids.max` a number; both have `max` for none.
fn limit(text: &str) -> Option<f64> {
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    Some(numbers.next()?.ok()? / numbers.next().unwrap_or(Ok(1.0)).ok()?)
}

/// A value in `/proc/sys` or `/sys`, or `unknown`.
pub fn value(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    if text.trim().is_empty() { "unknown".to_owned() } else { text.trim().to_owned() }
}

/// What a program prints when it ends well, or the first line of its complaint. It has none of the user's variables: those
/// that git has in a hook would name another repository.
pub fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let output = processes::clean(Command::new(program).args(args)).env("LC_ALL", "C").output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr).lines().next().unwrap_or("it fails").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_after_cpu_and_cores() {
        let xeon = "Model name: Intel(R) Xeon(R)  Processor @ 2.50GHz\nCore(s) per socket: 2\nSocket(s): 1\n";
        let epyc = "Model name: AMD EPYC\nCPU family: 25\nCore(s) per socket: 2\nSocket(s): 1\n";
        let unnamed = "Model name: Intel Xeon\nCPU family: 6\nModel: 143";
        let clusters = "Model name: Neoverse-N1\nSocket(s): -\nCore(s) per cluster: 1\nCluster(s): 1";
        let two_kinds = "Model name: Cortex-A53\n  Core(s) per socket: 4\n  Socket(s): 1\n\
                         Model name: Cortex-A72\n  Core(s) per socket: 2\n  Socket(s): 1\n";
        for (lscpu, cpus, quota, name) in [
            (xeon, 2, None, "intel-xeon-2.50ghz-2-cores"),
            (&format!("{xeon}CPU(s): 2"), 1, None, "intel-xeon-2.50ghz-1-of-2-cpus"),
            (&format!("{epyc}Model: 1"), 2, None, "amd-epyc-zen3-2-cores"),
            (&format!("{epyc}Model: 17"), 2, None, "amd-epyc-zen4-2-cores"),
            (unnamed, 8, None, "intel-xeon-family-6-model-143-8-cores"),
            ("Model name: AMD Ryzen 7 5875U with Radeon Graphics", 16, None, "amd-ryzen-7-5875u-16-cores"),
            (clusters, 1, None, "neoverse-n1-1-core"),
            ("Model name: Neoverse-N1\nCPU(s): 4", 1, Some(0.25), "neoverse-n1-0.25-of-4-cpus"),
            (two_kinds, 6, None, "cortex-a53-and-cortex-a72-6-cores"),
        ] {
            assert_eq!(identify(lscpu, cpus, quota).1, name);
        }
        let unknown = identify("Model name: -\nCore(s) per socket: 4\nSocket(s): 0", 4, None).0;
        assert_eq!((unknown.cpu.as_str(), unknown.sockets, unknown.cores), (env::consts::ARCH, None, None));
    }

    #[test]
    fn limits_of_a_group() {
        for (text, expected) in
            [("25000 100000\n", Some(0.25)), ("max 100000\n", None), ("512\n", Some(512.0))]
        {
            assert_eq!(limit(text), expected);
        }
    }
}
