//! The statistics against reference values; `reference/reference.py` says where those come from.

use bench_data::stats::{CONFIDENCE, Estimate, Interval, MIN_ROUNDS, SignedRank, order};
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

fn assert_close(name: &str, pairs: &[(f64, f64)]) {
    for (ours, theirs) in pairs {
        assert!((ours / theirs - 1.0).abs() < 1e-9, "{name}: {ours}, the reference has {theirs}");
    }
}

fn assert_ratio(name: &str, ratio: Estimate, expected: &Expected) {
    let Interval { low, high } = ratio.interval.unwrap_or_else(|| panic!("{name}: no interval"));
    let Expected { estimate, low: l, high: h } = *expected;
    assert_close(name, &[(ratio.estimate, estimate), (low, l), (high, h)]);
}

#[test]
fn paired_ratios() {
    for case in reference().paired.iter().filter(|case| case.a.len() >= MIN_ROUNDS) {
        assert_ratio(&case.name, Estimate::paired(&case.a, &case.b).unwrap(), &case.expected);
    }
}

#[test]
fn signed_ranks_of_fewer_rounds_than_a_verdict_needs() {
    for Paired { name, a, b, expected } in reference().paired.iter().filter(|case| case.a.len() < MIN_ROUNDS)
    {
        let log = |(a, b): (&f64, &f64)| ((a / b).ln() * 1e12).round() / 1e12;
        let ranks = SignedRank::new(&a.iter().zip(b).map(log).collect::<Vec<_>>()).unwrap();
        let Interval { low, high } = ranks.interval(CONFIDENCE).unwrap();
        let ours = [ranks.centre().exp(), low.exp(), high.exp()];
        let theirs = [expected.estimate, expected.low, expected.high];
        assert_close(name, &std::array::from_fn::<_, 3, _>(|i| (ours[i], theirs[i])));
    }
}

#[test]
fn ratios_of_sittings() {
    for Sittings { a, b, between, one } in reference().sittings {
        assert_ratio("between two sets", Estimate::between_sittings(&a, &b).unwrap(), &between);
        assert_ratio("of one set", Estimate::of_sittings(&a).unwrap(), &one);
    }
}

#[test]
fn orders_of_rounds() {
    for case in reference().orders {
        let seed = case.seed.parse().unwrap();
        assert_eq!(order(seed, case.round, case.n), case.order, "seed {seed}, round {}", case.round);
    }
}
