//! A results directory: `machine.toml`, the raw files, and the figures made from them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    facts::{Facts, Machine},
    files,
    measurement::{self, Measurement},
    raw::Ran,
    rounds::{self, Round},
    stats::Estimate,
    workload::{Model, Row, Workload},
};

/// One program of a workload.
pub struct Entry {
    pub row: Row,
    /// From the first sitting and the observed runs.
    pub figures: Measurement,
    /// From the further sittings.
    pub again: Vec<Measurement>,
    /// Its record, or the line that says why it has no figures.
    pub raw: Result<Ran, String>,
}

/// Rounds of a workload, one after the other, and the facts of that day.
pub struct Sitting {
    /// From 1.
    pub number: u32,
    pub facts: Facts,
    pub rounds: Vec<Round>,
}

impl Sitting {
    /// One row against another in the rounds that both have: the ratio of their wall times; where a workload only waits,
    /// the milliseconds by which the first row's time over its wait is longer.
    pub fn compare(&self, workload: &Workload, row: &Row, other: &Row, confidence: f64) -> Option<Estimate> {
        let pairs = rounds::pairs(&self.rounds, &row.slug, &other.slug);
        let waits_s = workload.round_limit_s(row) - workload.round_limit_s(other);
        match workload.only_waits {
            true => Estimate::difference_ms(&pairs, waits_s, confidence),
            false => Estimate::ratio(&pairs, confidence),
        }
    }
}

/// A workload with its programs, in the order of the tables.
pub struct Group {
    pub workload: Workload,
    /// At least one.
    pub sittings: Vec<Sitting>,
    /// How many sittings their control has rejected.
    pub rejected: usize,
    pub entries: Vec<Entry>,
}

impl Entry {
    /// `ok`, or `skipped: …` or `failed: …` with the reason.
    pub fn status(&self) -> &str {
        self.raw.as_ref().err().map_or("ok", String::as_str)
    }
}

impl Group {
    /// The row that the others are compared with, where it has figures.
    pub fn reference(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.raw.is_ok() && self.workload.is_reference(&entry.row))
    }

    /// Those of the first sitting.
    pub fn facts(&self) -> &Facts {
        &self.sittings[0].facts
    }
}

/// A results directory, read whole.
pub struct Results {
    pub machine: Machine,
    /// All workloads of all studies, in the order of `bench.toml`.
    pub groups: Vec<Group>,
    /// The text of `measurements.csv`.
    pub csv: String,
}

impl Results {
    /// Reads `machine.toml` and the raw files of `folder`, whose programs are of these models.
    pub fn read(folder: &Path, models: &[Model]) -> Result<Self> {
        let machine = folder.join("machine.toml");
        if !machine.is_file() {
            let others = machines(folder.parent().unwrap_or(Path::new("."))).unwrap_or_default();
            let others: Vec<String> = others.iter().map(|path| path.display().to_string()).collect();
            let known =
                if others.is_empty() { String::new() } else { format!("; there are {}", others.join(", ")) };
            bail!("{} has no machine.toml, so it holds no results{known}", folder.display())
        }
        let machine = files::toml(&machine)?;
        let raw = folder.join("raw");
        let groups = files::folders(&raw)?.into_iter().map(|path| group(&path, models));
        let mut groups = groups.collect::<Result<Vec<Group>>>()?;
        ensure!(!groups.is_empty(), "{} is empty: measure first", raw.display());
        groups.sort_by_cached_key(|group: &Group| {
            let workload = &group.workload;
            let rtt_ns = (workload.rtt_s.unwrap_or(0.0) * 1e9) as u64;
            (workload.order, workload.size, rtt_ns, workload.key.clone())
        });
        let lines = groups.iter().flat_map(|Group { workload, entries, .. }| {
            let again = entries.iter().flat_map(|entry| entry.again.iter().map(move |again| (entry, again)));
            let figures = entries.iter().map(|entry| (entry, &entry.figures)).chain(again);
            figures
                .map(|(entry, figures)| measurement::COLUMNS.map(|(_, cell)| cell(workload, entry, figures)))
        });
        let names = measurement::COLUMNS.map(|(name, _)| name.to_owned());
        let csv = files::to_csv(std::iter::once(names).chain(lines))?;
        Ok(Results { machine, groups, csv })
    }
}

fn group(path: &Path, models: &[Model]) -> Result<Group> {
    let file = path.join("workload.toml");
    let workload = Workload { models: models.to_vec(), ..files::toml(&file)? };
    let (sittings, rejected) = sittings(path)?;
    let runs = files::csv_if_any(&path.join("runs.csv"))?;
    let entry = |row: &Row| {
        workload.model(&row.model).with_context(|| {
            let Row { program, model, .. } = row;
            format!("{}: {program} has the model {model:?}, which bench.toml does not have", file.display())
        })?;
        let raw = Ran::read(&workload, row, path, &runs)?;
        let rounds = sittings[0].rounds.iter().filter(|round| round.slug == row.slug).count();
        // Fewer than it was to have: the file is cut off.
        ensure!(
            (raw.is_err() && rounds == 0)
                || (1..=1 + row.blocks).any(|blocks| rounds == (blocks * row.rounds) as usize),
            "{}/sitting-1/rounds.csv has {rounds} rounds of {}, not {}",
            path.display(),
            row.slug,
            row.rounds
        );
        let again = sittings[1..].iter().filter(|sitting| sitting.rounds.iter().any(|r| r.slug == row.slug));
        let again = again.map(|sitting| Measurement::new(&workload, row, &raw, sitting, false)).collect();
        let figures = Measurement::new(&workload, row, &raw, &sittings[0], true);
        Ok(Entry { row: row.clone(), figures, again, raw })
    };
    let entries = workload.rows.iter().map(entry).collect::<Result<_>>()?;
    Ok(Group { workload, sittings, rejected, entries })
}

/// The sittings in the order of their numbers, in which there may be gaps, and how many their control has rejected. Where
/// it has rejected all, the first of these stands for one.
fn sittings(path: &Path) -> Result<(Vec<Sitting>, usize)> {
    let mut sittings = Vec::new();
    for folder in files::folders(path)? {
        let Some((number, is_rejected)) = sitting(&folder) else { continue };
        let rounds = files::csv_if_any(&folder.join("rounds.csv"))?;
        let facts = files::toml(&folder.join("facts.toml"))?;
        sittings.push((is_rejected, Sitting { number, facts, rounds }));
    }
    ensure!(!sittings.is_empty(), "{} has no sitting", path.display());
    sittings.sort_by_key(|(is_rejected, sitting)| (*is_rejected, sitting.number));
    let rejected = sittings.iter().filter(|(is_rejected, _)| *is_rejected).count();
    sittings.truncate((sittings.len() - rejected).max(1));
    Ok((sittings.into_iter().map(|(_, sitting)| sitting).collect(), rejected))
}

/// The number of a sitting by its folder, and whether its control has rejected it; none of another folder.
pub fn sitting(folder: &Path) -> Option<(u32, bool)> {
    let (kind, number) = folder.file_name()?.to_str()?.split_once('-')?;
    let known = ["sitting", "rejected"].iter().position(|name| *name == kind)?;
    Some((number.parse().ok()?, known == 1))
}

/// The results directories in `folder`, by name.
pub fn machines(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = files::folders(folder)?;
    found.retain(|path| path.join("machine.toml").is_file());
    Ok(found)
}
