//! What may be put together over several sittings.

use bench_data::{
    measurement::Measurement,
    results::{Entry, Group},
};

/// The figures of a row in all sittings at the commit of the first one: other commits have other programs.
pub fn figures<'a>(group: &Group, entry: &'a Entry) -> Vec<&'a Measurement> {
    let first = group.facts();
    let same = |number: u32| {
        let facts =
            group.sittings.iter().find(|sitting| sitting.number == number).map(|sitting| &sitting.facts);
        facts.is_some_and(|facts| (&facts.commit, facts.changed) == (&first.commit, first.changed))
    };
    let all = std::iter::once(&entry.figures).chain(&entry.again);
    all.filter(|figures| figures.is_ok() && same(figures.sitting)).collect()
}
