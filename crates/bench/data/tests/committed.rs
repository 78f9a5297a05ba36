//! The committed results, as recorded by the real tools, can be read.

use std::path::Path;

use bench_data::{
    matrix::Matrix,
    results::{self, Entry, Results},
    stats,
};

#[test]
fn committed_results_have_figures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let matrix = Matrix::read(&root.join("bench.toml")).unwrap();
    for folder in results::machines(&root.join("results")).unwrap() {
        let results = Results::read(&folder, &matrix.models).unwrap();
        for group in &results.groups {
            let key = &group.workload.key;
            assert!(group.reference().is_some(), "{key} has no reference");
            for Entry { row, figures, raw, .. } in &group.entries {
                let compared = row.control.is_none() && row.program != group.workload.reference;
                let needed = stats::rounds_needed(group.workload.comparisons(row.python));
                if raw.is_err() || !compared || row.rounds < needed {
                    continue;
                }
                let found = figures.over_difference_ms.or(figures.ratio);
                let found = found.and_then(|found| Some((found.estimate, found.interval?)));
                let inside = found.is_some_and(|(figure, i)| i.low <= figure && figure <= i.high);
                assert!(inside, "{key}: {figures:?}");
            }
        }
    }
}
