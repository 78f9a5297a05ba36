//! `results/README.md`: the list of machines.

use std::collections::BTreeMap;

use bench_data::{
    results::{Group, Results},
    workload::Vary,
};

use crate::{
    markdown::{Table, bullets},
    pages,
};

/// The whole page.
pub fn page(machines: &BTreeMap<String, Results>) -> String {
    let mut text = "# Results\n\nMade by `make report`. `make compare BASE=results/… NEW=results/…` sets two machines side by side.\n\n"
        .to_owned();
    let mut table = Table::words(["results", "machine", "measured"]);
    for (name, results) in machines {
        let mut days: Vec<&str> = results.groups.iter().map(|group| group.facts().day()).collect();
        days.sort_unstable();
        let (first, last) = (days[0], days[days.len() - 1]);
        let when = if first == last { first.to_owned() } else { format!("{first} to {last}") };
        table.row([format!("[{name}]({name}/README.md)"), pages::machine_title(&results.machine), when]);
    }
    text += &table.to_string();
    for (name, results) in machines {
        text += &format!("\n## {name}\n");
        let asked = results.groups.iter().filter(|group| group.workload.vary == Vary::Nothing);
        text += &bullets(asked.map(|group| headline(name, group)));
    }
    text
}

fn headline(name: &str, group: &Group) -> String {
    format!("[{}]({name}/{}): {}", group.workload.title, pages::anchor(group), pages::answer(group))
}
