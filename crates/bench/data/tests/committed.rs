//! The committed results, as recorded by the real tools, can be read.

use std::path::{Path, PathBuf};

use bench_data::{
    matrix::Matrix,
    results::{self, Results},
    stats,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

#[test]
fn committed_results_have_figures() {
    let matrix = Matrix::read(&root().join("bench.toml")).unwrap();
    for folder in results::machines(&root().join("results")).unwrap() {
        let results = Results::read(&folder, &matrix.models).unwrap();
        for group in &results.groups {
            let key = &group.workload.key;
            assert!(group.reference().is_some(), "{key} has no reference");
            let others = group.entries.iter().filter(|entry| {
                entry.figures.is_ok()
                    && entry.row.control.is_none()
                    && entry.row.program != group.workload.reference
            });
            let needed = |python| stats::rounds_needed(group.workload.comparisons(python));
            let enough = others.filter(|entry| entry.row.rounds >= needed(entry.row.python));
            for figures in enough.map(|entry| &entry.figures) {
                let more = figures.over_difference_ms.and_then(|more| Some((more.estimate, more.interval?)));
                let found = more.or(figures.ratio.zip(figures.ratio_interval));
                let inside = found.is_some_and(|(figure, i)| i.low <= figure && figure <= i.high);
                assert!(inside, "{key}: {figures:?}");
            }
        }
    }
}
