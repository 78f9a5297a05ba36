//! `make scale`: how cost grows with the number of items, up to where a model fails.

use crate::{
    format::{code, fixed, mib, whole},
    markdown::Table,
    measurements::Measurement,
    results::{Entry, Group},
    workload::FLOOR,
};

/// A program through all sizes of a workload.
pub struct Line<'a> {
    /// Name and arguments, `N` for all.
    pub label: String,
    /// Its name without the workload's, and arguments, for plots.
    pub short: String,
    /// Its model; `lean` where it has another driver than its model's first program.
    pub model: &'a str,
    /// Whether its concurrency is bounded on purpose.
    pub bounded: bool,
    /// Its entries, by size.
    pub entries: Vec<(u64, &'a Entry)>,
}

impl<'a> Line<'a> {
    fn at(&self, size: u64) -> Option<&'a Entry> {
        self.entries.iter().find(|(at, _)| *at == size).map(|(_, entry)| *entry)
    }

    /// Its figures at a size, where it has some.
    fn ok(&self, size: u64) -> Option<&'a Measurement> {
        self.at(size).map(|entry| &entry.figures).filter(|figures| figures.is_ok())
    }

    /// Sizes and values of a figure, where it was measured.
    pub fn points(&self, of: impl Fn(&Measurement) -> Option<f64>) -> Vec<(f64, f64)> {
        self.entries.iter().filter_map(|(size, entry)| Some((*size as f64, of(&entry.figures)?))).collect()
    }

    /// What an item more costs: from the smallest to the largest size that ran, where they are tenfold apart.
    fn slope(&self, of: impl Fn(&Measurement) -> Option<f64>) -> Option<f64> {
        let points = self.points(of);
        let ((n, low), (m, high)) = (points.first()?, points.last()?);
        (*m >= 10.0 * n).then(|| (high - low) / (m - n))
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

impl<'a> Growth<'a> {
    /// The programs whose concurrency nobody bounds.
    pub fn unbounded(&self) -> impl Iterator<Item = &Line<'a>> {
        self.lines.iter().filter(|line| !line.bounded)
    }

    fn sizes(&self) -> impl DoubleEndedIterator<Item = u64> + Clone {
        self.groups.iter().map(|group| group.workload.size)
    }
}

/// The workloads, each with its sizes.
pub fn growths(groups: &[Group]) -> Vec<Growth<'_>> {
    groups.chunk_by(|a, b| a.workload.name == b.workload.name).map(growth).collect()
}

fn growth(groups: &[Group]) -> Growth<'_> {
    let mut lines: Vec<Line> = Vec::new();
    for group in groups {
        for entry in &group.entries {
            let size = group.workload.size.to_string();
            let mut args: Vec<&str> = entry.row.args.iter().map(String::as_str).collect();
            if let ["--concurrency", all] = args.as_mut_slice()
                && *all == size
            {
                *all = "N";
            }
            let program = entry.row.program.split(' ').next().unwrap_or_default();
            let label = std::iter::once(program).chain(args.iter().copied()).collect::<Vec<_>>().join(" ");
            match lines.iter_mut().find(|line| line.label == label) {
                Some(line) => line.entries.push((group.workload.size, entry)),
                None => lines.push(Line {
                    label,
                    short: std::iter::once(entry.row.bare_name())
                        .chain(args.iter().copied().filter(|arg| *arg != "--concurrency"))
                        .collect::<Vec<_>>()
                        .join(" ")
                        .replace("--threads 2", "2 threads"),
                    model: entry.row.variant(),
                    bounded: args.first() == Some(&"--concurrency") && !args.contains(&"N"),
                    entries: vec![(group.workload.size, entry)],
                }),
            }
        }
    }
    Growth { name: &groups[0].workload.name, groups: groups.iter().collect(), lines }
}

/// The whole section.
pub fn section(groups: &[Group]) -> String {
    let mut text = "\n## As it grows (scale)\n\nMade by `make scale`; all figures: [scale.csv](scale.csv). \
        The same programs with 10 items and more, each up to where it fails or would wait longer than the budget. \
        **An item more** is the slope between the smallest and the largest size that ran, so what a process costs \
        before its first item is not in it.\n"
        .to_owned();
    for growth in growths(groups) {
        text += &workload(&growth);
    }
    text
}

