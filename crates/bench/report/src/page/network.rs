//! `make network`: what connecting costs where there is a network.

use crate::{
    format::{code, fixed, list, ms, or_dash},
    markdown::Table,
    measurements::Measurement,
    network::round_trips,
    published::Published,
    results::{Entry, Group, Results},
};

/// How far a slope may be from a whole number of round trips to be taken for it.
const NEAR: f64 = 0.25;

/// Hosts that article 1 asks, the size of the workload `db`.
const ARTICLE_HOSTS: u64 = 500;

/// A program through the networks of a workload.
pub struct Route<'a> {
    /// Its entries by the round-trip time in seconds, from near to far.
    pub entries: Vec<(f64, &'a Group, &'a Entry)>,
}

/// The programs of a workload, which `groups` has once for each network, in the order of the matrix.
pub fn routes(groups: &[Group]) -> Vec<Route<'_>> {
    let mut routes: Vec<Route> = Vec::new();
    for group in groups {
        for entry in &group.entries {
            let stop = (group.workload.rtt_s.unwrap_or(0.0), group, entry);
            match routes.iter_mut().find(|route| route.entry().row.program == entry.row.program) {
                Some(route) => route.entries.push(stop),
                None => routes.push(Route { entries: vec![stop] }),
            }
        }
    }
    routes
}

impl<'a> Route<'a> {
    /// Its entry over the nearest network; what does not depend on the network is the same in all.
    pub fn entry(&self) -> &'a Entry {
        self.entries[0].2
    }

    /// Round-trip times in seconds and values of a figure, where it was measured.
    pub fn points(&self, of: impl Fn(&Measurement) -> Option<f64>) -> Vec<(f64, f64)> {
        self.entries.iter().filter_map(|(rtt, _, entry)| Some((*rtt, of(&entry.figures)?))).collect()
    }

    /// Its entry over one network.
    fn over(&self, network: &Group) -> Option<&'a Entry> {
        let same = |group: &Group| group.workload.key == network.workload.key;
        self.entries.iter().find(|(_, group, _)| same(group)).map(|(_, _, entry)| *entry)
    }

    fn walls(&self) -> Vec<(f64, f64)> {
        self.points(|figures| figures.wall_median_s)
    }

    /// Items, one after the other, that the model has to wait for at least.
    fn turns(&self) -> u64 {
        let (_, group, entry) = self.entries[0];
        group.workload.size.div_ceil(entry.row.at_once)
    }

    /// Round trips an item, from how the wall time grows between the nearest and the farthest network.
    fn slope(&self) -> Option<f64> {
        let walls = self.walls();
        let ((near, low), (far, high)) = (walls.first()?, walls.last()?);
        (far > near).then(|| (high - low) / (self.turns() as f64 * (far - near)))
    }

    /// The slope as a whole number, where it is near enough to one.
    fn trips(&self) -> Option<f64> {
        self.slope().filter(|slope| (slope - slope.round()).abs() <= NEAR).map(f64::round)
    }

    /// Round trips an item as the lab counted them, over the farthest network.
    fn seen(&self) -> Option<f64> {
        self.entries.iter().rev().find_map(|(_, group, entry)| round_trips(group, entry))
    }

    fn name(&self) -> String {
        code(&self.entry().row.program)
    }

    fn is_sequential(&self, python: bool) -> bool {
        let row = &self.entry().row;
        row.model == "sequential" && row.python == python
    }
}

/// The whole section.
pub fn section(results: &Results, published: &Published) -> String {
    let mut text = "\n## Over a network (network)\n\nMade by `make network`; all figures: [network.csv](network.csv). \
        Loopback has no round-trip time, so `bench-lab --rtt` plays one: the greeting of a connection comes two round \
        trips late (one is TCP's own handshake), each later answer one. Nothing else changes, so what the wall time grows by \
        is round trips. The limit is that of the queries alone.\n"
        .to_owned();
    for groups in results.network.chunk_by(|a, b| a.workload.name == b.workload.name) {
        text += &workload(groups, published);
    }
    text
}

fn workload(groups: &[Group], published: &Published) -> String {
    let workload = &groups[0].workload;
    let routes = routes(groups);
    let mut text =
        format!("\n### {}, {} items of {} s\n\n", workload.name, workload.size, workload.latency_s);
    let sentences = [
        agreement(&routes),
        set_up(&routes),
        at_once(&routes),
        // A quick run asks for something else.
        published
            .of(&workload.name, ARTICLE_HOSTS)
            .get("sequential")
            .and_then(|article| article.wall_s)
            .filter(|_| !workload.quick)
            .and_then(|wall| article(wall, &routes)),
    ];
    for sentence in sentences.into_iter().flatten() {
        text += &format!("- {sentence}\n");
    }
    text += "\n**Wall time** in seconds by the network's round-trip time, and **round trips an item**: the wall time's slope \
        over its turns (items ÷ at once, rounded up), and what the server saw\n\n";
    text += &table(groups, &routes).to_string();
    text += &format!("\n![Wall ÷ limit by round-trip time](plots/network-{}-wall.svg)\n", workload.name);
    text
}

