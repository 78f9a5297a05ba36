//! Two machines, or two runs of one, side by side.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::{
    format::{code, fixed, list, whole},
    machine::Machine,
    markdown::Table,
    measurements::{self, Measurement},
    page, results,
};

struct Side {
    machine: Machine,
    rows: Vec<Measurement>,
}

impl Side {
    fn read(folder: &Path) -> Result<Self> {
        results::exists(folder)?;
        let machine = Machine::read(&folder.join("machine.toml"))?;
        let path = folder.join("measurements.csv");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let rows = measurements::read(&text).with_context(|| format!("cannot use {}", path.display()))?;
        results::Results::read(folder)?.check_csv(folder)?;
        Ok(Side { machine, rows })
    }

    fn name(&self) -> String {
        page::title(&self.machine)
    }

    fn find(&self, like: &Measurement) -> Option<&Measurement> {
        self.rows.iter().find(|row| key(row) == key(like))
    }

    /// Wall time of the sequential program of the same workload, with its noise, in seconds.
    fn sequential(&self, like: &Measurement) -> Option<Figure> {
        let of = |row: &&Measurement| {
            (&row.workload, row.size, row.is_python()) == (&like.workload, like.size, like.is_python())
                && row.model == "sequential"
        };
        let row = self.rows.iter().find(of)?;
        Figure::wall(row)
    }
}

fn key(row: &Measurement) -> (&str, u64, &str) {
    (&row.workload, row.size, &row.program)
}

/// A median and what the runs differ by.
#[derive(Clone, Copy)]
struct Figure {
    value: f64,
    noise: f64,
}

impl Figure {
    fn wall(row: &Measurement) -> Option<Figure> {
        Some(Figure { value: row.wall_median_s?, noise: page::noise(row) })
    }

    fn over(self, divisor: Figure) -> Figure {
        let value = self.value / divisor.value;
        // First-order propagation: relative deviations add up.
        Figure { value, noise: value * (self.noise / self.value + divisor.noise / divisor.value) }
    }

    fn exact(value: f64) -> Figure {
        Figure { value, noise: 0.0 }
    }

    /// What is measured once.
    fn once(value: u64) -> Figure {
        Figure { value: value as f64, noise: value as f64 * page::ONE_RUN_NOISE }
    }

    fn differs(self, other: Figure) -> bool {
        (self.value - other.value).abs() > self.noise + other.noise
    }
}

/// Markdown that compares `new` with `base`.
///
/// # Errors
/// Unusable results, another schema version, or different workload sizes.
pub fn compare(base: &Path, new: &Path) -> Result<String> {
    let (base_name, new_name) = (base.display().to_string(), new.display().to_string());
    let (base, new) = (Side::read(base)?, Side::read(new)?);
    sizes(&base, &new)?;
    let mut text = format!(
        "# {new_name} against {base_name}\n\nbase: {}. new: {}.\n\n{}",
        base.name(),
        new.name(),
        facts(&base.machine, &new.machine)
    );
    let mut workloads: Vec<(&str, u64)> =
        base.rows.iter().map(|row| (row.workload.as_str(), row.size)).collect();
    workloads.dedup();
    for (workload, size) in workloads {
        let rows = base.rows.iter().filter(|row| row.workload == workload && row.size == size);
        let pairs: Vec<(&Measurement, &Measurement)> = rows
            .filter_map(|row| Some((row, new.find(row)?)))
            .filter(|(a, b)| a.is_ok() && b.is_ok())
            .collect();
        if !pairs.is_empty() {
            text += &format!("\n## {workload}, {size} items\n\n");
            text += &tables(&base, &new, &pairs);
        }
    }
    text += &one_sided(&base, &new);
    text += &format!(
        "\nBeyond noise: the difference exceeds what the runs of both sides together differ by (median absolute deviation, \
         {:.1} % at least; of a single run, {:.0} % is taken). Absolute times depend on too much to compare machines by: \
         the ratio to sequential and wall ÷ limit are what compares.\n",
        100.0 * page::LEAST_NOISE,
        100.0 * page::ONE_RUN_NOISE
    );
    Ok(text)
}

fn sizes(base: &Side, new: &Side) -> Result<()> {
    let sizes = |side: &Side| {
        let mut sizes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for row in &side.rows {
            let known = sizes.entry(row.workload.clone()).or_default();
            if !known.contains(&row.size) {
                known.push(row.size);
            }
        }
        sizes
    };
    let theirs = sizes(new);
    let differ = |(workload, sizes): (&String, &Vec<u64>)| {
        let other = theirs.get(workload)?;
        let text = |sizes: &[u64]| list(&sizes.iter().map(u64::to_string).collect::<Vec<_>>());
        (other != sizes)
            .then(|| format!("{workload} has {} items in base and {} in new", text(sizes), text(other)))
    };
    let differences: Vec<String> = sizes(base).iter().filter_map(differ).collect();
    ensure!(differences.is_empty(), "different workload sizes do not compare: {}", differences.join("; "));
    // The latency is in the limits.
    for row in &base.rows {
        let Some(other) = new.find(row) else { continue };
        let waits = row.model == "sequential" || row.at_once == Some(row.size);
        ensure!(
            !waits || other.at_once != row.at_once || row.limit_s == other.limit_s,
            "different latencies do not compare: the limit of {} is {} s in base and {} s in new",
            row.program,
            fixed(row.limit_s, 4),
            fixed(other.limit_s, 4)
        );
    }
    Ok(())
}

