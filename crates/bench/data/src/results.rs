//! A results directory: `machine.toml`, the raw files, and the figures made of them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use crate::{
    facts::{Facts, Machine},
    files,
    measurement::{self, Measurement},
    raw::{Ran, Raw},
    rounds::{self, Round},
    stats::{self, Estimate},
    workload::{Control, Model, Row, Workload},
};

/// One program of a workload.
pub struct Entry {
    /// Its row of the matrix.
    pub row: Row,
    /// Its figures, as `measurements.csv` has them.
    pub figures: Measurement,
    /// Its figures of the further sittings.
    pub again: Vec<Measurement>,
    /// Its record.
    pub raw: Raw,
}

/// A sitting of a workload: its rounds, one after the other, and what they were measured with.
pub struct Sitting {
    /// From 1.
    pub number: u32,
    /// What it was measured with.
    pub facts: Facts,
    /// Its rounds.
    pub rounds: Vec<Round>,
}

/// A workload with its programs, in the order of the tables.
pub struct Group {
    /// What was asked.
    pub workload: Workload,
    /// Its sittings: one at least.
    pub sittings: Vec<Sitting>,
    /// Sittings that their control has rejected.
    pub rejected: usize,
    /// The programs.
    pub entries: Vec<Entry>,
}

impl Entry {
    /// Its record, where it ran.
    pub fn ran(&self) -> Option<&Ran> {
        self.raw.ran().filter(|_| self.figures.is_ok())
    }
}

impl Group {
    /// The Rust programs that have figures: no baseline, no control.
    pub fn ok(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.entries.iter().filter(|entry| {
            let row = &entry.row;
            entry.figures.is_ok() && !row.python && row.control.is_none() && !self.workload.is_baseline(row)
        })
    }

    /// The Python programs that have figures.
    pub fn python(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.entries.iter().filter(|entry| entry.figures.is_ok() && entry.row.python)
    }

    /// What stands under the programs, where it has figures.
    pub fn baseline(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.figures.is_ok() && self.workload.is_baseline(&entry.row))
    }

    /// What the others are compared with, where it has figures.
    pub fn reference(&self) -> Option<&Entry> {
        self.ok().find(|entry| entry.row.program == self.workload.reference)
    }

    /// The reference once more, where it was measured.
    pub fn control(&self, control: Control) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.figures.is_ok() && entry.row.control == Some(control))
    }

    /// What the first sitting was measured with.
    pub fn facts(&self) -> &Facts {
        &self.sittings[0].facts
    }
}

/// A results directory, read whole.
pub struct Results {
    /// The machine.
    pub machine: Machine,
    /// All workloads of all studies, in the order of `bench.toml`.
    pub groups: Vec<Group>,
    /// `measurements.csv`, made of the raw files.
    pub csv: String,
}

impl Results {
    /// Reads `machine.toml` and the raw files of `folder`, whose programs are of these models.
    ///
    /// # Errors
    /// The first file that is missing, cut off or of another version, or a program of an unknown model.
    pub fn read(folder: &Path, models: &[Model]) -> Result<Self> {
        exists(folder)?;
        let machine = Machine::read(&folder.join("machine.toml"))?;
        let raw = folder.join("raw");
        let mut groups = Vec::new();
        for path in files::folders(&raw)? {
            groups.push(group(&path, models)?);
        }
        ensure!(!groups.is_empty(), "{} is empty: measure first", raw.display());
        groups.sort_by_cached_key(|group: &Group| {
            let workload = &group.workload;
            let rtt_ns = (workload.rtt_s.unwrap_or(0.0) * 1e9) as u64;
            (workload.order, workload.size, rtt_ns, workload.key.clone())
        });
        let csv = measurement::csv(groups.iter().flat_map(|group| {
            let again = group.entries.iter().flat_map(|entry| &entry.again);
            group.entries.iter().map(|entry| &entry.figures).chain(again)
        }))?;
        Ok(Results { machine, groups, csv })
    }

    /// The workloads of one study.
    pub fn study(&self, name: &str) -> impl Iterator<Item = &Group> + Clone {
        self.groups.iter().filter(move |group| group.workload.study == name)
    }
}

fn group(path: &Path, models: &[Model]) -> Result<Group> {
    let file = path.join("workload.toml");
    let mut workload = Workload::read(&file)?;
    workload.models = models.to_vec();
    for Row { program, model, .. } in &workload.rows {
        let known = workload.model(model).is_some();
        ensure!(
            known,
            "{}: {program} has the model {model:?}, which bench.toml does not have",
            file.display()
        );
    }
    let (sittings, rejected) = sittings(path)?;
    let mut entries = Vec::new();
    for row in &workload.rows {
        let raw = Raw::read(&workload, row, &path.join(&row.slug))?;
        check_rounds(path, row, &raw, &sittings[0])?;
        let of = |sitting: &Sitting, first| Measurement::new(&workload, row, &raw, sitting, first);
        let again = sittings[1..].iter().filter(|sitting| sitting.rounds.iter().any(|r| r.slug == row.slug));
        let figures = of(&sittings[0], true);
        let again = again.map(|sitting| of(sitting, false)).collect();
        entries.push(Entry { row: row.clone(), figures, again, raw });
    }
    for sitting in &sittings {
        judge(&mut entries, &workload, sitting);
    }
    Ok(Group { workload, sittings, rejected, entries })
}

