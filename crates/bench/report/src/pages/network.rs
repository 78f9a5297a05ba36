//! `make network`: what connecting costs where there is a network.

use bench_data::results::{Entry, Group};

use crate::{
    format::{self, fixed, list, ms, or_dash, wall},
    markdown::{Table, bullets},
    pages::{
        book::{Book, Part},
        rows, sure,
    },
    published,
};

/// How far a slope may be from a whole number of round trips to be taken for it.
const NEAR: f64 = 0.25;

/// Hosts that article 1 asks, the size of the workload `db`.
const ARTICLE_HOSTS: u64 = 500;

/// A program through the networks of a workload.
struct Route<'a> {
    /// Its entries by the round-trip time in seconds, from near to far.
    entries: Vec<(f64, &'a Group, &'a Entry)>,
}

fn routes<'a>(groups: &[&'a Group]) -> Vec<Route<'a>> {
    let mut routes: Vec<Route> = Vec::new();
    for group in groups {
        for entry in &group.entries {
            let stop = (group.workload.rtt_s.unwrap_or(0.0), *group, entry);
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
    fn entry(&self) -> &'a Entry {
        self.entries[0].2
    }

    /// Its entry over one network.
    fn over(&self, network: &Group) -> Option<&'a Entry> {
        let same = |group: &Group| group.workload.key == network.workload.key;
        self.entries.iter().find(|(_, group, _)| same(group)).map(|(_, _, entry)| *entry)
    }

    /// Round-trip times and wall times in seconds, where it ran.
    fn walls(&self) -> Vec<(f64, f64)> {
        let walls = self.entries.iter();
        walls.filter_map(|(rtt, _, entry)| Some((*rtt, entry.figures.wall_median_s?))).collect()
    }

    /// Items, one after the other, that the model has to wait for at least.
    fn turns(&self) -> u64 {
        let (_, group, entry) = self.entries[0];
        group.workload.size.div_ceil(entry.row.at_once)
    }

    /// Round trips per item, from how the wall time grows between the nearest and the farthest network.
    fn slope(&self) -> Option<f64> {
        let walls = self.walls();
        let ((near, low), (far, high)) = (walls.first()?, walls.last()?);
        (far > near).then(|| (high - low) / (self.turns() as f64 * (far - near)))
    }

    /// The slope as a whole number, where it is near enough to one.
    fn trips(&self) -> Option<f64> {
        self.slope().filter(|slope| (slope - slope.round()).abs() <= NEAR).map(f64::round)
    }

    /// Round trips per item as the lab counted them, over the farthest network.
    fn seen(&self) -> Option<f64> {
        self.entries.iter().rev().find_map(|(_, _, entry)| entry.figures.round_trips)
    }

    fn name(&self) -> String {
        rows::name(self.entry())
    }

    fn is_sequential(&self, python: bool) -> bool {
        let row = &self.entry().row;
        row.model == "sequential" && row.python == python
    }
}

/// All sections of the page.
pub fn sections(book: &Book, part: &Part) -> String {
    let mut text = "\nLoopback has no round-trip time, so `bench-lab --rtt` plays one: the greeting of a connection comes two \
        round trips late (one is TCP's own handshake), each later answer one. Nothing else changes, so what the wall time \
        grows by is round trips. The limit is that of the queries alone.\n"
        .to_owned();
    for groups in part.groups.chunk_by(|a, b| a.workload.name == b.workload.name) {
        text += &section(book, groups);
    }
    text
}

fn section(book: &Book, groups: &[&Group]) -> String {
    let workload = &groups[0].workload;
    let routes = routes(groups);
    let mut text = format!(
        "\n## {}: {} items of {} s\n\n{}",
        workload.name,
        workload.size,
        workload.latency_s,
        sure::study(groups)
    );
    // A quick run asks for something else.
    let article =
        published::of(&workload.name, ARTICLE_HOSTS).get("sequential").and_then(|article| article.wall_s);
    let sentences = [
        agreement(&routes),
        at_once(&routes),
        set_up(&routes),
        article.filter(|_| !workload.quick).and_then(|wall| explanation(wall, &routes)),
    ];
    // They and the slope combine what was measured over several networks.
    let one_vintage = sure::one_vintage(groups);
    text += &bullets(sentences.into_iter().flatten().filter(|_| one_vintage));
    text += "\nMedian wall time in seconds by the network's round-trip time; round trips per item from the slope of the wall \
        time over its turns (items ÷ in flight, rounded up), and as the server counted.\n\n";
    text += &table(groups, &routes, one_vintage).to_string();
    text += &bullets(rows::reasons(&groups[0].entries));
    text + &book.pictures(&format!("network-{}", workload.name))
}

