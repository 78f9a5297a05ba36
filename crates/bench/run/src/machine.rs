//! What does not change while a machine stays the same, and the name of its results folder.

use std::{collections::BTreeMap, fs, process::Command, thread};

use anyhow::{Context, Result};
use bench_data::facts::Machine;
use procfs::Current;

use crate::place;

/// CPUs that a program may use: fewer than the machine has under an affinity mask or a quota of its cgroup.
///
/// # Errors
/// The kernel does not say.
pub fn cpus() -> Result<u64> {
    Ok(thread::available_parallelism().context("cannot count the CPUs")?.get() as u64)
}

/// Looks at this machine.
///
/// # Errors
/// No `/proc`.
pub fn look() -> Result<Machine> {
    let lscpu = lscpu();
    Ok(Machine {
        version: bench_data::SCHEMA,
        cpu: cpu_model(&lscpu),
        architecture: std::env::consts::ARCH.to_owned(),
        sockets: number(&lscpu, "Socket(s)"),
        cores: cores(&lscpu),
        cpus: cpus()?,
        memory_mib: procfs::Meminfo::current().context("cannot read /proc/meminfo")?.mem_total >> 20,
        virtualisation: virtualisation(&lscpu),
        ..Machine::default()
    })
}

/// Name for the results folder: CPU model and cores, as in `intel-xeon-2.50ghz-2-cores`. Where a program may not use all
/// CPUs it is another machine, so to say: `intel-xeon-2.50ghz-1-of-2-cpus`.
///
/// # Errors
/// The number of CPUs is unknown.
pub fn name() -> Result<String> {
    let lscpu = lscpu();
    let usable = cpus()?;
    let online = number(&lscpu, "CPU(s)").unwrap_or(usable);
    Ok(folder_name(&cpu_model(&lscpu), cores(&lscpu).unwrap_or(online), usable, online))
}

fn folder_name(cpu: &str, cores: u64, usable: u64, online: u64) -> String {
    let cpu = cpu.to_lowercase().replace("(r)", "").replace("(tm)", "");
    // "AMD Ryzen 7 PRO 5875U with Radeon Graphics"
    let cpu = cpu.split(" with ").next().unwrap_or_default();
    let words = cpu.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let words: Vec<&str> = words.filter(|word| !matches!(*word, "" | "cpu" | "processor")).collect();
    let cpu = words.join("-");
    match usable < online {
        true => format!("{cpu}-{usable}-of-{online}-cpus"),
        false => format!("{cpu}-{cores}-core{}", if cores == 1 { "" } else { "s" }),
    }
}

fn lscpu() -> BTreeMap<String, String> {
    // Not --json: its shape changed between versions.
    let text = output("lscpu", &[]).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(field, value)| (field.trim().to_owned(), value.trim().to_owned())).collect()
}

fn number(lscpu: &BTreeMap<String, String>, field: &str) -> Option<u64> {
    lscpu.get(field)?.parse().ok()
}

/// Physical cores, as far as known: virtual ARM machines have clusters in place of sockets.
fn cores(lscpu: &BTreeMap<String, String>) -> Option<u64> {
    let clusters = || Some(number(lscpu, "Core(s) per cluster")? * number(lscpu, "Cluster(s)")?);
    let sockets = || Some(number(lscpu, "Core(s) per socket")? * number(lscpu, "Socket(s)")?);
    sockets().or_else(clusters)
}

fn cpu_model(lscpu: &BTreeMap<String, String>) -> String {
    match lscpu.get("Model name").map(String::as_str) {
        None | Some("" | "-") => std::env::consts::ARCH.to_owned(),
        Some(model) => model.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// The hypervisor, by the first that knows: lscpu, systemd, the CPU's flag (x86 only), the board's maker.
fn virtualisation(lscpu: &BTreeMap<String, String>) -> String {
    let systemd = || output("systemd-detect-virt", &["--vm"]).map(|name| name.trim().to_owned());
    let flagged = || lscpu.get("Flags")?.split(' ').any(|flag| flag == "hypervisor").then_some(());
    let maker = || sys("class/dmi/id/sys_vendor");
    lscpu
        .get("Hypervisor vendor")
        .cloned()
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
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// What a program prints, when it ends well.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(args).env("PATH", place::path()).env("LC_ALL", "C").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names() {
        let xeon = "Intel(R) Xeon(R) Processor @ 2.50GHz";
        assert_eq!(folder_name(xeon, 2, 2, 2), "intel-xeon-2.50ghz-2-cores");
        assert_eq!(
            folder_name("AMD Ryzen 7 PRO 5875U with Radeon Graphics", 8, 16, 16),
            "amd-ryzen-7-pro-5875u-8-cores"
        );
        assert_eq!(folder_name("Neoverse-N1", 1, 1, 1), "neoverse-n1-1-core");
        assert_eq!(
            folder_name(xeon, 2, 1, 2),
            "intel-xeon-2.50ghz-1-of-2-cpus",
            "a quota, or an affinity mask"
        );
    }

    #[test]
    fn boards_that_exist_in_software_only() {
        let of = |maker, product| hypervisor(maker, product);
        assert_eq!(of("QEMU", "QEMU Virtual Machine"), Some("QEMU".to_owned()));
        assert_eq!(of("Amazon EC2", "m7g.large"), Some("Amazon EC2".to_owned()));
        assert_eq!(of("Amazon EC2", "m7g.metal"), None);
        assert_eq!(of("Microsoft Corporation", "Virtual Machine"), Some("Microsoft Corporation".to_owned()));
        assert_eq!(of("Microsoft Corporation", "Surface Laptop"), None);
        assert_eq!(of("LENOVO", "20XW"), None);
    }

    #[test]
    fn cores_of_sockets_or_of_clusters() {
        let of = |text: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            cores(&lines.map(|(field, value)| (field.to_owned(), value.trim().to_owned())).collect())
        };
        assert_eq!(of("Core(s) per socket: 8\nSocket(s): 2"), Some(16));
        assert_eq!(of("Core(s) per cluster: 4\nSocket(s): -\nCluster(s): 1"), Some(4));
        assert_eq!(of(""), None);
    }
}