fn workload(growth: &Growth) -> String {
    let name = growth.name;
    let latency = growth.groups[0].workload.latency_s;
    let mut text = format!("\n### {name}, {latency} s an item\n\n");
    for sentence in sentences(growth) {
        text += &format!("- {sentence}\n");
    }
    text += "\n**Wall ÷ limit**; in brackets the median wall time in seconds\n\n";
    text += &table(growth, &[], |figures| {
        format!("{} ({})", fixed(figures.over_limit(), 2), fixed(figures.wall_median_s, 3))
    })
    .to_string();
    text += &format!("\n![Wall ÷ limit by number of items](plots/scale-{name}-wall.svg)\n");
    text += "\n**Peak memory of the process tree**, PSS in MiB\n\n";
    let kib: Cost = ("an item more, KiB", |line| fixed(line.slope(Measurement::pss_kib), 2));
    text += &table(growth, &[kib], |figures| mib(figures.tree_pss_kib)).to_string();
    text += &format!("\n![Memory by number of items](plots/scale-{name}-memory.svg)\n");
    text += "\n**CPU time**, user and system, in milliseconds\n\n";
    let micros: Cost =
        ("an item more, µs", |line| fixed(line.slope(Measurement::cpu_s).map(|seconds| seconds * 1e6), 1));
    text += &table(growth, &[micros], |figures| fixed(figures.cpu_s().map(|seconds| seconds * 1e3), 1))
        .to_string();
    text += &format!("\n![CPU time by number of items](plots/scale-{name}-cpu.svg)\n");
    text += "\n**Context switches**, voluntary and involuntary\n\n";
    let each: Cost =
        ("an item more", |line| fixed(line.slope(|figures| figures.switches().map(|all| all as f64)), 3));
    text += &table(growth, &[each], |figures| whole(figures.switches())).to_string();
    if growth.lines.iter().any(|line| line.bounded) {
        text += &bounds(growth);
    }
    if growth.groups.iter().any(|group| group.workload.lab) {
        text += &lab(growth);
    }
    text
}

