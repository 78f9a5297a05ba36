//! How often the verdicts are wrong, and how often they find what is there: on invented rounds, with fixed seeds.
//!
//! `cargo test -p bench-data --test simulation -- --nocapture` prints the rates.

use bench_data::stats::{CONFIDENCE, Estimate, RELEVANT_RATIO, SplitMix64, Verdict, order, simultaneous};

/// A table as the bench makes it: each program is compared with the reference. All times are log-normal.
#[derive(Clone, Copy, Debug)]
struct Scene {
    rounds: usize,
    comparisons: usize,
    /// Standard deviation of what all runs of a round share, as a part of the time.
    drift: f64,
    /// Standard deviation of what a run has for itself.
    noise: f64,
    /// How much longer the first program takes than all others, the reference among them.
    planted: f64,
    /// How much longer each run of a round takes than the one before it, as on a machine that grows hot.
    slowing: f64,
    drawn_order: bool,
}

const NOTHING_DIFFERS: Scene = Scene {
    rounds: 10,
    comparisons: 8,
    drift: 0.0,
    noise: 0.05,
    planted: 0.0,
    slowing: 0.0,
    drawn_order: true,
};

/// Tables with at least one false verdict of a difference, and planted differences whose own 95 % interval excludes 1, as
/// a control's does: parts of 1.
fn rates(seed: u64, tables: usize, scene: Scene) -> (f64, f64) {
    let mut random = SplitMix64(seed);
    let (mut wrong, mut found) = (0, 0);
    for _ in 0..tables {
        let programs = pairs(&mut random, scene);
        let interval = |pairs: &[(f64, f64)], confidence| {
            Estimate::ratio(pairs, confidence).and_then(|ratio| ratio.interval).expect("enough rounds")
        };
        let differs = |pairs: &Vec<(f64, f64)>| {
            let verdict = Verdict::of(&interval(pairs, simultaneous(scene.comparisons)), &RELEVANT_RATIO);
            matches!(verdict, Verdict::Faster | Verdict::Slower)
        };
        let planted = usize::from(scene.planted > 0.0);
        wrong += u32::from(programs[planted..].iter().any(differs));
        found += u32::from(interval(&programs[0], CONFIDENCE).low > 1.0);
    }
    let rates = (f64::from(wrong) / tables as f64, f64::from(found) / tables as f64);
    println!("{:.1} % of tables, {:.1} % found: {scene:?}", rates.0 * 100.0, rates.1 * 100.0);
    rates
}

/// The wall times of each program with those of the reference, by round.
fn pairs(random: &mut SplitMix64, scene: Scene) -> Vec<Vec<(f64, f64)>> {
    let seed = random.draw();
    let mut pairs = vec![Vec::new(); scene.comparisons];
    for round in 0..scene.rounds {
        let shared = scene.drift * normal(random);
        let mut seconds = vec![0.0; scene.comparisons + 1];
        let drawn = order(seed, if scene.drawn_order { round } else { 0 }, seconds.len());
        for (place, program) in drawn.into_iter().enumerate() {
            let planted = if program == 0 { (1.0 + scene.planted).ln() } else { 0.0 };
            let own = scene.noise * normal(random) + scene.slowing * place as f64;
            seconds[program] = 0.13 * (planted + shared + own).exp();
        }
        let reference = seconds[scene.comparisons];
        pairs.iter_mut().zip(seconds).for_each(|(pairs, own)| pairs.push((own, reference)));
    }
    pairs
}

/// Standard normal, by Box and Muller.
fn normal(random: &mut SplitMix64) -> f64 {
    // 53 bits, above 0 and at most 1.
    let mut uniform = || ((random.draw() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
}

/// That is what simultaneous intervals promise.
#[test]
fn a_table_without_differences_shows_one_in_at_most_5_percent_of_cases() {
    // 8 rounds have an interval in a table of up to 6 comparisons.
    for (rounds, comparisons) in [(8, 6), (10, 25), (30, 14)] {
        for (seed, drift) in [(1, 0.0), (2, 0.05), (3, 0.1)] {
            let (wrong, _) = rates(seed, 2000, Scene { rounds, comparisons, drift, ..NOTHING_DIFFERS });
            assert!(wrong <= 0.05, "{rounds} rounds, drift {drift}: {wrong} of tables");
        }
    }
}

#[test]
fn a_drawn_order_keeps_what_grows_within_a_round_from_being_a_difference() {
    let slowing = Scene { rounds: 20, noise: 0.02, slowing: 0.01, ..NOTHING_DIFFERS };
    let (drawn, _) = rates(13, 200, slowing);
    let (same, _) = rates(13, 200, Scene { drawn_order: false, ..slowing });
    assert!(drawn <= 0.05 && same > 0.9, "{drawn}, and {same} where the order stays");
}

#[test]
fn a_planted_difference_is_found_by_its_own_interval() {
    // Noise of a run: a ratio of two scatters by 1.4 times that.
    for (rounds, noise, lowest) in [(30, 0.02, 0.99), (30, 0.025, 0.95), (90, 0.04, 0.95)] {
        let scene = Scene { rounds, drift: 0.08, noise, planted: 0.03, ..NOTHING_DIFFERS };
        let (_, found) = rates(4, 1000, scene);
        assert!(found >= lowest, "{rounds} rounds, noise {noise}: {found}");
    }
}