/// The sittings in the order of their numbers, in which there may be gaps, and how many their control has rejected. Where
/// it has rejected all, the first of these stands for one.
fn sittings(path: &Path) -> Result<(Vec<Sitting>, usize)> {
    let (mut sittings, mut rejected) = (Vec::new(), Vec::new());
    for folder in files::folders(path)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (found, number) = match name.split_once('-') {
            Some(("sitting", number)) => (&mut sittings, number),
            Some(("rejected", number)) => (&mut rejected, number),
            _ => continue,
        };
        let Ok(number) = number.parse() else { continue };
        let rounds = folder.join("rounds.csv");
        let rounds = if rounds.exists() { files::csv(&rounds)? } else { Vec::new() };
        found.push(Sitting { number, facts: Facts::read(&folder.join("facts.toml"))?, rounds });
    }
    let count = rejected.len();
    if sittings.is_empty() {
        sittings.extend(rejected.into_iter().min_by_key(|sitting| sitting.number));
    }
    ensure!(!sittings.is_empty(), "{} has no sitting", path.display());
    sittings.sort_by_key(|sitting| sitting.number);
    Ok((sittings, count))
}

/// # Errors
/// Fewer rounds of a row than it was to have: the file is cut off.
fn check_rounds(path: &Path, row: &Row, raw: &Raw, sitting: &Sitting) -> Result<()> {
    let found = sitting.rounds.iter().filter(|round| round.slug == row.slug).count();
    ensure!(
        raw.ran().is_none() || (1..=1 + row.blocks).any(|blocks| found == (blocks * row.rounds) as usize),
        "{}/sitting-1/rounds.csv has {found} rounds of {}, not {}",
        path.display(),
        row.slug,
        row.rounds
    );
    Ok(())
}

/// How the programs compare with the reference. All comparisons of the programs in Rust are one family, those in Python
/// another, and the intervals of a family hold together; a control stands alone.
fn judge(entries: &mut [Entry], workload: &Workload, sitting: &Sitting) {
    let Some(reference) = workload.rows.iter().find(|row| workload.is_reference(row)) else { return };
    for entry in entries.iter_mut().filter(|entry| !workload.is_reference(&entry.row)) {
        let confidence = match entry.row.control {
            None => confidence(workload, entry.row.python),
            Some(Control::Same) => stats::REJECTION,
            Some(Control::Planted) => stats::CONFIDENCE,
        };
        let figures = match sitting.number {
            number if number == entry.figures.sitting => Some(&mut entry.figures),
            number => entry.again.iter_mut().find(|again| again.sitting == number),
        };
        let Some(figures) = figures.filter(|figures| figures.is_ok()) else { continue };
        let pairs = Pairs::new(workload, sitting, &entry.row, reference);
        if workload.only_waits {
            figures.over_difference_ms = pairs.difference_ms(confidence);
        } else if let Some(ratio) = pairs.ratio(confidence) {
            (figures.ratio, figures.ratio_interval) = (Some(ratio.estimate), ratio.interval);
        }
    }
}

/// How many comparisons a workload makes: its timed rows with the reference, and the declared pairs.
pub fn comparisons(workload: &Workload, python: bool) -> usize {
    let rows =
        workload.rows.iter().filter(|row| row.python == python && row.control.is_none() && row.rounds > 0);
    rows.map(|row| usize::from(row.program != workload.reference) + usize::from(row.differs.is_some())).sum()
}

/// Confidence of each interval of a workload's comparisons, in one language.
pub fn confidence(workload: &Workload, python: bool) -> f64 {
    stats::simultaneous(comparisons(workload, python))
}

/// The wall times of two rows in the rounds that both have.
pub struct Pairs {
    own_s: Vec<f64>,
    other_s: Vec<f64>,
    /// By how much longer the one has to wait.
    waits_s: f64,
}

impl Pairs {
    pub fn new(workload: &Workload, sitting: &Sitting, row: &Row, other: &Row) -> Self {
        let (own_s, other_s) = rounds::pairs(&sitting.rounds, &row.slug, &other.slug).into_iter().unzip();
        Pairs { own_s, other_s, waits_s: workload.round_limit_s(row) - workload.round_limit_s(other) }
    }

    /// The one ÷ the other.
    pub fn ratio(&self, confidence: f64) -> Option<Estimate> {
        Estimate::ratio(&self.own_s, &self.other_s, confidence)
    }

    /// The one's time over its wait less that of the other, in milliseconds.
    pub fn difference_ms(&self, confidence: f64) -> Option<Estimate> {
        let differences =
            self.own_s.iter().zip(&self.other_s).map(|(own, other)| 1e3 * (own - other - self.waits_s));
        Estimate::centre(&differences.collect::<Vec<_>>(), confidence)
    }
}

/// Says which results there are when `folder` has none.
///
/// # Errors
/// `folder` is not a results directory.
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
    let mut found = files::folders(folder)?;
    found.retain(|path| path.join("machine.toml").is_file());
    Ok(found)
}
