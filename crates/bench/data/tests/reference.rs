//! The statistics against reference values; `reference/reference.py` says where those come from.

use bench_data::stats::{CONFIDENCE, Estimate, Interval, MIN_ROUNDS, order};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    paired: Vec<Paired>,
    sittings: Vec<Sittings>,
    orders: Vec<Order>,
}

#[derive(Deserialize)]
struct Paired {
    name: String,
    a: Vec<f64>,
    b: Vec<f64>,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Deserialize)]
struct Sittings {
    a: Vec<f64>,
    b: Vec<f64>,
    between: Expected,
    one: Expected,
}

#[derive(Deserialize)]
struct Expected {
    estimate: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Order {
    seed: String,
    round: usize,
    n: usize,
    order: Vec<usize>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/reference.json")).unwrap()
}

fn assert_close(name: &str, ours: Estimate, theirs: &Expected) {
    let Interval { low, high } = ours.interval.unwrap_or_else(|| panic!("{name}: no interval"));
    for (ours, theirs) in [(ours.estimate, theirs.estimate), (low, theirs.low), (high, theirs.high)] {
        assert!((ours / theirs - 1.0).abs() < 1e-9, "{name}: {ours}, the reference has {theirs}");
    }
}

#[test]
fn paired_ratios() {
    for Paired { name, a, b, expected } in &reference().paired {
        let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
        if pairs.len() >= MIN_ROUNDS {
            assert_close(name, Estimate::ratio(&pairs, CONFIDENCE).unwrap(), expected);
        } else {
            // Fewer than a ratio's interval takes.
            let logs: Vec<f64> = pairs.iter().map(|(a, b)| ((a / b).ln() * 1e12).round() / 1e12).collect();
            let Estimate { estimate, n, interval } = Estimate::centre(&logs, CONFIDENCE).unwrap();
            let interval = interval.map(|ends| Interval { low: ends.low.exp(), high: ends.high.exp() });
            assert_close(name, Estimate { estimate: estimate.exp(), n, interval }, expected);
        }
    }
}

#[test]
fn ratios_of_sittings() {
    for Sittings { a, b, between, one } in reference().sittings {
        let estimate = Estimate::between_sittings(&a, &b, CONFIDENCE).unwrap();
        assert_close("between two sets", estimate, &between);
        assert_close("of one set", Estimate::of_sittings(&a).unwrap(), &one);
    }
}

#[test]
fn orders_of_rounds() {
    for case in reference().orders {
        let seed = case.seed.parse().unwrap();
        assert_eq!(order(seed, case.round, case.n), case.order, "seed {seed}, round {}", case.round);
    }
}
