//! The statistics against reference values; `reference/reference.py` says where those come from.

use bench_data::stats::{CONFIDENCE, Interval, MIN_ROUNDS, Ratio, SignedRank, order};
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
    p: f64,
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

/// Relative, so that a p of 1e-12 has to be right too.
fn assert_close(name: &str, pairs: &[(f64, f64)]) {
    for (ours, theirs) in pairs {
        assert!((ours / theirs - 1.0).abs() < 1e-9, "{name}: {ours}, the reference has {theirs}");
    }
}

fn assert_ratio(name: &str, ratio: Ratio, expected: &Expected) {
    let Interval { low, high, p, .. } = ratio.interval.unwrap_or_else(|| panic!("{name}: no interval"));
    let Expected { estimate, low: l, high: h, p: q } = *expected;
    assert_close(name, &[(ratio.estimate, estimate), (low, l), (high, h), (p, q)]);
}

#[test]
fn paired_ratios() {
    for case in reference().paired.iter().filter(|case| case.a.len() >= MIN_ROUNDS) {
        assert_ratio(&case.name, Ratio::paired(&case.a, &case.b).unwrap(), &case.expected);
    }
}

#[test]
fn signed_ranks_of_fewer_rounds_than_a_verdict_needs() {
    for Paired { name, a, b, expected } in reference().paired.iter().filter(|case| case.a.len() < MIN_ROUNDS)
    {
        let log = |(a, b): (&f64, &f64)| ((a / b).ln() * 1e12).round() / 1e12;
        let ranks = SignedRank::new(&a.iter().zip(b).map(log).collect::<Vec<_>>()).unwrap();
        let (low, high) = ranks.interval(CONFIDENCE).unwrap();
        let ours = [ranks.centre().exp(), low.exp(), high.exp(), ranks.p_value()];
        let theirs = [expected.estimate, expected.low, expected.high, expected.p];
        assert_close(name, &std::array::from_fn::<_, 4, _>(|i| (ours[i], theirs[i])));
    }
}

#[test]
fn ratios_of_sittings() {
    for Sittings { a, b, between, one } in reference().sittings {
        assert_ratio("between two sets", Ratio::between_sittings(&a, &b).unwrap(), &between);
        assert_ratio("of one set", Ratio::of_sittings(&a).unwrap(), &one);
    }
}

#[test]
fn orders_of_rounds() {
    for case in reference().orders {
        let seed = case.seed.parse().unwrap();
        assert_eq!(order(seed, case.round, case.n), case.order, "seed {seed}, round {}", case.round);
    }
}