/// A column after those of the sizes.
type Cost = (&'static str, fn(&Line) -> String);

/// A line a program, a column a size. What did not run says so in a word; why, stands above.
fn table(growth: &Growth, costs: &[Cost], cell: impl Fn(&Measurement) -> String) -> Table {
    let head = growth.sizes().map(|size| size.to_string());
    let head = head.chain(costs.iter().map(|(name, _)| (*name).to_owned()));
    let mut table = Table::figures(std::iter::once("program".to_owned()).chain(head));
    for line in growth.unbounded() {
        let cells = growth.sizes().map(|size| match line.at(size).map(|entry| &entry.figures) {
            Some(figures) if figures.is_ok() => cell(figures),
            Some(figures) => figures.outcome().to_owned(),
            None => "–".to_owned(),
        });
        let costs = costs.iter().map(|(_, of)| of(line));
        table.row(std::iter::once(code(&line.label)).chain(cells).chain(costs));
    }
    table
}

fn sentences(growth: &Growth) -> Vec<String> {
    let mut sentences = Vec::new();
    // What the largest size costs, and how an item's cost has grown since the one before.
    let mut sizes = growth.sizes().rev();
    let (largest, before) = (sizes.next().unwrap_or(0), sizes.next().unwrap_or(0));
    let cost = |figures: &Measurement| Some(figures.cpu_s()? * 1e6 / figures.size as f64);
    let floor = growth.lines.iter().find(|line| line.model == FLOOR).and_then(|line| line.ok(largest));
    for line in growth.unbounded() {
        let Some(figures) = line.ok(largest) else { continue };
        let Some(now) = cost(figures) else { continue };
        // Of fewer items, most is what the process costs.
        let then = line.ok(before).filter(|_| before >= 100).and_then(cost).filter(|then| *then > 0.0);
        let grown = then.map(|then| format!(", {:.2} times what it takes at {before}", now / then));
        let over = match floor.filter(|floor| line.model != FLOOR && floor.limit_s == figures.limit_s) {
            Some(floor) => {
                let times = figures.wall_median_s.zip(floor.wall_median_s).map(|(wall, floor)| wall / floor);
                format!(", {} times the floor", fixed(times, 2))
            }
            None => String::new(),
        };
        sentences.push(format!(
            "{} has {largest} items done in {} s, {} times its limit{over}, with {} MiB. An item takes {now:.1} µs of CPU{}.",
            code(&line.label),
            fixed(figures.wall_median_s, 3),
            fixed(figures.over_limit(), 2),
            mib(figures.tree_pss_kib),
            grown.unwrap_or_default(),
        ));
    }
    for line in &growth.lines {
        for (size, entry) in &line.entries {
            if let Some(reason) = entry.figures.status.strip_prefix("failed: ") {
                sentences.push(format!("{} fails at {size}: {reason}", code(&line.label)));
            }
        }
    }
    let skipped: Vec<String> = (growth.unbounded())
        .filter_map(|line| {
            let (size, _) =
                line.entries.iter().find(|(_, entry)| entry.figures.status.starts_with("skipped: would"))?;
            Some(format!("{} from {size}", code(&line.label)))
        })
        .collect();
    if !skipped.is_empty() {
        sentences.push(format!("Over the budget, and so not tried: {}.", skipped.join(", ")));
    }
    for line in &growth.lines {
        let other = line.entries.iter().find_map(|(_, entry)| {
            entry.figures.status.strip_prefix("skipped: ").filter(|reason| !reason.starts_with("would"))
        });
        sentences.extend(other.map(|reason| format!("{} was skipped: {reason}", code(&line.label))));
    }
    sentences
}

/// Bounded concurrency against all at once, at the same size.
fn bounds(growth: &Growth) -> String {
    let mut table = Table::figures([
        "program",
        "items",
        "wall, s",
        "limit of the bound, s",
        "× all at once",
        "memory, MiB",
        "× all at once",
    ]);
    let mut answers = Vec::new();
    let ratio = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
    for size in growth.sizes() {
        for all in growth.lines.iter().filter(|line| !line.label.contains(' ')) {
            let Some(best) = all.ok(size) else { continue };
            let same = |line: &&Line| line.bounded && line.label.starts_with(&format!("{} ", all.label));
            let mut enough = None;
            for line in growth.lines.iter().filter(same) {
                let Some(figures) = line.ok(size) else { continue };
                let longer = ratio(figures.wall_median_s, best.wall_median_s);
                let larger = ratio(figures.pss_kib(), best.pss_kib());
                table.row([
                    code(&line.label),
                    size.to_string(),
                    fixed(figures.wall_median_s, 3),
                    fixed(figures.limit_s, 3),
                    fixed(longer, 2),
                    mib(figures.tree_pss_kib),
                    fixed(larger, 2),
                ]);
                if longer.is_some_and(|longer| longer <= 2.0) {
                    enough.get_or_insert((line, longer, larger));
                }
            }
            answers.extend(enough.map(|(line, longer, larger)| {
                format!(
                    "{} is the least bound tried that takes at most twice as long as all {size} at once: {} times as long, with {} times the memory.",
                    code(&line.label),
                    fixed(longer, 2),
                    fixed(larger, 2)
                )
            }));
        }
    }
    if table.is_empty() {
        return String::new();
    }
    let answers: String = answers.iter().map(|answer| format!("- {answer}\n")).collect();
    format!(
        "\n**How much bound is enough?** With a bound of B, no less than items ÷ B × latency is possible; more than the CPU can start within a latency gains nothing.\n\n{answers}\n{table}"
    )
}

/// Whether the lab held the programs up.
fn lab(growth: &Growth) -> String {
    let mut table = Table::figures([
        "items",
        "program",
        "at once, seen",
        "lab CPU, s",
        "lab CPU ÷ wall",
        "lab CPU an item, µs",
        "dropped from a full backlog",
    ]);
    for size in growth.sizes() {
        let runs = growth.unbounded().filter_map(|line| {
            let observed = &line.at(size)?.ran.as_ref()?.observed;
            let lab = observed.lab.as_ref()?;
            Some((line.at(size)?, lab, lab.cpu_s / observed.wall_s))
        });
        // Who asks the most of it.
        if let Some((entry, lab, share)) = runs.max_by(|a, b| a.2.total_cmp(&b.2)) {
            table.row([
                size.to_string(),
                code(&entry.row.program),
                lab.max_in_flight.to_string(),
                fixed(Some(lab.cpu_s), 3),
                fixed(Some(share), 2),
                fixed(Some(lab.cpu_s * 1e6 / size as f64), 1),
                whole(lab.listen_drops),
            ]);
        }
    }
    format!(
        "\n**The lab** in the run that keeps it busiest. It has one thread: at 1.00 it would hold the program up\n\n{table}"
    )
}
