//! `raw/<key>/sitting-N/rounds.csv`: the timed rounds of a sitting, in the order in which they ran.

use serde::{Deserialize, Serialize};

/// A round is disturbed when others, and the hypervisor for others, used more of its CPU time than this.
pub const DISTURBED_PERCENT: f64 = 5.0;

/// How often a disturbed round is measured.
pub const TRIES: u32 = 3;

/// One timed run of one program. The runs with the same number are a pair.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// From 1.
    pub round: u32,
    /// Folder of the row.
    pub slug: String,
    pub wall_s: f64,
    pub user_s: f64,
    pub system_s: f64,
    /// Of all CPUs, during the round; empty where it was not noted.
    pub others_percent: Option<f64>,
    /// CPU time that the hypervisor gave to others, likewise.
    pub steal_percent: Option<f64>,
    /// How many times the round was measured until it was undisturbed, or given up.
    pub tries: u32,
}

impl Round {
    /// The part of all CPUs that was not ours, in percent.
    pub fn disturbance(&self) -> f64 {
        self.others_percent.unwrap_or(0.0) + self.steal_percent.unwrap_or(0.0)
    }

    pub fn disturbed(&self) -> bool {
        self.disturbance() > DISTURBED_PERCENT
    }
}

/// The wall times of two rows in the rounds that both have.
pub fn pairs(rounds: &[Round], slug: &str, reference: &str) -> Vec<(f64, f64)> {
    let mut rows: Vec<&Round> = rounds.iter().filter(|round| round.slug == slug).collect();
    rows.sort_by_key(|round| round.round);
    let other = |round: u32| rounds.iter().find(|other| other.round == round && other.slug == reference);
    rows.into_iter().filter_map(|row| Some((row.wall_s, other(row.round)?.wall_s))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_from_the_same_round_whatever_the_order() {
        let rounds = [(2, "b", 4.0), (1, "a", 1.0), (1, "b", 2.0), (2, "a", 3.0), (3, "a", 9.0)]
            .map(|(round, slug, wall_s)| Round { round, slug: slug.to_owned(), wall_s, ..Round::default() });
        assert_eq!(pairs(&rounds, "b", "a"), [(2.0, 1.0), (4.0, 3.0)]);
    }

    #[test]
    fn others_and_the_hypervisor_disturb_together() {
        let disturbed = |others_percent, steal_percent| {
            Round { others_percent, steal_percent, ..Round::default() }.disturbed()
        };
        assert!(disturbed(Some(3.0), Some(2.5)) && !disturbed(Some(4.9), None));
    }
}
