//! The raw files of results, from the files of the steps.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use bench_data::{
    files,
    rounds::{self, Round},
    runs::{Kind, Run as Recorded},
    stats, tools,
    workload::{Control, Row, Workload},
};

use crate::{
    exchange, folders,
    run::{Part, Run},
    steps::Steps,
};

/// Puts results together in `to`: those of this run, and those in `old` that it does not replace. Returns what the user
/// should know.
pub fn collect(run: &Run, plan: &Steps, old: &Path, to: &Path) -> Result<Vec<String>> {
    if !run.quick {
        keep(run, old, to)?;
    }
    files::write_toml(&to.join("machine.toml"), &run.machine)?;
    let mut notices = Vec::new();
    for Part { workload, sitting, facts } in &run.parts {
        let folder = to.join("raw").join(&workload.key);
        if !run.again {
            files::write_toml(&folder.join("workload.toml"), workload)?;
            for row in &workload.rows {
                let raw = folder.join(&row.slug);
                match &row.skip {
                    Some(reason) => files::write(&raw.join("status.txt"), &format!("{reason}\n"))?,
                    None => collect_row(&folders::row(&workload.key, &row.slug), plan, &raw)?,
                }
            }
        }
        let rounds = collect_rounds(workload, plan)?;
        let rejected = is_rejected(workload, &rounds);
        let name = if rejected { "rejected" } else { "sitting" };
        if rejected {
            notices.push(format!(
                "{}: sitting {sitting} is rejected: its control differs from the same program. It is kept as \
                 rejected-{sitting}; make again adds another",
                workload.key
            ));
        }
        let sitting = folder.join(format!("{name}-{sitting}"));
        files::write_toml(&sitting.join("facts.toml"), &facts)?;
        if !rounds.is_empty() {
            files::write(&sitting.join("rounds.csv"), &files::to_csv(rounds)?)?;
        }
    }
    Ok(notices)
}

/// Copies the old results that are not measured now.
fn keep(run: &Run, old: &Path, to: &Path) -> Result<()> {
    for folder in files::folders(&old.join("raw")).unwrap_or_default() {
        let workload = Workload::read(&folder.join("workload.toml"))?;
        let measured = run.workloads().any(|new| new.key == workload.key);
        // Of a study that is measured whole, what is no longer asked goes.
        let gone = workload.study == run.study && run.whole;
        if run.again || !(measured || gone) {
            let name = folder.file_name().unwrap_or_default();
            exchange::copy(&folder, &to.join("raw").join(name))?;
        }
    }
    Ok(())
}

/// One line for each run of a row, and the other files as they are; or only why there are none.
fn collect_row(folder: &str, plan: &Steps, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let status = Path::new(folder).join("status.txt");
    if status.exists() {
        return exchange::copy(&status, &to.join("status.txt"));
    }
    let mut recorded: Vec<Recorded> = Vec::new();
    for step in plan.steps.iter().filter(|step| step.folder() == Path::new(folder) && step.round.is_none()) {
        let name = step.id.rsplit('/').next().unwrap_or_default();
        for file in step.writes.iter().map(|written| Path::new(&written.file)) {
            let kind = match name.split_once('-') {
                Some(("observed", _)) => {
                    recorded.extend(files::csv::<Recorded>(file)?);
                    continue;
                }
                Some(("timed", run)) => (Kind::Timed, run),
                Some(("short", run)) => (Kind::Short, run),
                _ if name == "probe" => continue,
                _ => {
                    exchange::copy(file, &to.join(file.file_name().unwrap_or_default()))?;
                    continue;
                }
            };
            let (kind, run) = kind;
            recorded.push(files::parse(file, |text| {
                Ok(Recorded { kind, run: run.parse()?, ..tools::time(text)? })
            })?);
        }
    }
    match recorded.is_empty() {
        true => Ok(()),
        false => files::write(&to.join("runs.csv"), &files::to_csv(recorded)?),
    }
}

/// The rounds of a workload, in the order in which they ran.
fn collect_rounds(workload: &Workload, plan: &Steps) -> Result<Vec<Round>> {
    let prefix = format!("{}/", workload.key);
    let steps = plan.steps.iter().filter(|step| step.round.is_some() && step.id.starts_with(&prefix));
    let files = steps.map(|step| Path::new(&step.writes[0].file)).filter(|file| file.exists());
    let rounds: Vec<Vec<Round>> = files.map(files::csv).collect::<Result<_>>()?;
    Ok(rounds.into_iter().flatten().collect())
}

/// Whether the reference, measured once more, came out different: then other figures of the sitting are worth no more.
fn is_rejected(workload: &Workload, rounds: &[Round]) -> bool {
    let find = |found: &dyn Fn(&&Row) -> bool| workload.rows.iter().find(found);
    let control = find(&|row| row.control == Some(Control::Same));
    let reference = find(&|row| row.program == workload.reference);
    control.zip(reference).is_some_and(|(control, reference)| {
        let pairs = rounds::pairs(rounds, &control.slug, &reference.slug);
        let (control, reference): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        stats::rejects(&control, &reference)
    })
}
