//! `--again`: one more sitting of timed rounds, of the rows of `make bench` under 10 s.

use std::path::Path;

use bench_data::{files::folders, matrix::BENCH, workload::Workload};

use crate::stop::{Outcome, refused};

/// What a sitting may take, in seconds; the rows under a second have all their rounds nevertheless.
const BUDGET_S: f64 = 270.0;

/// Rounds of the rows under a second.
const ROUNDS: u32 = 30;

/// A workload of which only rounds are made, and the number of the sitting.
pub struct Again {
    /// With no observed runs and no counts.
    pub workload: Workload,
    /// From 2.
    pub sitting: u32,
}

/// The workloads of `make bench` in a results folder, those called `names` or all.
///
/// # Errors
/// There are none.
pub fn workloads(folder: &Path, names: &[String], python: bool) -> Outcome<Vec<Again>> {
    let mut found = Vec::new();
    for path in folders(&folder.join("raw")).unwrap_or_default() {
        let workload = Workload::read(&path.join("workload.toml")).map_err(refused_by)?;
        if workload.study != BENCH || !(names.is_empty() || names.contains(&workload.name)) {
            continue;
        }
        let sitting = (2..).find(|number| !path.join(format!("sitting-{number}")).exists()).unwrap_or(2);
        found.push(Again { workload: timed(workload, &path, python), sitting });
    }
    if found.iter().all(|again| again.workload.rows.iter().all(|row| row.rounds == 0)) {
        return Err(refused(format!(
            "{} has no rounds to make again: make bench comes first",
            folder.display()
        )));
    }
    found.sort_by_key(|again| (again.workload.order, again.workload.size));
    let mut workloads: Vec<&mut Workload> = found.iter_mut().map(|again| &mut again.workload).collect();
    share_out(&mut workloads);
    Ok(found)
}

fn refused_by(error: anyhow::Error) -> crate::stop::Stop {
    refused(format!("{error:#}"))
}

/// A workload whose rows have nothing but rounds, where they ran and have any.
fn timed(mut workload: Workload, folder: &Path, python: bool) -> Workload {
    for row in &mut workload.rows {
        let raw = folder.join(&row.slug);
        let ran = raw.join("observed-1.json").exists() && !raw.join("status.txt").exists();
        if !ran || row.limit_s >= 10.0 || (row.python && !python) {
            row.rounds = 0;
        }
        row.observed = 0;
        row.imports = None;
        row.probe.clear();
        row.count.clear();
    }
    workload.rows.retain(|row| row.rounds > 0);
    workload
}

/// Rounds of the rows from 1 to 10 s: as many as there is time for, one at least.
fn share_out(workloads: &mut [&mut Workload]) {
    let rows = || workloads.iter().flat_map(|workload| &workload.rows);
    let once = |quick: bool| {
        rows().filter(|row| (row.limit_s < 1.0) == quick).map(|row| row.limit_s + 0.15).sum::<f64>()
    };
    let (quick, slow) = (once(true) * f64::from(ROUNDS), once(false));
    let fit = ((BUDGET_S - quick) / slow.max(0.1)).floor().max(1.0) as u32;
    for row in workloads.iter_mut().flat_map(|workload| &mut workload.rows) {
        row.rounds = row.rounds.min(if row.limit_s < 1.0 { ROUNDS } else { fit });
    }
}

#[cfg(test)]
mod tests {
    use bench_data::{matrix::Matrix, resolve::Place};

    use super::*;

    #[test]
    fn a_sitting_takes_at_most_six_minutes() {
        let matrix =
            Matrix::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml"))).unwrap();
        for cpus in [2, 8, 64] {
            let at = Place { cpus, quick: false, count: true, python: false, size: None };
            let all = matrix.resolve(BENCH, &[], &at).unwrap().into_iter();
            let mut all: Vec<Workload> = all.collect();
            all.iter_mut().for_each(|w| w.rows.retain(|row| row.rounds > 0));
            share_out(&mut all.iter_mut().collect::<Vec<_>>());
            let rows = || all.iter().flat_map(|workload| &workload.rows);
            let seconds: f64 = rows().map(|row| f64::from(row.rounds) * (row.limit_s + 0.15)).sum();
            assert!((150.0..360.0).contains(&seconds), "{cpus} CPUs: {seconds} s");
            assert!(rows().all(|row| row.rounds == 30 || row.limit_s >= 1.0), "30 of those under a second");
        }
    }
}
