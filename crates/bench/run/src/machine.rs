//! What does not change while a machine stays the same, and the name of its results folder.

use std::{env, fs, path::Path, process::Command, thread};

use anyhow::{Context, Result};
use bench_data::facts::Machine;
use procfs::Current;

use crate::{
    processes,
    quota::Quota,
    stop::{Outcome, Stop, refuse},
};

/// CPUs that a program may use: fewer than the machine has under an affinity mask or a quota of its control group.
pub fn cpus() -> Result<u64> {
    Ok(thread::available_parallelism().context("cannot count the CPUs")?.get() as u64)
}

/// Looks at this machine. Returns it with the name that its results folder has by default.
pub fn look() -> Result<(Machine, String)> {
    let lscpu = Lscpu::read();
    let (cpus, quota) = (cpus()?, Quota::find().map(|quota| quota.cpus));
    let machine = Machine {
        version: bench_data::SCHEMA,
        cpu: lscpu.cpu(),
        family: Some(lscpu.known("CPU family")),
        model: Some(lscpu.known("Model")),
        stepping: Some(lscpu.known("Stepping")),
        architecture: env::consts::ARCH.to_owned(),
        sockets: lscpu.number("Socket(s)").filter(|sockets| *sockets > 0),
        cores: lscpu.cores(),
        cpus,
        quota,
        memory_mib: procfs::Meminfo::current().context("cannot read /proc/meminfo")?.mem_total >> 20,
        virtualisation: virtualisation(&lscpu),
    };
    let name = folder_name(&machine, lscpu.number("CPU(s)").unwrap_or(cpus));
    Ok((machine, name))
}

/// Refuses to put figures of `machine` into a folder that has another machine's.
pub fn check(folder: &Path, machine: &Machine, name: &str) -> Outcome<()> {
    let file = folder.join("machine.toml");
    if !file.exists() {
        return Ok(());
    }
    let differences = machine.differences(&Machine::read(&file).map_err(refuse)?);
    if differences.is_empty() {
        return Ok(());
    }
    let free = |name: &String| !folder.with_file_name(name).exists();
    let mut names = [name.to_owned()].into_iter().chain((2..).map(|number| format!("{name}-{number}")));
    let free = names.find(free).unwrap_or_default();
    Err(Stop::refused(format!(
        "{} has figures from another machine ({}): choose another folder, such as MACHINE={free}",
        folder.display(),
        differences.join("; ")
    )))
}

/// CPU model and cores, as in `intel-xeon-2.50ghz-2-cores`. Where a program may not use all CPUs it is as good as another
/// machine: `intel-xeon-2.50ghz-1-of-2-cpus`.
fn folder_name(machine: &Machine, online: u64) -> String {
    let cpu = machine.cpu.to_lowercase().replace("(r)", "").replace("(tm)", "");
    // "AMD Ryzen 7 PRO 5875U with Radeon Graphics"
    let cpu = cpu.split(" with ").next().unwrap_or_default();
    let words = cpu.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let words: Vec<&str> = words.filter(|word| !matches!(*word, "" | "cpu" | "processor")).collect();
    let mut name = words.join("-");
    // "AMD EPYC", "Intel(R) Xeon(R) Processor": a hypervisor's name for several generations.
    if !name.contains(|c: char| c.is_ascii_digit()) {
        name += &generation(machine);
    }
    let cores = machine.cores.unwrap_or(machine.cpus);
    match machine.quota.filter(|quota| *quota < online as f64) {
        Some(quota) => format!("{name}-{quota}-of-{online}-cpus"),
        None if machine.cpus < online => format!("{name}-{}-of-{online}-cpus", machine.cpus),
        None => format!("{name}-{cores}-core{}", if cores == 1 { "" } else { "s" }),
    }
}

