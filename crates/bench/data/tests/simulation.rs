//! How often the verdicts are wrong, and how often they find what is there: on invented rounds, with fixed seeds.
//!
//! `cargo test -p bench-data --test simulation -- --nocapture` prints the rates.

use bench_data::stats::{CONFIDENCE, Estimate, RELEVANT_RATIO, SplitMix64, Verdict, order, simultaneous};

/// A table as the bench makes it: each program is compared with the reference. All times are log-normal.
#[derive(Clone, Copy)]
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

/// Parts of 1.
struct Rates {
    /// Tables with at least one false verdict of a difference.
    table: f64,
    /// Planted differences whose own 95 % interval excludes 1, as a control's does.
    found: f64,
}

fn simulate(seed: u64, tables: usize, scene: Scene) -> Rates {
    let mut random = SplitMix64(seed);
    let (mut table, mut found) = (0, 0);
    for _ in 0..tables {
        let rounds = seconds(&mut random, scene);
        let (reference, programs) = rounds.split_last().expect("one more than the comparisons");
        let interval = |program: &Vec<f64>, confidence: f64| {
            Estimate::ratio(program, reference, confidence)
                .and_then(|ratio| ratio.interval)
                .expect("enough rounds")
        };
        let differs = |program: &Vec<f64>| {
            let verdict = Verdict::of(&interval(program, simultaneous(scene.comparisons)), &RELEVANT_RATIO);
            matches!(verdict, Verdict::Faster | Verdict::Slower)
        };
        let planted = usize::from(scene.planted > 0.0);
        table += usize::from(programs[planted..].iter().any(differs));
        found += usize::from(interval(&programs[0], CONFIDENCE).low > 1.0);
    }
    Rates { table: f64::from(table as u32) / tables as f64, found: f64::from(found as u32) / tables as f64 }
}

/// The wall times of each program by round, those of the reference last.
fn seconds(random: &mut SplitMix64, scene: Scene) -> Vec<Vec<f64>> {
    let seed = random.draw();
    let mut seconds = vec![Vec::new(); scene.comparisons + 1];
    for round in 0..scene.rounds {
        let shared = scene.drift * normal(random);
        let drawn = order(seed, if scene.drawn_order { round } else { 0 }, seconds.len());
        for (place, program) in drawn.into_iter().enumerate() {
            let planted = if program == 0 { (1.0 + scene.planted).ln() } else { 0.0 };
            let own = scene.noise * normal(random) + scene.slowing * place as f64;
            seconds[program].push(0.13 * (planted + shared + own).exp());
        }
    }
    seconds
}

/// Standard normal, by Box and Muller.
fn normal(random: &mut SplitMix64) -> f64 {
    // 53 bits, above 0 and at most 1.
    let mut uniform = || ((random.draw() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
}

/// A table without differences shows one in at most 5 % of cases: that is what simultaneous intervals promise.
#[test]
fn false_verdicts_are_rare_whatever_drifts() {
    // 8 rounds have an interval in a table of up to 6 comparisons.
    for (rounds, comparisons) in [(8, 6), (10, 25), (30, 14)] {
        for (seed, drift) in [(1, 0.0), (2, 0.05), (3, 0.1)] {
            let scene = Scene { rounds, comparisons, drift, ..NOTHING_DIFFERS };
            let Rates { table, .. } = simulate(seed, 2000, scene);
            println!(
                "nothing differs, {rounds} rounds, drift {drift}: {:.1} % of tables of {comparisons}",
                table * 100.0
            );
            assert!(table <= 0.05, "drift {drift}: {table} of tables");
        }
    }
}

#[test]
fn a_drawn_order_keeps_what_grows_within_a_round_from_being_a_difference() {
    let slowing = Scene { rounds: 20, noise: 0.02, slowing: 0.01, ..NOTHING_DIFFERS };
    let drawn = simulate(13, 200, slowing);
    let same = simulate(13, 200, Scene { drawn_order: false, ..slowing });
    println!(
        "each run of a round 1 % slower than the one before: {:.1} % of tables, {:.1} % if the order stays",
        drawn.table * 100.0,
        same.table * 100.0
    );
    assert!(drawn.table <= 0.05, "{}", drawn.table);
    assert!(same.table > 0.9, "{}", same.table);
}

#[test]
fn a_planted_difference_is_found_by_its_own_interval() {
    // Noise of a run: a ratio of two scatters by 1.4 times that.
    for (rounds, noise, least) in [(30, 0.02, 0.99), (30, 0.025, 0.95), (90, 0.04, 0.95)] {
        let scene = Scene { rounds, drift: 0.08, noise, planted: 0.03, ..NOTHING_DIFFERS };
        let Rates { found, .. } = simulate(4, 1000, scene);
        println!("3 % planted, {rounds} rounds, drift 0.08, noise {noise}: {:.1} % found", found * 100.0);
        assert!(found >= least, "{rounds} rounds, noise {noise}: {found}");
    }
}
