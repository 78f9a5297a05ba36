//! `measurements.csv`: every figure of every study in one tidy table. One line for each program of a workload, size, fault
//! and network, and for each sitting.

use anyhow::Result;

use crate::{
    raw::{Ran, Raw},
    results::Sitting,
    rounds::Round,
    runs::{Kind, Run},
    stats::{self, Estimate, Interval},
    workload::{Row, Workload},
};

/// The figures of a row in a sitting, as they were computed: a figure is rounded once, where it is printed. What was not
/// measured is `None`, and empty in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// What measured it: `bench`, `scale`, …
    pub study: String,
    /// `db`, `web`, …
    pub workload: String,
    pub size: u64,
    /// Round-trip time of the network that the lab played.
    pub rtt_s: Option<f64>,
    /// What was wrong with some of the items.
    pub fault: Option<String>,
    /// Name and extra arguments.
    pub program: String,
    pub model: String,
    /// From 1.
    pub sitting: u32,
    /// Peak number of items in flight, as the server counted or the output shows.
    pub in_flight: Option<u64>,
    /// Runs that the wall time is the median of.
    pub runs: Option<u64>,
    pub wall_median_s: Option<f64>,
    pub wall_min_s: Option<f64>,
    pub wall_max_s: Option<f64>,
    /// Least wall time that the model allows; none where what an item waits is not known.
    pub limit_s: Option<f64>,
    /// Of a workload that only waits: median time over the limit of the short delay.
    pub over_ms: Option<f64>,
    /// That time less that of the reference in the same rounds.
    pub over_difference_ms: Option<Estimate>,
    /// Wall time ÷ that of the reference in the same rounds: Hodges-Lehmann.
    pub ratio: Option<f64>,
    /// None with fewer rounds than it takes.
    pub ratio_interval: Option<Interval>,
    /// Median CPU time, which does not depend on the delay.
    pub user_s: Option<f64>,
    pub system_s: Option<f64>,
    /// Observed runs that what follows is the median of.
    pub observed: Option<u64>,
    /// Of the largest process.
    pub max_rss_kib: Option<u64>,
    /// Peak PSS of the process tree.
    pub tree_pss_kib: Option<u64>,
    pub tree_pss_min_kib: Option<u64>,
    pub tree_pss_max_kib: Option<u64>,
    /// Samples of the run that had fewest.
    pub samples: Option<u64>,
    /// Most at a time.
    pub processes: Option<u64>,
    pub threads: Option<u64>,
    pub voluntary: Option<u64>,
    pub involuntary: Option<u64>,
    pub minor_faults: Option<u64>,
    pub major_faults: Option<u64>,
    pub syscalls: Option<u64>,
    /// How often an item waits for the other side, as the lab counted.
    pub round_trips: Option<f64>,
    /// CPU time of the lab or the server.
    pub lab_cpu_s: Option<f64>,
    /// Items that failed, where some are sick.
    pub failed: Option<u64>,
    /// Until half, and until 99 %, of the healthy items were answered, as the lab saw it.
    pub half_s: Option<f64>,
    pub most_s: Option<f64>,
    /// What the interpreter and its imports take alone.
    pub start_s: Option<f64>,
    /// `ok`, or `skipped: …` or `failed: …` with the reason.
    pub status: String,
}

impl Measurement {
    /// The figures of one row of the matrix in one sitting. The first sitting has the observed runs, too.
    pub fn new(workload: &Workload, row: &Row, raw: &Raw, sitting: &Sitting, first: bool) -> Self {
        let empty = Measurement {
            study: workload.study.clone(),
            workload: workload.name.clone(),
            size: workload.size,
            rtt_s: workload.rtt_s,
            fault: workload.fault.as_ref().map(|fault| fault.name.clone()),
            program: row.program.clone(),
            model: row.model.clone(),
            sitting: sitting.number,
            limit_s: workload.limited.then_some(row.limit_s),
            ..Self::default()
        };
        match raw {
            Raw::Status(status) => Measurement { status: status.clone(), ..empty },
            Raw::Ran(ran) => match failure(workload, ran) {
                Some(reason) => Measurement { status: format!("failed: {reason}"), ..empty },
                None if first => empty.timed(workload, row, ran, &sitting.rounds).seen(workload, ran),
                None => empty.timed(workload, row, ran, &sitting.rounds),
            },
        }
    }

