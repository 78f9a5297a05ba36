//! Parts of the pages in `results/`, for other pages.

use anyhow::{Result, bail};
use bench_data::{results::Group, workload::Control};

use crate::{
    markers::{
        figure,
        machines::{Machines, machine},
    },
    pages, plots,
};

/// `MACHINE KEY`: what the answer rests on, and what it does not tell apart.
///
/// # Errors
/// No such results.
pub fn sure(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder, key] = arguments else { bail!("it takes MACHINE KEY") };
    let group = figure::group(machine(folder, machines)?, key)?;
    let rounds = pages::rounds_of_reference(std::iter::once(group));
    Ok(format!(
        "Medians of {rounds} rounds; the slow programs ran once. {} {} There are [{}](results/README.md).",
        pages::measured(group),
        pages::answer(group),
        match machines.len() {
            1 => "results of one machine".to_owned(),
            n => format!("{n} sets of results"),
        }
    ))
}

/// `MACHINE`: the ratios of every sitting, of each workload that has several.
///
/// # Errors
/// No such results.
pub fn study(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder] = arguments else { bail!("it takes MACHINE") };
    let several = |group: &&Group| group.sittings.len() > 1;
    let groups: Vec<&Group> = machine(folder, machines)?.groups.iter().filter(several).collect();
    let controlled: Vec<&Group> =
        groups.iter().copied().filter(|group| group.control(Control::Same).is_some()).collect();
    let tables =
        groups.iter().map(|group| format!("**{}.** {}", group.workload.title, pages::sittings(group)));
    let text = [pages::rules(&controlled)].into_iter().chain(tables).collect::<Vec<_>>().join("\n");
    Ok(if groups.is_empty() { "There is one sitting so far: `make again`.\n".to_owned() } else { text })
}

/// `MACHINE MODEL`: the picture of three hosts in time; nothing where none was drawn.
///
/// # Errors
/// No such results.
pub fn timeline(arguments: &[&str], machines: &Machines) -> Result<String> {
    let [folder, model] = arguments else { bail!("it takes MACHINE MODEL") };
    let name = format!("timeline-{model}");
    let plots = plots::all(machine(folder, machines)?);
    let plot = plots.iter().find(|plot| plot.name == name);
    Ok(plot
        .map_or("\n".to_owned(), |plot| format!("![{}](../results/{folder}/plots/{name}.svg)\n", plot.alt)))
}
