//! What several rules say of the same program in two sittings of the same commit: nothing was changed between them, so each
//! "differs" is one too many.

use bench_data::{
    results::{Group, Sitting},
    rounds::{pairs, walls},
    stats::{Ratio, Verdict, medians_differ, verdicts},
    workload::Control,
};

use crate::{
    format::{code, list},
    markdown::Table,
    pages::rows::is_reference,
    sittings,
};

/// How often a rule says "differs".
#[derive(Default)]
struct Tally {
    cases: usize,
    differs: usize,
}

impl Tally {
    fn add(&mut self, differs: bool) {
        self.cases += 1;
        self.differs += usize::from(differs);
    }

    fn cells(&self, rule: &str) -> [String; 3] {
        [rule.to_owned(), self.cases.to_string(), self.differs.to_string()]
    }
}

/// A table of the rules, for workloads of several sittings; nothing where there are none.
pub fn rules(groups: &[&Group]) -> String {
    let [mut medians, mut seconds, mut ratios, mut same, mut planted] =
        std::array::from_fn(|_| Tally::default());
    for group in groups {
        let sittings: Vec<&Sitting> = sittings::of_one_commit(group).collect();
        let reference = group.reference().map(|entry| entry.row.slug.as_str()).unwrap_or_default();
        for entry in group.entries.iter().filter(|entry| entry.row.control.is_none()) {
            let slug = &entry.row.slug;
            let of = |sitting: &Sitting| -> Vec<f64> {
                pairs(&sitting.rounds, slug, reference).iter().map(|(own, other)| own / other).collect()
            };
            for (i, one) in sittings.iter().enumerate() {
                for other in &sittings[i + 1..] {
                    let (a, b) = (walls(&one.rounds, slug), walls(&other.rounds, slug));
                    if let Some(shown) = differs(&a, &b) {
                        medians.add(medians_differ(&a, &b));
                        seconds.add(shown);
                    }
                    if let Some(shown) = differs(&of(one), &of(other)).filter(|_| !is_reference(group, entry))
                    {
                        ratios.add(shown);
                    }
                }
            }
        }
        for (control, tally) in [(Control::Same, &mut same), (Control::Planted, &mut planted)] {
            let all = group.control(control).map(|entry| sittings::figures(group, entry));
            for figures in all.into_iter().flatten() {
                tally.add(matches!(figures.verdict.as_deref(), Some("faster" | "slower")));
            }
        }
    }
    if medians.cases == 0 {
        return String::new();
    }
    let mut table = Table::figures(["rule", "cases", "says “differs”"]);
    table.row(medians.cells(
        "same program in two sittings: medians further apart than both deviations, a rule used before",
    ));
    table.row(seconds.cells("same program in two sittings: seconds, paired by round"));
    table.row(ratios.cells("same program in two sittings: ratios to the reference, paired by round"));
    table.row(same.cells("same program twice in one sitting (A/A): the rule of the tables"));
    table.row(planted.cells("4 % more sleep in one sitting: the rule of the tables, which should say so"));
    let keys: Vec<String> = groups.iter().map(|group| code(&group.workload.key)).collect();
    format!("Of {}, every pair of sittings of the same commit:\n\n{table}", list(&keys))
}

/// What the rule of the tables says of two sittings, as if their rounds were those of one; nothing with too few.
fn differs(a: &[f64], b: &[f64]) -> Option<bool> {
    let rounds = a.len().min(b.len());
    match verdicts(&[Ratio::paired(&a[..rounds], &b[..rounds])?])[0] {
        Verdict::TooFew => None,
        verdict => Some(verdict != Verdict::NoDifference),
    }
}
