//! Facts that differ between two results directories.

use std::collections::{BTreeMap, BTreeSet};

use bench_data::{
    facts::{Facts, Machine},
    results::Group,
    workload::Vary,
};

use crate::{
    format::{list, or_dash},
    markdown::Table,
};

type Both<'a> = [(&'a Group, &'a Group)];

/// Whether the programs are of the same commit.
pub fn commits(groups: &Both) -> String {
    let mut versions: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (base, new) in groups {
        let both = (base.facts().version_for_people(), new.facts().version_for_people());
        let parts = versions.entry(both).or_default();
        let part = match base.workload.vary {
            Vary::Nothing | Vary::Server => &base.workload.key,
            _ => &base.workload.study,
        };
        if !parts.contains(&part.as_str()) {
            parts.push(part);
        }
    }
    let same = versions.keys().all(|(base, new)| base == new);
    let texts: Vec<String> = match versions.len() {
        0 => return "No workload is on both sides.".to_owned(),
        1 => versions
            .keys()
            .map(|(base, new)| if same { base.clone() } else { format!("{base} and {new}") })
            .collect(),
        _ => {
            let one = |((base, new), parts): (&(String, String), &Vec<&str>)| {
                let both = if base == new { base.clone() } else { format!("{base} and {new}") };
                format!("{both} ({})", parts.join(", "))
            };
            versions.iter().map(one).collect()
        }
    };
    match same {
        true => format!("The programs are of the same commit: {}.", list(&texts)),
        false => format!("The programs are of different commits, base and new: {}.", texts.join("; ")),
    }
}

/// Facts that differ, a row each.
pub fn differing(machines: (&Machine, &Machine), groups: &Both) -> String {
    let base = all(machines.0, groups.iter().map(|(base, _)| base.facts()));
    let new = all(machines.1, groups.iter().map(|(_, new)| new.facts()));
    let names: BTreeSet<&String> = base.keys().chain(new.keys()).collect();
    let mut table = Table::words(["fact", "base", "new"]);
    for name in names {
        let empty = BTreeSet::new();
        let (ours, theirs) = (base.get(name).unwrap_or(&empty), new.get(name).unwrap_or(&empty));
        if ours != theirs {
            let only = |set: &BTreeSet<String>, other: &BTreeSet<String>| {
                let left: Vec<&str> = set.difference(other).map(String::as_str).collect();
                if left.is_empty() { "–".to_owned() } else { left.join(", ") }
            };
            table.row([name.clone(), only(ours, theirs), only(theirs, ours)]);
        }
    }
    match table.is_empty() {
        true => "\nAll facts of machine, tools and crates are the same.\n".to_owned(),
        false => format!("\nFacts that differ:\n\n{table}"),
    }
}

/// All values of each fact. A list of packages is a value for each of them.
fn all<'a>(machine: &Machine, facts: impl Iterator<Item = &'a Facts>) -> BTreeMap<String, BTreeSet<String>> {
    let known = |number: Option<u64>| or_dash(number, |number| number.to_string());
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |name: &str, value: &str| {
        all.entry(name.to_owned()).or_default().insert(value.to_owned());
    };
    add("CPU", &machine.cpu);
    add("architecture", &machine.architecture);
    add("sockets", &known(machine.sockets));
    add("cores", &known(machine.cores));
    add("CPUs", &machine.cpus.to_string());
    add("memory, MiB", &machine.memory_mib.to_string());
    add("virtualisation", &machine.virtualisation);
    for facts in facts {
        add("kernel", &facts.kernel);
        add("distribution", &facts.distribution);
        add("compiler", &facts.compiler);
        add("governor", &facts.governor);
        add("turbo", &facts.turbo);
        add("clock source", &facts.clock_source);
        for (kind, map) in [("limit", &facts.limits), ("tool", &facts.tools), ("crate", &facts.crates)] {
            for (name, value) in map {
                value.split(", ").for_each(|value| add(&format!("{kind} {name}"), value));
            }
        }
    }
    all
}