/// Facts that differ, a row each.
fn facts(base: &Machine, new: &Machine) -> String {
    let facts = |machine: &Machine| -> Vec<(String, String)> {
        let known = |number: Option<u64>| whole(number);
        let mut facts: Vec<(String, String)> = [
            ("CPU", machine.cpu.clone()),
            ("sockets", known(machine.sockets)),
            ("cores", known(machine.cores)),
            ("CPUs", machine.cpus.to_string()),
            ("memory, MiB", machine.memory_mib.to_string()),
            ("kernel", machine.kernel.clone()),
            ("distribution", machine.distribution.clone()),
            ("compiler", machine.compiler.clone()),
            ("virtualisation", machine.virtualisation.clone()),
            ("governor", machine.governor.clone()),
            ("turbo", machine.turbo.clone()),
            ("clock source", machine.clock_source.clone()),
            ("load before", format!("{:.2}", machine.load_before)),
            ("busy before, %", format!("{:.0}", machine.busy_percent)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (kind, map) in [("limit", &machine.limits), ("tool", &machine.tools), ("crate", &machine.crates)]
        {
            facts.extend(map.iter().map(|(name, value)| (format!("{kind} {name}"), value.clone())));
        }
        for (workload, measured) in &machine.measured {
            facts.push((format!("measured {workload}"), format!("{}, {}", measured.date, measured.commit)));
        }
        facts
    };
    let (ours, theirs) = (facts(base), facts(new));
    let other: BTreeMap<&String, &String> = theirs.iter().map(|(name, value)| (name, value)).collect();
    let mine: BTreeMap<&String, &String> = ours.iter().map(|(name, value)| (name, value)).collect();
    let missing = "–".to_owned();
    let mut table = Table::words(["fact", "base", "new"]);
    let mut count = 0;
    let only_new = theirs.iter().filter(|(name, _)| !mine.contains_key(name));
    for (name, _) in ours.iter().chain(only_new) {
        let value = |side: &BTreeMap<&String, &String>| {
            side.get(name).map_or(missing.clone(), |value| (*value).clone())
        };
        let (a, b) = (value(&mine), value(&other));
        if a != b {
            count += 1;
            table.row([name.clone(), a, b]);
        }
    }
    match count {
        0 => "The facts of both machines are the same.\n".to_owned(),
        _ => format!("Facts that differ:\n\n{table}"),
    }
}

fn tables(base: &Side, new: &Side, pairs: &[(&Measurement, &Measurement)]) -> String {
    let mut time = Table::figures(["program", "figure", "base", "new", "difference", "beyond noise"]);
    let mut work = Table::figures([
        "program",
        "max RSS, KiB",
        "PSS of the tree, KiB",
        "voluntary context switches",
        "involuntary context switches",
    ]);
    let mut ratios = false;
    for (a, b) in pairs {
        let name = code(&a.program);
        let Some((x, y)) = Figure::wall(a).zip(Figure::wall(b)) else { continue };
        if let Some((s, t)) = base.sequential(a).zip(new.sequential(b)).filter(|_| a.model != "sequential") {
            ratios = true;
            time.row(line(&name, "wall ÷ sequential", x.over(s), y.over(t), 4));
        }
        if let Some((limit, other)) = a.limit_s.zip(b.limit_s) {
            let (limit, other) = (Figure::exact(limit), Figure::exact(other));
            time.row(line(&name, "wall ÷ limit", x.over(limit), y.over(other), 3));
        }
        work.row([
            name,
            change(a.max_rss_kib, b.max_rss_kib, true),
            change(a.tree_pss_kib, b.tree_pss_kib, true),
            change(a.voluntary, b.voluntary, false),
            change(a.involuntary, b.involuntary, false),
        ]);
    }
    let note = match ratios {
        true => "",
        false => "No sequential program here on both sides: wall ÷ limit alone compares.\n\n",
    };
    let percent = 100.0 * page::ONE_RUN_NOISE;
    format!(
        "{note}{time}\nMemory and context switches are of one observed run each. \
         **Bold**: memory that differs by more than {percent:.0} % of both sides.\n\n{work}"
    )
}

fn line(name: &str, figure: &str, a: Figure, b: Figure, decimals: usize) -> Vec<String> {
    vec![
        name.to_owned(),
        figure.to_owned(),
        fixed(Some(a.value), decimals),
        fixed(Some(b.value), decimals),
        format!("{:+.1} %", 100.0 * (b.value / a.value - 1.0)),
        if a.differs(b) { "yes" } else { "no" }.to_owned(),
    ]
}

/// Two counts and how they differ; in bold, where `marked`, beyond the noise of one run each.
fn change(a: Option<u64>, b: Option<u64>, marked: bool) -> String {
    let text = format!("{} → {}", whole(a), whole(b));
    match a.zip(b) {
        Some((a, b)) if a > 0 => {
            let text = format!("{text} ({:+.1} %)", 100.0 * (b as f64 / a as f64 - 1.0));
            if marked && Figure::once(a).differs(Figure::once(b)) { format!("**{text}**") } else { text }
        }
        _ => text,
    }
}

fn one_sided(base: &Side, new: &Side) -> String {
    let mut lines = Vec::new();
    for (name, side, other) in [("base", base, new), ("new", new, base)] {
        for row in &side.rows {
            let label = format!("{} ({}, {} items)", code(&row.program), row.workload, row.size);
            match other.find(row) {
                None => lines.push(format!("- only in {name}: {label}")),
                Some(_) if !row.is_ok() => {
                    lines.push(format!("- not measured in {name}: {label}: {}", row.status))
                }
                Some(_) => {}
            }
        }
    }
    if lines.is_empty() { String::new() } else { format!("\n## On one side only\n\n{}\n", lines.join("\n")) }
}