/// The generation by family and model: AMD's core, else the numbers.
fn generation(machine: &Machine) -> String {
    let number = |value: &Option<String>| value.as_ref().and_then(|value| value.parse::<u32>().ok());
    let (Some(family), Some(model)) = (number(&machine.family), number(&machine.model)) else {
        return String::new();
    };
    match (machine.cpu.to_lowercase().contains("amd"), family, model) {
        (true, 23, 0..=47) => "-zen".to_owned(),
        (true, 23, _) => "-zen2".to_owned(),
        (true, 25, 16..=31 | 96..=127 | 160..=175) => "-zen4".to_owned(),
        (true, 25, _) => "-zen3".to_owned(),
        (true, 26, _) => "-zen5".to_owned(),
        _ => format!("-family-{family}-model-{model}"),
    }
}

/// The fields of lscpu, in their order: some occur once for each kind of core.
struct Lscpu(Vec<(String, String)>);

impl Lscpu {
    fn read() -> Self {
        // Not --json: its shape changed between versions.
        Self::parse(&output("lscpu", &[]).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Self(fields.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect())
    }

    fn values(&self, field: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    fn known(&self, field: &str) -> String {
        self.values(field).next().unwrap_or("none").to_owned()
    }

    fn number(&self, field: &str) -> Option<u64> {
        self.values(field).next()?.parse().ok()
    }

    /// Physical cores, as far as known: virtual ARM machines have clusters instead of sockets.
    fn cores(&self) -> Option<u64> {
        let sum = |each: &str, times: &str| -> Option<u64> {
            let products = self.values(each).zip(self.values(times));
            products.map(|(each, times)| Some(each.parse::<u64>().ok()? * times.parse::<u64>().ok()?)).sum()
        };
        let known = |cores: &u64| *cores > 0;
        let sockets = sum("Core(s) per socket", "Socket(s)").filter(known);
        sockets.or_else(|| sum("Core(s) per cluster", "Cluster(s)").filter(known))
    }

    /// The model of the CPU; both where there are two kinds of cores.
    fn cpu(&self) -> String {
        let mut models: Vec<String> = self
            .values("Model name")
            .filter(|model| !matches!(*model, "" | "-"))
            .map(|model| model.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        models.dedup();
        if models.is_empty() { env::consts::ARCH.to_owned() } else { models.join(" and ") }
    }
}

/// The hypervisor, by the first that knows: lscpu, systemd, the CPU's flag (x86 only), the board's maker.
fn virtualisation(lscpu: &Lscpu) -> String {
    let systemd = || output("systemd-detect-virt", &["--vm"]).map(|name| name.trim().to_owned());
    let flagged = || lscpu.values("Flags").next()?.split(' ').any(|flag| flag == "hypervisor").then_some(());
    let maker = || sys("class/dmi/id/sys_vendor");
    let vendor = lscpu.values("Hypervisor vendor").next().map(str::to_owned);
    vendor
        .or_else(systemd)
        .filter(|name| !name.is_empty() && name != "none")
        .or_else(|| flagged().map(|()| maker()))
        .or_else(|| hypervisor(&maker(), &sys("class/dmi/id/product_name")))
        .unwrap_or("none".to_owned())
}

/// The maker and the name of boards that exist in software only; never a machine's own name.
fn hypervisor(maker: &str, product: &str) -> Option<String> {
    const MAKERS: [&str; 8] =
        ["QEMU", "Xen", "VMware", "innotek", "Amazon EC2", "Google", "OpenStack", "Parallels"];
    let virtual_pc = maker.starts_with("Microsoft") && product == "Virtual Machine";
    let metal = product.contains(".metal") || (maker == "Google" && product != "Google Compute Engine");
    (virtual_pc || (MAKERS.iter().any(|known| maker.starts_with(known)) && !metal)).then(|| maker.to_owned())
}

/// A value of the kernel's, or `unknown`.
pub fn sysctl(path: &str) -> String {
    read(&format!("/proc/sys/{path}"))
}

/// A value of a device's, or `unknown`.
pub fn sys(path: &str) -> String {
    read(&format!("/sys/{path}"))
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    if text.trim().is_empty() { "unknown".to_owned() } else { text.trim().to_owned() }
}

/// What a program prints, when it ends well.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(args).env("PATH", processes::path()).env("LC_ALL", "C").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(cpu: &str, family: &str, model: &str, cores: u64, cpus: u64) -> Machine {
        let text = |value: &str| Some(value.to_owned());
        Machine {
            version: bench_data::SCHEMA,
            cpu: cpu.to_owned(),
            family: text(family),
            model: text(model),
            stepping: text("1"),
            architecture: "x86_64".to_owned(),
            sockets: Some(1),
            cores: Some(cores),
            cpus,
            quota: None,
            memory_mib: 24_000,
            virtualisation: "KVM".to_owned(),
        }
    }

    #[test]
    fn folder_names() {
        for (cpu, family, model, cores, cpus, online, name) in [
            ("Intel(R) Xeon(R) Processor @ 2.50GHz", "6", "85", 2, 2, 2, "intel-xeon-2.50ghz-2-cores"),
            ("Intel(R) Xeon(R) Processor @ 2.50GHz", "6", "85", 2, 1, 2, "intel-xeon-2.50ghz-1-of-2-cpus"),
            ("Intel(R) Xeon(R) Processor", "6", "143", 2, 2, 2, "intel-xeon-family-6-model-143-2-cores"),
            (
                "AMD Ryzen 7 PRO 5875U with Radeon Graphics",
                "25",
                "80",
                8,
                16,
                16,
                "amd-ryzen-7-pro-5875u-8-cores",
            ),
            ("AMD EPYC", "25", "1", 2, 2, 2, "amd-epyc-zen3-2-cores"),
            ("AMD EPYC", "25", "17", 2, 2, 2, "amd-epyc-zen4-2-cores"),
            ("Neoverse-N1", "none", "1", 1, 1, 1, "neoverse-n1-1-core"),
            ("Cortex-A53 and Cortex-A72", "none", "4", 6, 6, 6, "cortex-a53-and-cortex-a72-6-cores"),
        ] {
            assert_eq!(folder_name(&machine(cpu, family, model, cores, cpus), online), name);
        }
        let quarter = Machine { quota: Some(0.25), ..machine("Neoverse-N1", "none", "1", 4, 1) };
        assert_eq!(folder_name(&quarter, 4), "neoverse-n1-0.25-of-4-cpus");
    }

    #[test]
    fn boards_that_exist_in_software_only() {
        for (maker, product, expected) in [
            ("QEMU", "QEMU Virtual Machine", Some("QEMU")),
            ("Amazon EC2", "m7g.large", Some("Amazon EC2")),
            ("Amazon EC2", "m7g.metal", None),
            ("Microsoft Corporation", "Virtual Machine", Some("Microsoft Corporation")),
            ("Microsoft Corporation", "Surface Laptop", None),
            ("LENOVO", "20XW", None),
        ] {
            assert_eq!(hypervisor(maker, product).as_deref(), expected, "{maker} {product}");
        }
    }

    #[test]
    fn cores_of_sockets_or_of_clusters_and_of_two_kinds() {
        for (text, cores, cpu) in [
            ("Model name: Xeon  W\nCore(s) per socket: 8\nSocket(s): 2", Some(16), "Xeon W"),
            ("Core(s) per cluster: 4\nSocket(s): -\nCluster(s): 1", Some(4), env::consts::ARCH),
            ("Model name: -\nCore(s) per socket: 4\nSocket(s): 0", None, env::consts::ARCH),
            (
                "Model name: Cortex-A53\n  Core(s) per socket: 4\n  Socket(s): 1\n\
                 Model name: Cortex-A72\n  Core(s) per socket: 2\n  Socket(s): 1",
                Some(6),
                "Cortex-A53 and Cortex-A72",
            ),
            ("", None, env::consts::ARCH),
        ] {
            let lscpu = Lscpu::parse(text);
            assert_eq!((lscpu.cores(), lscpu.cpu()), (cores, cpu.to_owned()), "{text}");
        }
    }
}