fn table(groups: &[Group], routes: &[Route]) -> Table {
    let rtts = groups.iter().map(|group| at(group.workload.rtt_s.unwrap_or(0.0)));
    let head = std::iter::once("program".to_owned()).chain(rtts);
    let mut table = Table::figures(
        head.chain(
            [
                "round trips an item, from the slope",
                "as a whole number",
                "besides the query's",
                "the server saw, an item",
            ]
            .map(str::to_owned),
        ),
    );
    for route in routes {
        let mut cells = vec![route.name()];
        cells.extend(groups.iter().map(|group| match route.over(group).map(|entry| &entry.figures) {
            Some(figures) if figures.is_ok() => fixed(figures.wall_median_s, 3),
            Some(figures) => figures.outcome().to_owned(),
            None => "–".to_owned(),
        }));
        cells.extend([
            fixed(route.slope(), 2),
            fixed(route.trips(), 0),
            fixed(route.trips().map(|trips| trips - 1.0), 0),
            or_dash(route.seen(), count),
        ]);
        table.row(cells);
    }
    table
}

/// Whether the slope and the lab give the same number.
fn agreement(routes: &[Route]) -> Option<String> {
    let both = routes.iter().filter_map(|route| Some((route, route.slope()?, route.seen()?)));
    let (same, other): (Vec<_>, Vec<_>) =
        both.partition(|(route, _, seen)| route.trips().is_some_and(|trips| two(trips) == two(*seen)));
    let other: Vec<String> = other
        .iter()
        .map(|(route, slope, seen)| format!("{} ({} and {})", route.name(), two(*slope), count(*seen)))
        .collect();
    match (same.is_empty(), other.is_empty()) {
        (true, true) => None,
        (false, true) => {
            Some("The slope and the server give the same round trips for all programs.".to_owned())
        }
        (all_differ, false) => {
            let rest = if all_differ { "" } else { "; they give the same for all others" };
            Some(format!("The slope and the server differ for {}{rest}.", list(&other)))
        }
    }
}

/// How much of the sequential program's time is not the query.
fn set_up(routes: &[Route]) -> Option<String> {
    let route = routes.iter().find(|route| route.is_sequential(false))?;
    let (_, group, _) = route.entries[0];
    let (size, latency) = (group.workload.size as f64, group.workload.latency_s);
    let share = |(rtt, wall): (f64, f64)| {
        format!("{:.1} % at {}", 100.0 * (1.0 - size * (latency + rtt) / wall), at(rtt))
    };
    let shares: Vec<String> = route.walls().into_iter().map(share).collect();
    (!shares.is_empty()).then(|| {
        format!(
            "Of the wall time of {}, what is not the query (its {latency} s and its own round trip) takes {}.",
            route.name(),
            list(&shares)
        )
    })
}

/// All at once waits for the round trips of all hosts at the same time.
fn at_once(routes: &[Route]) -> Option<String> {
    let sequential = routes.iter().find(|route| route.is_sequential(false))?;
    let (rtt, one_by_one) = *sequential.walls().last()?;
    let all = routes.iter().filter(|route| route.turns() == 1);
    let far = all.filter_map(|route| Some((route, *route.walls().last().filter(|(far, _)| *far == rtt)?)));
    let (fastest, (_, wall)) = far.min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1))?;
    let trips = fastest.trips().filter(|trips| *trips > 0.0 && Some(*trips) == sequential.trips())?;
    let size = sequential.entries[0].1.workload.size;
    Some(format!(
        "All at once pays the same {trips} round trips once, not once a host: at {} {} takes {wall:.3} s for all {size}, {} {one_by_one:.3} s.",
        at(rtt),
        fastest.name(),
        sequential.name()
    ))
}

/// The round-trip time that would explain the article's figure.
fn article(wall: f64, routes: &[Route]) -> Option<String> {
    let sequential =
        |python| routes.iter().find(|route| route.is_sequential(python) && route.seen().is_some());
    let route = sequential(true).or_else(|| sequential(false))?;
    let (trips, latency) = (route.seen()?, route.entries[0].1.workload.latency_s);
    let each = wall / ARTICLE_HOSTS as f64;
    let rtt = (each - latency) / trips;
    (rtt > 0.0).then(|| {
        format!(
            "Article 1 has {wall} s for {ARTICLE_HOSTS} databases one after the other, {:.1} ms for each. A round-trip time of {:.1} ms would explain what is over the {} of the query, if its program waited as often as {} ({} round trips a host) and nothing else took time. That is an explanation that fits, not a measurement.",
            each * 1e3,
            rtt * 1e3,
            at(latency),
            route.name(),
            count(trips)
        )
    })
}

/// A time as it stands in headings.
fn at(seconds: f64) -> String {
    format!("{} ms", ms(seconds))
}

/// Round trips an item as counted: mostly a whole number.
fn count(trips: f64) -> String {
    if trips.fract() == 0.0 { format!("{trips:.0}") } else { two(trips) }
}

fn two(value: f64) -> String {
    format!("{value:.2}")
}
