//! Which groups share a page, and how pages, headings and pictures are called.

use bench_data::{
    facts::Machine,
    results::{Group, Results},
    workload::Vary,
};

use crate::{
    markdown,
    plots::{self, Plot},
};

/// The groups that share a page.
pub struct Part<'a> {
    /// Name of its page, without `.md`.
    pub name: &'a str,
    /// Its groups, one at least.
    pub groups: Vec<&'a Group>,
}

impl Part<'_> {
    /// What its study varies.
    pub fn vary(&self) -> Vary {
        self.groups[0].workload.vary
    }

    /// Its heading.
    pub fn title(&self) -> String {
        let first = &self.groups[0].workload;
        let sizes = self.groups.iter().filter(|group| group.workload.vary == Vary::Nothing).count();
        match first.vary {
            Vary::Nothing | Vary::Server if sizes > 1 => capitalised(&first.name),
            Vary::Nothing | Vary::Server => first.title.clone(),
            Vary::Size => "As it grows".to_owned(),
            Vary::Fault => "Sick hosts".to_owned(),
            Vary::Rtt => "Over a network".to_owned(),
            Vary::Time => "In time".to_owned(),
        }
    }

    /// What makes its figures.
    pub fn command(&self) -> String {
        let quick = self.groups.iter().any(|group| group.workload.quick);
        match self.vary() {
            _ if quick => "make quick".to_owned(),
            Vary::Nothing | Vary::Server => "make bench".to_owned(),
            _ => format!("make {}", self.groups[0].workload.study),
        }
    }
}

/// Everything that pages are made of.
pub struct Book<'a> {
    /// The figures.
    pub results: &'a Results,
    /// The pictures.
    pub plots: Vec<Plot>,
    /// What has a page each, in the order of `bench.toml`.
    pub parts: Vec<Part<'a>>,
}

impl<'a> Book<'a> {
    /// Sorts the groups by their page, and draws the pictures.
    pub fn new(results: &'a Results) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for group in &results.groups {
            let name = match group.workload.vary {
                Vary::Nothing | Vary::Server => &group.workload.name,
                _ => &group.workload.study,
            };
            match parts.iter_mut().find(|part| part.name == *name) {
                Some(part) => part.groups.push(group),
                None => parts.push(Part { name, groups: vec![group] }),
            }
        }
        Book { results, plots: plots::all(results), parts }
    }

    /// The picture of this name, where there is one.
    pub fn picture(&self, name: &str) -> String {
        self.plot(name).map_or(String::new(), |plot| format!("\n![{}](plots/{name}.svg)\n", plot.alt))
    }

    /// The same in half the page, with the text that follows beside it; on a phone the text is below.
    pub fn picture_at_the_right(&self, name: &str) -> String {
        self.plot(name).map_or(String::new(), |plot| {
            format!("\n<img align=\"right\" width=\"400\" alt=\"{}\" src=\"plots/{name}.svg\">\n", plot.alt)
        })
    }

    fn plot(&self, name: &str) -> Option<&Plot> {
        self.plots.iter().find(|plot| plot.name == name)
    }

    /// The pictures of `key`: those whose name is it and a word, or it alone.
    pub fn pictures(&self, key: &str) -> String {
        let of = |name: &str, key: &str| {
            name == key || name.strip_prefix(key).is_some_and(|rest| rest.starts_with('-'))
        };
        let longer = |name: &str| {
            let keys = self.results.groups.iter().map(|group| &group.workload.key);
            keys.clone().any(|other| other.len() > key.len() && of(name, other) && of(other, key))
        };
        let names = self.plots.iter().map(|plot| &plot.name).filter(|name| of(name, key) && !longer(name));
        names.map(|name| self.picture(name)).collect()
    }
}

/// CPU and its cores, for headings.
pub fn machine_title(machine: &Machine) -> String {
    let virtualised = if machine.virtualisation == "none" { "" } else { ", virtual" };
    format!("{}, {} CPUs{virtualised}", machine.cpu, machine.cpus)
}

/// Where a group stands: page and heading.
pub fn anchor(group: &Group) -> String {
    let heading = markdown::contents(&format!("## {}\n", group.workload.title));
    let anchor =
        heading.split('(').next_back().unwrap_or_default().trim_end().trim_end_matches(')').to_owned();
    format!("{}.md{anchor}", group.workload.name)
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
