//! The statistics against reference values; `reference/reference.py` says where those come from.

use bench_data::stats::{CONFIDENCE, Estimate, Interval, MIN_ROUNDS, order};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The cases of one kind.
fn cases(kind: &str) -> Vec<Value> {
    let reference: Value = serde_json::from_str(include_str!("reference/reference.json")).unwrap();
    field(&reference, kind)
}

fn field<T: DeserializeOwned>(case: &Value, name: &str) -> T {
    T::deserialize(&case[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn assert_close(name: &str, ours: Estimate, theirs: &Value) {
    let Interval { low, high } = ours.interval.unwrap_or_else(|| panic!("{name}: no interval"));
    for (ours, end) in [(ours.estimate, "estimate"), (low, "low"), (high, "high")] {
        let theirs: f64 = field(theirs, end);
        assert!((ours / theirs - 1.0).abs() < 1e-9, "{name}: {ours}, the reference has {theirs}");
    }
}

#[test]
fn paired_ratios() {
    for case in cases("paired") {
        let name: String = field(&case, "name");
        let pairs: Vec<(f64, f64)> =
            field::<Vec<f64>>(&case, "a").into_iter().zip(field::<Vec<f64>>(&case, "b")).collect();
        if pairs.len() >= MIN_ROUNDS {
            assert_close(&name, Estimate::ratio(&pairs, CONFIDENCE).unwrap(), &case);
        } else {
            // Fewer than a ratio's interval takes.
            let logs: Vec<f64> = pairs.iter().map(|(a, b)| ((a / b).ln() * 1e12).round() / 1e12).collect();
            let Estimate { estimate, interval } = Estimate::centre(&logs, CONFIDENCE).unwrap();
            let interval = interval.map(|ends| Interval { low: ends.low.exp(), high: ends.high.exp() });
            assert_close(&name, Estimate { estimate: estimate.exp(), interval }, &case);
        }
    }
}

#[test]
fn ratios_of_sittings() {
    for case in cases("sittings") {
        let (a, b): (Vec<f64>, Vec<f64>) = (field(&case, "a"), field(&case, "b"));
        let estimate = Estimate::between_sittings(&a, &b, CONFIDENCE).unwrap();
        assert_close("between two sets", estimate, &case["between"]);
        assert_close("of one set", Estimate::of_sittings(&a).unwrap(), &case["one"]);
    }
}

#[test]
fn orders_of_rounds() {
    for case in cases("orders") {
        let seed = field::<String>(&case, "seed").parse().unwrap();
        let (round, n) = (field(&case, "round"), field(&case, "n"));
        assert_eq!(order(seed, round, n), field::<Vec<usize>>(&case, "order"), "seed {seed}, round {round}");
    }
}
