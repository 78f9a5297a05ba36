//! The order of the programs in each round.

/// The order of `n` programs in a round, drawn from the stored `seed`: every order is equally likely, and a seed gives the
/// same one for ever, on every machine.
///
/// Fisher and Yates's shuffle, from the last place down to the second: each place is exchanged with place
/// `draw × places left ÷ 2⁶⁴`. The draws are those of [`SplitMix64`], seeded with the first draw of `seed` plus
/// `round`. Written out, because a crate may change its numbers with any release.
pub fn order(seed: u64, round: usize, n: usize) -> Vec<usize> {
    let mut random = SplitMix64(SplitMix64(seed).draw().wrapping_add(round as u64));
    let mut programs: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let place = (u128::from(random.draw()) * (last as u128 + 1)) >> 64;
        programs.swap(last, place as usize);
    }
    programs
}

/// Random numbers from a seed (Steele, Lea and Flood 2014, *Fast Splittable Pseudorandom Number Generators*).
#[derive(Debug, Clone)]
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
