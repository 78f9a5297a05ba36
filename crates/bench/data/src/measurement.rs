//! `measurements.csv`: every figure of every study in one tidy table. One line for each program of a workload, size, fault
//! and network, and for each sitting.

use crate::{
    raw::Ran,
    results::{Entry, Sitting},
    runs::{Kind, Run},
    stats::{self, Estimate},
    workload::{Control, Row, Workload},
};

/// The figures of a row in a sitting, as they were computed: a figure is rounded once, where it is printed. What was not
/// measured is `None`, and empty in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// From 1.
    pub sitting: u32,
    /// The wall time is the median of this many runs.
    pub runs: Option<u64>,
    pub wall_median_s: Option<f64>,
    /// The lowest and the highest.
    pub wall_range_s: Option<(f64, f64)>,
    /// Lowest wall time that the model allows; none where the wait of an item is not known.
    pub limit_s: Option<f64>,
    /// Only where a workload only waits: median time over the limit of the short delay.
    pub over_ms: Option<f64>,
    /// That time less that of the reference in the same rounds.
    pub over_difference_ms: Option<Estimate>,
    /// Wall time ÷ that of the reference in the same rounds.
    pub ratio: Option<Estimate>,
    /// Median CPU time, which does not depend on the delay.
    pub user_s: Option<f64>,
    pub system_s: Option<f64>,
    /// Observed runs.
    pub observed: Option<u64>,
    /// Their medians; of processes and threads, the peaks.
    pub seen: Run,
    pub pss_range_kib: Option<(u64, u64)>,
    pub syscalls: Option<u64>,
    /// How often an item waits for the other side, as the lab counted.
    pub round_trips: Option<f64>,
    /// The interpreter and its imports alone.
    pub start_s: Option<f64>,
}

impl Measurement {
    /// The figures of one row of the matrix in one sitting. The first sitting has the observed runs, too.
    pub fn new(
        workload: &Workload,
        row: &Row,
        raw: &Result<Ran, String>,
        sitting: &Sitting,
        first: bool,
    ) -> Self {
        let limit_s = workload.limited.then_some(row.limit_s);
        let empty = Measurement { sitting: sitting.number, limit_s, ..Self::default() };
        let Ok(ran) = raw else { return empty };
        // A round is a run of its kind.
        let kind = if workload.only_waits { Kind::Short } else { Kind::Timed };
        let rounds = sitting.rounds.iter().filter(|round| round.slug == row.slug);
        let rounds = rounds.map(|round| (kind, [round.wall_s, round.user_s, round.system_s].map(Some)));
        let runs = ran.runs.iter().map(|run| (run.kind, [run.wall_s, run.user_s, run.system_s]));
        let times: Vec<_> = rounds.chain(runs).collect();
        let column = |kind, place: usize| -> Vec<f64> {
            times.iter().filter(|(of, _)| *of == kind).filter_map(|(_, times)| times[place]).collect()
        };
        let (walls, short) = (column(Kind::Timed, 0), column(Kind::Short, 0));
        let of_cpu = if short.is_empty() { Kind::Timed } else { Kind::Short };
        let compared = compared(workload, row, sitting);
        let timed = Measurement {
            runs: Some(walls.len() as u64).filter(|runs| *runs > 0),
            wall_median_s: stats::median(&walls),
            wall_range_s: stats::range(&walls),
            over_ms: stats::median(&short).map(|wall| 1e3 * (wall - workload.round_limit_s(row))),
            over_difference_ms: compared.filter(|_| workload.only_waits),
            ratio: compared.filter(|_| !workload.only_waits),
            user_s: stats::median(&column(of_cpu, 1)),
            system_s: stats::median(&column(of_cpu, 2)),
            ..empty
        };
        if first { timed.seen(workload, ran) } else { timed }
    }

    /// Memory and counters, of the observed runs.
    fn seen(self, workload: &Workload, ran: &Ran) -> Self {
        let observed = || ran.runs.iter().filter(|run| run.kind == Kind::Observed);
        let exact =
            |value: fn(&Run) -> Option<f64>| stats::median(&observed().filter_map(value).collect::<Vec<_>>());
        let whole = |value: fn(&Run) -> Option<u64>| {
            let values: Vec<f64> = observed().filter_map(value).map(|value| value as f64).collect();
            stats::median(&values).map(|median| median.round() as u64)
        };
        let pss = || observed().filter_map(|run| run.peak_pss_kib);
        Measurement {
            observed: Some(observed().count() as u64),
            seen: Run {
                in_flight: whole(|run| run.in_flight),
                max_rss_kib: whole(|run| run.max_rss_kib),
                peak_pss_kib: whole(|run| run.peak_pss_kib),
                peak_processes: observed().filter_map(|run| run.peak_processes).max(),
                peak_threads: observed().filter_map(|run| run.peak_threads).max(),
                voluntary: whole(|run| run.voluntary),
                involuntary: whole(|run| run.involuntary),
                minor_faults: whole(|run| run.minor_faults),
                major_faults: whole(|run| run.major_faults),
                server_cpu_s: exact(|run| run.server_cpu_s),
                half_s: exact(|run| run.half_s),
                most_s: exact(|run| run.most_s),
                ..Run::default()
            },
            pss_range_kib: pss().min().zip(pss().max()),
            syscalls: ran.syscalls,
            round_trips: exact(|run| Some(run.round_trips? as f64)).map(|trips| trips / workload.size as f64),
            start_s: ran.start_s,
            ..self
        }
    }

