//! The results: raw files put together from the files of the steps, and their exchange with the old ones in one step. At
//! every instant, also of a kill, `results/<machine>` is the old folder or the new one, whole.
//!
//! They are put together in `results/.new/<machine>`, on the same disk: a disk that is full is full then. The kernel
//! exchanges both (`renameat2`, RENAME_EXCHANGE). Where a file system cannot, the old folder is first renamed to
//! `results/.old/<machine>`; a kill right there leaves it, and [`Results::of`] brings it back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{
    files,
    rounds::{self, Round},
    runs::{Kind, Run as Recorded},
    stats, tools,
    workload::{Control, Row, Workload},
};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{
    run::{self, Part, Run},
    steps::{STEPS, Step},
};

/// The folder of one machine's results.
pub struct Results {
    /// `results/<machine>`.
    pub place: PathBuf,
    /// `results/.new/<machine>`, with the same last name: it stands in the pages.
    pub new: PathBuf,
    old: PathBuf,
}

impl Results {
    /// The folder of a run's results. Where a killed run has moved it aside, it is moved back.
    pub fn of(run: &Run) -> Result<Self> {
        let [place, new, old] =
            ["", ".new", ".old"].map(|aside| run::results(run.quick).join(aside).join(&run.name));
        if old.exists() && !place.exists() {
            rename(&old, &place)?;
        }
        Ok(Self { place, new, old })
    }

    /// Puts the new results together: those of this run, and the old ones that it does not replace. Returns what the user
    /// should know.
    pub fn collect(&self, run: &Run, steps: &[Step]) -> Result<Vec<String>> {
        // What a killed run has left is in the way.
        self.clean()?;
        if !run.quick {
            self.keep(run)?;
        }
        files::write_toml(&self.new.join("machine.toml"), &run.machine)?;
        let mut notices = Vec::new();
        for (part, Part { workload, sitting, facts }) in run.parts.iter().enumerate() {
            let folder = self.new.join("raw").join(&workload.key);
            if !run.again {
                files::write_toml(&folder.join("workload.toml"), workload)?;
                let mut runs = Vec::new();
                for row in &workload.rows {
                    let raw = folder.join(&row.slug);
                    match &row.skip {
                        Some(reason) => files::write(&raw.join("status.txt"), &format!("{reason}\n"))?,
                        None => runs.extend(collect_row(workload, row, &raw)?),
                    }
                }
                if !runs.is_empty() {
                    files::write(&folder.join("runs.csv"), &files::to_csv(runs)?)?;
                }
            }
            let rounds = rounds(steps, part, u32::MAX)?;
            let rejected = stats::rejects(&control(workload, &rounds));
            if rejected {
                notices.push(format!(
                    "{}: sitting {sitting} is rejected: its control differs from the same program. It is kept as \
                     rejected-{sitting}; make again adds another",
                    workload.key
                ));
            }
            let folder = folder.join(format!("{}-{sitting}", if rejected { "rejected" } else { "sitting" }));
            files::write_toml(&folder.join("facts.toml"), &facts)?;
            if !rounds.is_empty() {
                files::write(&folder.join("rounds.csv"), &files::to_csv(rounds)?)?;
            }
        }
        Ok(notices)
    }

    /// Copies the old results that are not measured now.
    fn keep(&self, run: &Run) -> Result<()> {
        for (folder, workload) in run::kept(&self.place)? {
            // Of a study that is measured whole, what is no longer asked goes.
            let replaced =
                |new: &Workload| new.key == workload.key || (run.whole && new.study == workload.study);
            if run.again || !run.workloads().any(replaced) {
                for file in files_in(&folder)? {
                    copy(&file, &self.new.join(file.strip_prefix(&self.place)?))?;
                }
            }
        }
        Ok(())
    }

    /// Replaces the old results by the new ones.
    pub fn exchange(&self) -> Result<()> {
        if !self.place.exists() {
            rename(&self.new, &self.place)?;
        } else if renameat_with(CWD, &self.new, CWD, &self.place, RenameFlags::EXCHANGE).is_err() {
            let aside = self.old.with_file_name("");
            fs::create_dir_all(&aside).with_context(|| format!("cannot create {}", aside.display()))?;
            rename(&self.place, &self.old)?;
            rename(&self.new, &self.place)?;
        }
        // Of no use any more. What cannot be removed is in nobody's way.
        let _ = self.clean();
        Ok(())
    }

    /// Removes what is aside of this machine.
    pub fn clean(&self) -> Result<()> {
        for folder in [&self.new, &self.old] {
            if folder.exists() {
                fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
            }
            // Of another machine there may be something beside it.
            let _ = fs::remove_dir(folder.with_file_name(""));
        }
        Ok(())
    }
}

/// The runs of a row; copies its other files as they are.
fn collect_row(workload: &Workload, row: &Row, to: &Path) -> Result<Vec<Recorded>> {
    let folder = Path::new(STEPS).join(&workload.key).join(&row.slug);
    let mut runs: Vec<Recorded> = Vec::new();
    for file in files_in(&folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (kind, number) = name.split_once(['-', '.']).unwrap_or((&name, ""));
        match kind {
            "round" | "stderr" => {}
            "timed" | "short" => {
                let kind = if kind == "timed" { Kind::Timed } else { Kind::Short };
                let run = number.trim_end_matches(".txt").parse()?;
                runs.push(files::parse(&file, |text| Ok(Recorded { kind, run, ..tools::time(text)? }))?);
            }
            "observed" => runs.extend(files::csv::<Recorded>(&file)?),
            _ => copy(&file, &to.join(&name))?,
        }
    }
    runs.iter_mut().for_each(|run| run.slug.clone_from(&row.slug));
    Ok(runs)
}

/// The timed runs of a workload so far, up to this round.
pub fn rounds(steps: &[Step], part: usize, first: u32) -> Result<Vec<Round>> {
    let wanted = |step: &&Step| step.part == part && step.round.is_some_and(|round| round <= first);
    let files = steps.iter().filter(wanted).map(|step| step.folder().join(&step.writes[0]));
    let rounds = files.filter(|file| file.exists()).map(|file| files::csv(&file));
    Ok(rounds.collect::<Result<Vec<_>>>()?.concat())
}

/// The wall times of the reference as it was measured once more, and as it was measured. Where they differ, other figures of
/// the sitting are worth no more.
pub fn control(workload: &Workload, rounds: &[Round]) -> Vec<(f64, f64)> {
    let control = workload.rows.iter().find(|row| row.control == Some(Control::Same));
    let reference = workload.rows.iter().find(|row| workload.is_reference(row));
    let rows = control.zip(reference);
    rows.map_or(Vec::new(), |(control, reference)| rounds::pairs(rounds, &control.slug, &reference.slug))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))
}

/// A file, or all files below a folder in the order of their names; none where neither is there.
pub fn files_in(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(path.is_file().then(|| path.to_owned()).into_iter().collect());
    }
    Ok(files::entries(path)?.iter().map(|path| files_in(path)).collect::<Result<Vec<_>>>()?.concat())
}

/// Copies a file, and makes the folders above it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = fs::create_dir_all(to.with_file_name("")).and_then(|()| fs::copy(from, to));
    copied.map(drop).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}