    /// Wall and CPU time, of the rounds or of the timed runs. What only waits has its rounds at the short delay: they give
    /// the time over the limit.
    fn timed(self, workload: &Workload, row: &Row, ran: &Ran, rounds: &[Round]) -> Self {
        let rounds: Vec<&Round> = rounds.iter().filter(|round| round.slug == row.slug).collect();
        let of_rounds =
            |value: fn(&Round) -> f64| rounds.iter().map(|round| value(round)).collect::<Vec<_>>();
        let of_runs = |kind: Kind, value: fn(&Run) -> Option<f64>| {
            ran.runs.iter().filter(|run| run.kind == kind).filter_map(value).collect::<Vec<_>>()
        };
        let short = [of_rounds(|round| round.wall_s), of_runs(Kind::Short, |run| run.wall_s)].concat();
        let walls = match rounds.is_empty() || workload.only_waits {
            true => of_runs(Kind::Timed, |run| run.wall_s),
            false => short.clone(),
        };
        let cpu = |of_round: fn(&Round) -> f64, of_run: fn(&Run) -> Option<f64>| match rounds.is_empty() {
            true => stats::median(&[of_runs(Kind::Timed, of_run), of_runs(Kind::Short, of_run)].concat()),
            false => stats::median(&of_rounds(of_round)),
        };
        let over = stats::median(&short).filter(|_| workload.only_waits);
        Measurement {
            runs: Some(walls.len() as u64).filter(|runs| *runs > 0),
            wall_median_s: stats::median(&walls),
            wall_min_s: walls.iter().copied().reduce(f64::min),
            wall_max_s: walls.iter().copied().reduce(f64::max),
            over_ms: over.map(|wall| 1e3 * (wall - workload.round_limit_s(row))),
            user_s: cpu(|round| round.user_s, |run| run.user_s),
            system_s: cpu(|round| round.system_s, |run| run.system_s),
            status: "ok".to_owned(),
            ..self
        }
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
        let failing = workload.fault.as_ref().filter(|fault| fault.fails);
        Measurement {
            in_flight: whole(|run| run.in_flight),
            observed: Some(observed().count() as u64),
            max_rss_kib: whole(|run| run.max_rss_kib),
            tree_pss_kib: whole(|run| run.peak_pss_kib),
            tree_pss_min_kib: pss().min(),
            tree_pss_max_kib: pss().max(),
            samples: observed().filter_map(|run| run.samples).min(),
            processes: observed().filter_map(|run| run.peak_processes).max(),
            threads: observed().filter_map(|run| run.peak_threads).max(),
            voluntary: whole(|run| run.voluntary),
            involuntary: whole(|run| run.involuntary),
            minor_faults: whole(|run| run.minor_faults),
            major_faults: whole(|run| run.major_faults),
            syscalls: ran.syscalls,
            round_trips: exact(|run| Some(run.round_trips? as f64)).map(|trips| trips / workload.size as f64),
            lab_cpu_s: exact(|run| run.server_cpu_s),
            failed: workload.fault.as_ref().map(|_| failing.map_or(0, |fault| fault.sick)),
            half_s: exact(|run| run.half_s),
            most_s: exact(|run| run.most_s),
            start_s: ran.start_s,
            ..self
        }
    }

    /// `ok`, `skipped` or `failed`.
    pub fn outcome(&self) -> &str {
        self.status.split(':').next().unwrap_or_default()
    }

