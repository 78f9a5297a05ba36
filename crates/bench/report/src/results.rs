//! A results directory: its raw files, the rows made of them, and the files generated from both.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    faults,
    machine::Machine,
    measurements::{self, Measurement},
    network, page, plots,
    published::Published,
    raw::{Ran, Raw},
    workload::{Part, Row, Workload},
};

/// One program of a workload.
pub struct Entry {
    /// Its row of the matrix.
    pub row: Row,
    /// Its figures, as `measurements.csv` has them.
    pub figures: Measurement,
    /// Its record, where it ran.
    pub ran: Option<Box<Ran>>,
}

/// A workload with its programs, in the order of the tables.
pub struct Group {
    /// What was asked.
    pub workload: Workload,
    /// The programs.
    pub entries: Vec<Entry>,
}

impl Group {
    /// The Rust programs that have figures.
    pub fn ok(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.entries
            .iter()
            .filter(|entry| entry.figures.is_ok() && !entry.row.python && !entry.row.is_floor())
    }

    /// What is set under the programs, where it has figures.
    pub fn floor(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.figures.is_ok() && entry.row.is_floor())
    }

    /// The Python programs that have figures.
    pub fn python(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.entries.iter().filter(|entry| entry.figures.is_ok() && entry.row.python)
    }

    /// Whose CPU time and counters stand in the tables.
    pub fn server(&self) -> Option<&str> {
        if self.workload.lab { Some("lab") } else { self.workload.server.as_deref() }
    }

    /// Wall time of the sequential program in seconds.
    pub fn sequential_s(&self) -> Option<f64> {
        self.ok().find(|entry| entry.row.model == "sequential")?.figures.wall_median_s
    }
}

/// Everything that the generated files are made of.
pub struct Results {
    /// The machine.
    pub machine: Machine,
    /// The workloads of `make bench`, and those that others answer.
    pub groups: Vec<Group>,
    /// The workloads of `make scale`, by workload and size.
    pub scale: Vec<Group>,
    /// The workloads of `make faults`.
    pub faults: Vec<Group>,
    /// The workloads of `make network`, by round-trip time.
    pub network: Vec<Group>,
    /// `measurements.csv` and, where there is such a part, `scale.csv`, `faults.csv` and `network.csv`.
    pub csv: BTreeMap<&'static str, String>,
}

impl Results {
    /// Reads `machine.toml` and the raw files of `folder`.
    ///
    /// # Errors
    /// The first file that is missing, cut off or of another version.
    pub fn read(folder: &Path) -> Result<Self> {
        exists(folder)?;
        let machine = Machine::read(&folder.join("machine.toml"))?;
        let raw = folder.join("raw");
        let list = fs::read_dir(&raw).with_context(|| format!("cannot read {}", raw.display()))?;
        let mut found = Vec::new();
        for item in list {
            let path = item.with_context(|| format!("cannot read {}", raw.display()))?.path();
            found.push((Workload::read(&path.join("workload.toml"))?, path));
        }
        ensure!(!found.is_empty(), "{} is empty: measure first", raw.display());
        found.sort_by_cached_key(|(workload, _)| {
            let rtt_ns = (workload.rtt_s.unwrap_or(0.0) * 1e9) as u64;
            (workload.order, workload.size, rtt_ns, workload.key.clone())
        });
        let (main, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|(w, _)| w.part.is_main());
        let (scale, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(w, _)| w.part == Part::Scale);
        let (network, faults): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(w, _)| w.part == Part::Network);
        let (main, measurements) = groups(main)?;
        let (scale, scales) = groups(scale)?;
        let (faults, _) = groups(faults)?;
        let (network, _) = groups(network)?;
        let mut csv = BTreeMap::from([("measurements.csv", measurements)]);
        if !scale.is_empty() {
            csv.insert("scale.csv", scales);
        }
        if !faults.is_empty() {
            csv.insert("faults.csv", faults::csv(&faults)?);
        }
        if !network.is_empty() {
            csv.insert("network.csv", network::csv(&network)?);
        }
        Ok(Results { machine, groups: main, scale, faults, network, csv })
    }

    /// Whether the CSV files in `folder` are what the raw files give.
    ///
    /// # Errors
    /// Names the first row that differs.
    pub fn check_csv(&self, folder: &Path) -> Result<()> {
        self.csv.iter().try_for_each(|(name, text)| same(&folder.join(name), text))
    }

    /// All generated files by their path in the results directory.
    ///
    /// # Errors
    /// None but those of the writers.
    pub fn files(&self, published: &Published) -> Result<BTreeMap<String, String>> {
        let mut files = plots::all(self)?;
        files.extend(self.csv.iter().map(|(name, text)| ((*name).to_owned(), text.clone())));
        files.insert("README.md".to_owned(), page::page(self, published));
        for group in &self.groups {
            files.insert(format!("memory/{}.csv", group.workload.key), memory(group)?);
        }
        Ok(files)
    }
}

