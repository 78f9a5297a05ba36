//! What may be put together over several sittings.

use bench_data::{
    measurement::Measurement,
    results::{Entry, Group, Sitting},
};

/// The sittings at the commit of the first one: other commits have other programs.
pub fn of_one_commit(group: &Group) -> impl Iterator<Item = &Sitting> {
    let first = group.facts();
    let same =
        |sitting: &&Sitting| (&sitting.facts.commit, sitting.facts.changed) == (&first.commit, first.changed);
    group.sittings.iter().filter(same)
}

/// The figures of a row in those sittings.
pub fn figures<'a>(group: &Group, entry: &'a Entry) -> Vec<&'a Measurement> {
    let same = |number: u32| of_one_commit(group).any(|sitting| sitting.number == number);
    let all = std::iter::once(&entry.figures).chain(&entry.again);
    all.filter(|figures| figures.is_ok() && same(figures.sitting)).collect()
}
