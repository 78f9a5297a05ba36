//! `raw/<key>/sitting-N/rounds.csv`: the timed rounds of a sitting, in the order in which they ran.

use serde::{Deserialize, Serialize};

/// Of a round's CPU time, what others may have used or the hypervisor may have taken, in percent.
pub const DISTURBED_PERCENT: f64 = 5.0;

/// How often a disturbed round is measured.
pub const TRIES: u32 = 3;

/// One timed run of one program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Number of the round, from 1. The runs of the same number are a pair.
    pub round: u32,
    /// Folder of the row.
    pub slug: String,
    /// Wall time in seconds.
    pub wall_s: f64,
    /// User CPU time in seconds.
    pub user_s: f64,
    /// System CPU time in seconds.
    pub system_s: f64,
    /// CPU time that others used during the round, in percent of all CPUs; empty where it was not noted.
    pub others_percent: Option<f64>,
    /// CPU time that the hypervisor gave to others during the round, in percent of all CPUs; empty where not noted.
    pub steal_percent: Option<f64>,
    /// How many times the round was measured until it was undisturbed, or given up.
    pub tries: u32,
}

impl Round {
    /// Whether others had more of the CPUs than [`DISTURBED_PERCENT`].
    pub fn disturbed(&self) -> bool {
        self.others_percent.unwrap_or(0.0) + self.steal_percent.unwrap_or(0.0) > DISTURBED_PERCENT
    }
}

/// The wall times of a row by round, in the order of the rounds.
pub fn walls(rounds: &[Round], slug: &str) -> Vec<f64> {
    let mut own: Vec<&Round> = rounds.iter().filter(|round| round.slug == slug).collect();
    own.sort_by_key(|round| round.round);
    own.iter().map(|round| round.wall_s).collect()
}

/// The wall times of two rows in the rounds that both have, as pairs.
pub fn pairs(rounds: &[Round], slug: &str, reference: &str) -> Vec<(f64, f64)> {
    let own = rounds.iter().filter(|round| round.slug == slug);
    let mut pairs: Vec<(u32, f64, f64)> = own
        .filter_map(|own| {
            let other = rounds.iter().find(|other| other.round == own.round && other.slug == reference)?;
            Some((own.round, own.wall_s, other.wall_s))
        })
        .collect();
    pairs.sort_by_key(|(round, ..)| *round);
    pairs.into_iter().map(|(_, own, other)| (own, other)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(round: u32, slug: &str, wall_s: f64) -> Round {
        let quiet = (Some(0.5), Some(1.0));
        Round {
            round,
            slug: slug.to_owned(),
            wall_s,
            user_s: 0.0,
            system_s: 0.0,
            others_percent: quiet.0,
            steal_percent: quiet.1,
            tries: 1,
        }
    }

    #[test]
    fn pairs_are_of_the_same_round_whatever_the_order() {
        let rounds = [
            round(2, "b", 4.0),
            round(1, "a", 1.0),
            round(1, "b", 2.0),
            round(2, "a", 3.0),
            round(3, "a", 9.0),
        ];
        assert_eq!(pairs(&rounds, "b", "a"), [(2.0, 1.0), (4.0, 3.0)]);
        assert_eq!(walls(&rounds, "a"), [1.0, 3.0, 9.0]);
    }

    #[test]
    fn others_and_the_hypervisor_disturb_together() {
        let mut noisy = round(1, "a", 1.0);
        assert!(!noisy.disturbed());
        (noisy.others_percent, noisy.steal_percent) = (Some(3.0), Some(2.5));
        assert!(noisy.disturbed());
    }
}