/// The workloads with their figures, and these as CSV.
fn groups(found: Vec<(Workload, PathBuf)>) -> Result<(Vec<Group>, String)> {
    let mut raws = Vec::new();
    let mut rows = Vec::new();
    for (workload, path) in &found {
        for row in &workload.rows {
            let raw = Raw::read(workload, row, &path.join(&row.slug))?;
            rows.push(Measurement::new(workload, row, &raw));
            raws.push(raw);
        }
    }
    let csv = measurements::write(&rows)?;
    // Read back: everything below is made of the figures as they stand in the file.
    let mut figures = measurements::read(&csv)?.into_iter().zip(raws);
    let mut groups = Vec::new();
    for (workload, _) in found {
        let rows = workload.rows.clone().into_iter();
        let entries = rows.zip(&mut figures).map(|(row, (figures, raw))| Entry {
            row,
            figures,
            ran: match raw {
                Raw::Ran(ran) => Some(ran),
                Raw::Status(_) => None,
            },
        });
        groups.push(Group { entries: entries.collect(), workload });
    }
    Ok((groups, csv))
}

/// PSS of every program's tree over time.
fn memory(group: &Group) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["program", "seconds", "tree_pss_kib", "processes"])?;
    for entry in &group.entries {
        for (seconds, pss, processes) in entry.ran.iter().flat_map(|ran| &ran.observed.samples) {
            let fields = [format!("{seconds:.4}"), pss.to_string(), processes.to_string()];
            writer.write_record(std::iter::once(&entry.row.program).chain(&fields))?;
        }
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}

/// Says which results there are when `folder` is none.
///
/// # Errors
/// `folder` is no results directory.
pub fn exists(folder: &Path) -> Result<()> {
    if folder.join("machine.toml").is_file() {
        return Ok(());
    }
    let others = machines(folder.parent().unwrap_or(Path::new("."))).unwrap_or_default();
    let known = match others.as_slice() {
        [] => String::new(),
        _ => format!(
            "; there are {}",
            others.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        ),
    };
    bail!("{} has no machine.toml, so it holds no results{known}", folder.display())
}

/// The results directories in `folder`, by name.
///
/// # Errors
/// `folder` cannot be read.
pub fn machines(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found: Vec<PathBuf> = list.filter_map(|item| Some(item.ok()?.path())).collect();
    found.retain(|path| path.join("machine.toml").is_file());
    found.sort();
    Ok(found)
}

/// Makes all generated files of `folder` anew: aside first, then moved into place.
///
/// # Errors
/// Unusable raw files, or a `measurements.csv` that was not made from them; then nothing is changed.
pub fn report(folder: &Path, published: &Path) -> Result<()> {
    let results = Results::read(folder)?;
    for (name, text) in results.csv.iter().filter(|(name, _)| folder.join(name).exists()) {
        same(&folder.join(name), text)
            .with_context(|| "nothing written; restore the file, or delete it to make it from raw/")?;
    }
    let files = results.files(&Published::read(published)?)?;
    let aside = folder.join(".new");
    let write = || -> Result<()> {
        for (name, text) in &files {
            let path = aside.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&aside))
                .with_context(|| format!("cannot write {name}"))?;
            fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
        }
        Ok(())
    };
    write().inspect_err(|_| drop(fs::remove_dir_all(&aside)))?;
    // Whole folders, so that a plot of a workload that is gone goes too.
    let csv = results.csv.keys().copied();
    for name in ["plots", "memory"].into_iter().chain(csv).chain(["README.md"]) {
        let (from, to) = (aside.join(name), folder.join(name));
        if to.is_dir() {
            fs::remove_dir_all(&to).with_context(|| format!("cannot replace {}", to.display()))?;
        }
        // Where only other parts were measured, some are none.
        if from.exists() {
            fs::rename(&from, &to).with_context(|| format!("cannot move {} into place", to.display()))?;
        }
    }
    fs::remove_dir(&aside).with_context(|| format!("cannot remove {}", aside.display()))
}

/// Compares all generated files of `folder` with what its raw files give, byte for byte.
///
/// # Errors
/// The first file, and its first line, that differs.
pub fn check(folder: &Path, published: &Path) -> Result<()> {
    let results = Results::read(folder)?;
    results.check_csv(folder)?;
    let files = results.files(&Published::read(published)?)?;
    for (name, expected) in &files {
        same(&folder.join(name), expected)?;
    }
    for kind in ["plots", "memory"] {
        let path = folder.join(kind);
        if !path.exists() {
            continue;
        }
        for item in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
            let item = item.with_context(|| format!("cannot read {}", path.display()))?;
            let name = format!("{kind}/{}", item.file_name().to_string_lossy());
            ensure!(files.contains_key(&name), "{} is not made from raw/", item.path().display());
        }
    }
    Ok(())
}

fn same(path: &Path, expected: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if text == expected {
        return Ok(());
    }
    let pairs = text.lines().zip(expected.lines());
    let line = pairs.take_while(|(found, expected)| found == expected).count();
    let shown =
        |text: &str| text.lines().nth(line).unwrap_or("nothing").chars().take(160).collect::<String>();
    bail!(
        "{} line {} is not what raw/ gives: it has {:?}, raw/ gives {:?}",
        path.display(),
        line + 1,
        shown(&text),
        shown(expected)
    )
}