    /// Whether there are figures.
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }

    pub fn over_limit(&self) -> Option<f64> {
        self.wall_median_s.zip(self.limit_s).map(|(wall, limit)| wall / limit)
    }

    pub fn cpu_s(&self) -> Option<f64> {
        self.user_s.zip(self.system_s).map(|(user, system)| user + system)
    }

    /// CPU time as a part of the wall time, in percent.
    pub fn cpu_percent(&self) -> Option<f64> {
        self.cpu_s().zip(self.wall_median_s).map(|(cpu, wall)| 100.0 * cpu / wall)
    }

    /// Context switches, voluntary or not.
    pub fn switches(&self) -> Option<u64> {
        self.voluntary.zip(self.involuntary).map(|(a, b)| a + b)
    }

    /// The columns of the file, with the cells of this line.
    pub fn cells(&self) -> [(&'static str, String); 30] {
        let exact = |value: Option<f64>, decimals: usize| {
            value.map_or(String::new(), |value| format!("{value:.decimals$}"))
        };
        let seconds = |value| exact(value, 4);
        let whole = |value: Option<u64>| value.map_or(String::new(), |value| value.to_string());
        let interval = self.ratio_interval;
        [
            ("study", self.study.clone()),
            ("workload", self.workload.clone()),
            ("size", self.size.to_string()),
            ("rtt_s", self.rtt_s.map_or(String::new(), |rtt| rtt.to_string())),
            ("fault", self.fault.clone().unwrap_or_default()),
            ("program", self.program.clone()),
            ("model", self.model.clone()),
            ("sitting", self.sitting.to_string()),
            ("runs", whole(self.runs)),
            ("wall_median_s", seconds(self.wall_median_s)),
            ("limit_s", seconds(self.limit_s)),
            ("over_ms", exact(self.over_ms, 2)),
            ("ratio", exact(self.ratio, 4)),
            ("ratio_low", exact(interval.map(|interval| interval.low), 4)),
            ("ratio_high", exact(interval.map(|interval| interval.high), 4)),
            ("user_s", seconds(self.user_s)),
            ("system_s", seconds(self.system_s)),
            ("max_rss_kib", whole(self.max_rss_kib)),
            ("tree_pss_kib", whole(self.tree_pss_kib)),
            ("processes", whole(self.processes)),
            ("threads", whole(self.threads)),
            ("in_flight", whole(self.in_flight)),
            ("voluntary", whole(self.voluntary)),
            ("involuntary", whole(self.involuntary)),
            ("syscalls", whole(self.syscalls)),
            ("round_trips", exact(self.round_trips, 2)),
            ("lab_cpu_s", seconds(self.lab_cpu_s)),
            ("half_s", seconds(self.half_s)),
            ("most_s", seconds(self.most_s)),
            ("status", self.status.clone()),
        ]
    }
}

/// The text of `measurements.csv`.
///
/// # Errors
/// None but those of the writer.
pub fn csv<'a>(measurements: impl IntoIterator<Item = &'a Measurement>) -> Result<String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(Measurement::default().cells().map(|(name, _)| name))?;
    for measurement in measurements {
        writer.write_record(measurement.cells().map(|(_, cell)| cell))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}

/// Why a run that ended does not count.
fn failure(workload: &Workload, ran: &Ran) -> Option<String> {
    let failed = workload.fault.as_ref().filter(|fault| fault.fails).map_or(0, |fault| fault.sick);
    ran.runs.iter().find_map(|run| {
        if let Some(signal) = run.signal() {
            return Some(format!("ended by signal {signal}"));
        }
        if run.exit_code != u8::from(failed > 0) {
            return Some(format!("exit code {}", run.exit_code));
        }
        let line = &run.last_line;
        let all = format!("{} ok, {failed} failed in ", workload.size - failed);
        // What is only timed is not read.
        (run.kind == Kind::Observed && !line.starts_with(&all)).then(|| format!("its last line is {line:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_empty() {
        let row = Measurement {
            study: "bench".to_owned(),
            workload: "db".to_owned(),
            size: 500,
            program: "db-glommio".to_owned(),
            model: "glommio".to_owned(),
            sitting: 1,
            limit_s: Some(0.1),
            status: "skipped: io_uring is disabled, says the kernel".to_owned(),
            ..Measurement::default()
        };
        let text = csv([&row]).unwrap();
        assert!(text.starts_with("study,workload,size,rtt_s,fault,program,model,sitting,"), "{text}");
        assert!(text.contains("\nbench,db,500,,,db-glommio,glommio,1,,,0.1000,,"), "{text}");
        assert!(text.ends_with(",\"skipped: io_uring is disabled, says the kernel\"\n"), "{text}");
    }
}
