//! The order of the programs in each round.

/// The order of `n` programs in a round, drawn from the stored `seed`: the same for ever, on every machine.
///
/// Every order is equally likely, so no program always runs after the same other one.
///
/// It is Fisher and Yates's shuffle, from the last place down to the second: each place is exchanged with place
/// `draw × places left ÷ 2⁶⁴`. The draws are those of [`SplitMix64`], seeded with the first draw of `seed` plus
/// `round`. Written out, because a crate may change its numbers with any release.
pub fn order(seed: u64, round: usize, n: usize) -> Vec<usize> {
    let mut random = SplitMix64(SplitMix64(seed).draw().wrapping_add(round as u64));
    let mut programs: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        programs.swap(last, random.below(last + 1));
    }
    programs
}

/// Random numbers from a seed (Steele, Lea and Flood 2014, *Fast Splittable Pseudorandom Number Generators*).
#[derive(Debug, Clone)]
pub struct SplitMix64(
    /// The seed, then the state.
    pub u64,
);

impl SplitMix64 {
    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.draw()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_published_numbers() {
        // The test values that implementations of SplitMix64 share.
        let mut random = SplitMix64(1_234_567);
        assert_eq!(random.draw(), 6_457_827_717_110_365_317);
        assert_eq!(random.draw(), 3_203_168_211_198_807_973);
        assert_eq!(random.draw(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn every_program_is_in_every_place_equally_often() {
        let (rounds, n) = (6000, 6);
        let mut counts = vec![vec![0; n]; n];
        for round in 0..rounds {
            for (place, program) in order(7, round, n).into_iter().enumerate() {
                counts[place][program] += 1;
            }
        }
        // 1000 expected; 150 are five standard deviations.
        assert!(counts.iter().flatten().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn few_programs_have_an_order_too() {
        assert_eq!(order(1, 0, 0), [0; 0]);
        assert_eq!(order(1, 0, 1), [0]);
    }
}
