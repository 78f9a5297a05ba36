//! Programs followed through the sizes of a workload.

use bench_data::{
    measurement::Measurement,
    results::{Entry, Group},
};

use crate::{format::code, markdown::Table, pages::rows};

/// A program through all sizes.
pub struct Line<'a> {
    /// Its name and arguments, `N` where its concurrency is the number of items.
    pub label: String,
    /// Whether its concurrency is bounded on purpose.
    pub bounded: bool,
    /// Its entries, by size.
    pub entries: Vec<(u64, &'a Entry)>,
}

impl<'a> Line<'a> {
    /// Its entry at a size.
    pub fn at(&self, size: u64) -> Option<&'a Entry> {
        self.entries.iter().find(|(at, _)| *at == size).map(|(_, entry)| *entry)
    }

    /// Its figures at a size, where it has some.
    pub fn ok(&self, size: u64) -> Option<&'a Measurement> {
        self.at(size).map(|entry| &entry.figures).filter(|figures| figures.is_ok())
    }

    /// Its figures at the smallest and the largest size that ran, where they are tenfold apart.
    fn ends(&self) -> Option<(&'a Measurement, &'a Measurement)> {
        let mut ok = self.entries.iter().map(|(_, entry)| &entry.figures).filter(|figures| figures.is_ok());
        let (first, last) = (ok.next()?, ok.next_back()?);
        (last.size >= 10 * first.size).then_some((first, last))
    }

    /// KiB for each item more in flight, as the server counted them.
    pub fn memory_per_item(&self) -> Option<f64> {
        let (first, last) = self.ends()?;
        let kib = last.memory_kib()? as f64 - first.memory_kib()? as f64;
        let items = last.in_flight?.checked_sub(first.in_flight?).filter(|items| *items > 0)?;
        Some(kib / items as f64)
    }

    /// CPU seconds for each item more.
    pub fn cpu_per_item(&self) -> Option<f64> {
        let (first, last) = self.ends()?;
        Some((last.cpu_s()? - first.cpu_s()?) / (last.size - first.size) as f64)
    }
}

/// A workload through all its sizes.
pub struct Growth<'a> {
    /// `db`, `prices`, `sleep`.
    pub name: &'a str,
    /// From small to large.
    pub groups: Vec<&'a Group>,
    /// Its programs, in the order of the matrix.
    pub lines: Vec<Line<'a>>,
}

/// A column after those of the sizes: its head, and its cell.
pub type Cost = (&'static str, fn(&Line) -> String);

impl<'a> Growth<'a> {
    /// The programs whose concurrency nobody bounds.
    pub fn unbounded(&self) -> impl Iterator<Item = &Line<'a>> {
        self.lines.iter().filter(|line| !line.bounded)
    }

    /// The numbers of items, from small to large.
    pub fn sizes(&self) -> impl DoubleEndedIterator<Item = u64> + Clone {
        self.groups.iter().map(|group| group.workload.size)
    }

    /// A row per program, a column per size.
    pub fn table(&self, costs: &[Cost], cell: impl Fn(&Measurement) -> String) -> Table {
        let head = self.sizes().map(|size| size.to_string());
        let head = head.chain(costs.iter().map(|(name, _)| (*name).to_owned()));
        let mut table = Table::figures(std::iter::once("program".to_owned()).chain(head));
        for line in self.unbounded() {
            let cells = self.sizes().map(|size| match line.at(size) {
                Some(entry) if entry.figures.is_ok() => cell(&entry.figures),
                Some(entry) => rows::outcome(entry),
                None => "–".to_owned(),
            });
            let costs = costs.iter().map(|(_, of)| of(line));
            table.row(std::iter::once(code(&line.label)).chain(cells).chain(costs));
        }
        table
    }
}

/// The workloads, each with its sizes.
pub fn growths<'a>(groups: &[&'a Group]) -> Vec<Growth<'a>> {
    groups.chunk_by(|a, b| a.workload.name == b.workload.name).map(growth).collect()
}

/// Whether an argument bounds it, to less than all items.
pub fn is_bounded(group: &Group, entry: &Entry) -> bool {
    entry.row.program.contains(' ') && entry.row.at_once < group.workload.size
}

fn growth<'a>(groups: &[&'a Group]) -> Growth<'a> {
    let mut lines: Vec<Line> = Vec::new();
    for group in groups {
        for entry in &group.entries {
            let size = group.workload.size;
            let bounded = is_bounded(group, entry);
            let all = format!(" {size}");
            let label = match entry.row.program.strip_suffix(&all) {
                Some(program) if !bounded => format!("{program} N"),
                _ => entry.row.program.clone(),
            };
            match lines.iter_mut().find(|line| line.label == label) {
                Some(line) => line.entries.push((size, entry)),
                None => lines.push(Line { label, bounded, entries: vec![(size, entry)] }),
            }
        }
    }
    Growth { name: &groups[0].workload.name, groups: groups.to_vec(), lines }
}