fn table(groups: &[&Group], routes: &[Route], slopes: bool) -> Table {
    let rtts = groups.iter().map(|group| at(group.workload.rtt_s.unwrap_or(0.0)));
    let head = std::iter::once("program".to_owned()).chain(rtts);
    let mut table = Table::figures(head.chain(["trips, slope".to_owned(), "counted".to_owned()]));
    for route in routes {
        let mut cells = vec![route.name()];
        cells.extend(groups.iter().map(|group| match route.over(group) {
            Some(entry) if entry.figures.is_ok() => wall(entry.figures.wall_median_s),
            Some(entry) => rows::outcome(entry),
            None => "–".to_owned(),
        }));
        cells.extend([fixed(route.slope().filter(|_| slopes), 2), or_dash(route.seen(), count)]);
        table.row(cells);
    }
    table
}

/// Whether the slope and the lab give the same number.
fn agreement(routes: &[Route]) -> Option<String> {
    let both = routes.iter().filter_map(|route| Some((route, route.slope()?, route.seen()?)));
    let (same, other): (Vec<_>, Vec<_>) =
        both.partition(|(route, _, seen)| route.trips().is_some_and(|trips| (trips - seen).abs() < 0.005));
    let other: Vec<String> = other
        .iter()
        .map(|(route, slope, seen)| format!("{} ({slope:.2} and {})", route.name(), count(*seen)))
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
        format!("{:.0} % at {}", 100.0 * (1.0 - size * (latency + rtt) / wall), at(rtt))
    };
    let shares: Vec<String> = route.walls().into_iter().map(share).collect();
    format::sentence(
        &format!(
            "Of the wall time of {}, what is not the query (its {latency} s and its own round trip) takes ",
            route.name()
        ),
        &shares,
        ".",
    )
}

/// All at once waits for the round trips of all hosts at the same time.
fn at_once(routes: &[Route]) -> Option<String> {
    let sequential = routes.iter().find(|route| route.is_sequential(false))?;
    let (rtt, one_by_one) = *sequential.walls().last()?;
    let all = routes.iter().filter(|route| route.turns() == 1 && !route.entry().row.python);
    let far = all.filter_map(|route| Some((route, *route.walls().last().filter(|(far, _)| *far == rtt)?)));
    let (first, (_, all)) = far.min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1))?;
    let trips = first.trips().filter(|trips| *trips > 0.0 && Some(*trips) == sequential.trips())?;
    Some(format!(
        "All at once pays the same {trips} round trips once, not once per host: at {} {} takes {} s for all {}, {} {} s.",
        at(rtt),
        first.name(),
        wall(Some(all)),
        sequential.entries[0].1.workload.size,
        sequential.name(),
        wall(Some(one_by_one)),
    ))
}

/// The round-trip time that would explain the article's figure.
fn explanation(article: f64, routes: &[Route]) -> Option<String> {
    let sequential =
        |python| routes.iter().find(|route| route.is_sequential(python) && route.seen().is_some());
    let route = sequential(true).or_else(|| sequential(false))?;
    let (trips, latency) = (route.seen()?, route.entries[0].1.workload.latency_s);
    let each = article / ARTICLE_HOSTS as f64;
    let rtt = (each - latency) / trips;
    (rtt > 0.0).then(|| {
        format!(
            "Article 1 has {article} s for {ARTICLE_HOSTS} databases one after the other, {:.1} ms for each. A round-trip time of {:.1} ms would explain what is over the {} of the query, if its program waited as often as {} ({} round trips per host) and nothing else took time. That is an explanation that fits, not a measurement.",
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

/// Round trips per item as counted: mostly a whole number.
fn count(trips: f64) -> String {
    if trips.fract() == 0.0 { format!("{trips:.0}") } else { format!("{trips:.2}") }
}