    pub fn over_limit(&self) -> Option<f64> {
        self.wall_median_s.zip(self.limit_s).map(|(wall, limit)| wall / limit)
    }

    pub fn cpu_s(&self) -> Option<f64> {
        self.user_s.zip(self.system_s).map(|(user, system)| user + system)
    }

    /// CPU time as a part of the wall time.
    pub fn cpu_percent(&self) -> Option<f64> {
        self.cpu_s().zip(self.wall_median_s).map(|(cpu, wall)| 100.0 * cpu / wall)
    }

    /// Context switches, voluntary or not.
    pub fn switches(&self) -> Option<u64> {
        self.seen.voluntary.zip(self.seen.involuntary).map(|(a, b)| a + b)
    }
}

/// A row against the reference. All comparisons of the programs in Rust are one family, those in Python another, and the
/// intervals of a family hold together; a control stands alone.
fn compared(workload: &Workload, row: &Row, sitting: &Sitting) -> Option<Estimate> {
    let reference = workload.rows.iter().find(|row| workload.is_reference(row))?;
    let confidence = match row.control {
        None => workload.confidence(row.python),
        Some(Control::Same) => stats::REJECTION,
        Some(Control::Planted) => stats::CONFIDENCE,
    };
    let compared = sitting.compare(workload, row, reference, confidence);
    compared.filter(|_| reference.slug != row.slug)
}

type Cell = fn(&Workload, &Entry, &Measurement) -> String;
/// The columns of the file.
pub const COLUMNS: [(&str, Cell); 30] = [
    ("study", |workload, _, _| workload.study.clone()),
    ("workload", |workload, _, _| workload.name.clone()),
    ("size", |workload, _, _| workload.size.to_string()),
    ("rtt_s", |workload, _, _| text(workload.rtt_s)),
    ("fault", |workload, _, _| text(workload.fault.as_ref().map(|fault| &fault.name))),
    ("program", |_, entry, _| entry.row.program.clone()),
    ("model", |_, entry, _| entry.row.model.clone()),
    ("sitting", |_, _, m| m.sitting.to_string()),
    ("runs", |_, _, m| text(m.runs)),
    ("wall_median_s", |_, _, m| rounded(m.wall_median_s, 4)),
    ("limit_s", |_, _, m| rounded(m.limit_s, 4)),
    ("over_ms", |_, _, m| rounded(m.over_ms, 2)),
    ("ratio", |_, _, m| rounded(m.ratio.map(|ratio| ratio.estimate), 4)),
    ("ratio_low", |_, _, m| rounded(m.ratio.and_then(|ratio| Some(ratio.interval?.low)), 4)),
    ("ratio_high", |_, _, m| rounded(m.ratio.and_then(|ratio| Some(ratio.interval?.high)), 4)),
    ("user_s", |_, _, m| rounded(m.user_s, 4)),
    ("system_s", |_, _, m| rounded(m.system_s, 4)),
    ("max_rss_kib", |_, _, m| text(m.seen.max_rss_kib)),
    ("tree_pss_kib", |_, _, m| text(m.seen.peak_pss_kib)),
    ("processes", |_, _, m| text(m.seen.peak_processes)),
    ("threads", |_, _, m| text(m.seen.peak_threads)),
    ("in_flight", |_, _, m| text(m.seen.in_flight)),
    ("voluntary", |_, _, m| text(m.seen.voluntary)),
    ("involuntary", |_, _, m| text(m.seen.involuntary)),
    ("syscalls", |_, _, m| text(m.syscalls)),
    ("round_trips", |_, _, m| rounded(m.round_trips, 2)),
    ("lab_cpu_s", |_, _, m| rounded(m.seen.server_cpu_s, 4)),
    ("half_s", |_, _, m| rounded(m.seen.half_s, 4)),
    ("most_s", |_, _, m| rounded(m.seen.most_s, 4)),
    ("status", |_, entry, _| entry.status().to_owned()),
];

fn text(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn rounded(value: Option<f64>, decimals: usize) -> String {
    text(value.map(|value| format!("{value:.decimals$}")))
}
