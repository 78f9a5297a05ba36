//! `measurements.csv`: every figure of every study in one tidy table, and the one source of everything that is made
//! after it. One row for each program of a workload, size, fault and network, and for each sitting.

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    raw::{Ran, Raw},
    results::Sitting,
    rounds::Round,
    runs::{Kind, Run},
    stats::{self, Ratio},
    workload::{Row, Workload},
};

/// One row. What was not measured is `None`, and empty in the file. Times in seconds, memory in KiB.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// What measured it: `bench`, `scale`, …
    pub study: String,
    /// `db`, `web`, …
    pub workload: String,
    /// Number of items.
    pub size: u64,
    /// Round-trip time of the network that the lab played.
    pub rtt_s: Option<f64>,
    /// What was wrong with some of the items.
    pub fault: Option<String>,
    /// Name and extra arguments.
    pub program: String,
    /// Which way of waiting.
    pub model: String,
    /// Number of the sitting, from 1.
    pub sitting: u32,
    /// Items in flight that the model allows.
    pub at_once: u64,
    /// Peak number of items in flight, as the server counted or the output shows.
    pub in_flight: Option<u64>,
    /// Timed runs.
    pub runs: Option<u64>,
    /// Median wall time.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub wall_median_s: Option<f64>,
    /// Shortest wall time.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub wall_min_s: Option<f64>,
    /// Longest wall time.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub wall_max_s: Option<f64>,
    /// Wall time ÷ that of the reference in the same rounds: Hodges-Lehmann.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub ratio: Option<f64>,
    /// Lower end of its 95 % interval; empty with fewer rounds than a verdict takes.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub ratio_low: Option<f64>,
    /// Upper end.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub ratio_high: Option<f64>,
    /// `faster`, `slower`, `none` (no difference shown), or empty where there is no verdict.
    pub verdict: Option<String>,
    /// Least wall time that the model allows; empty where what an item waits is not known.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub limit_s: Option<f64>,
    /// `size * latency / wall`: average number of items waiting.
    #[serde(serialize_with = "decimals::<2, _>")]
    pub effective_concurrency: Option<f64>,
    /// Median user CPU time.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub user_s: Option<f64>,
    /// Median system CPU time.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub system_s: Option<f64>,
    /// `100 * (user + system) / wall`.
    #[serde(serialize_with = "decimals::<1, _>")]
    pub cpu_percent: Option<f64>,
    /// Observed runs that memory and counters are the medians of.
    pub observed: Option<u64>,
    /// Max RSS of the largest process: median, least, most.
    pub max_rss_kib: Option<u64>,
    /// Least of the observed runs.
    pub max_rss_min_kib: Option<u64>,
    /// Most of the observed runs.
    pub max_rss_max_kib: Option<u64>,
    /// Peak PSS of the process tree: median, least, most.
    pub tree_pss_kib: Option<u64>,
    /// Least of the observed runs.
    pub tree_pss_min_kib: Option<u64>,
    /// Most of the observed runs.
    pub tree_pss_max_kib: Option<u64>,
    /// Most processes at a time.
    pub processes: Option<u64>,
    /// Voluntary context switches.
    pub voluntary: Option<u64>,
    /// Involuntary context switches.
    pub involuntary: Option<u64>,
    /// Minor page faults.
    pub minor_faults: Option<u64>,
    /// Major page faults.
    pub major_faults: Option<u64>,
    /// System calls.
    pub syscalls: Option<u64>,
    /// How often an item waits for the other side, as the lab counted.
    #[serde(serialize_with = "decimals::<2, _>")]
    pub round_trips: Option<f64>,
    /// CPU time of the lab or the server.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub lab_cpu_s: Option<f64>,
    /// Connects that found the queue of a listener full.
    pub listen_drops: Option<u64>,
    /// Items that were answered.
    pub ok: Option<u64>,
    /// Items that failed, where some are sick.
    pub failed: Option<u64>,
    /// Median time until half of the healthy items were answered, as the lab saw it.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub half_s: Option<f64>,
    /// The same for 99 %.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub most_s: Option<f64>,
    /// Median time that the interpreter and its imports take alone.
    #[serde(serialize_with = "decimals::<4, _>")]
    pub start_s: Option<f64>,
    /// `ok`, or `skipped: …` or `failed: …` with the reason.
    pub status: String,
}

impl Measurement {
    /// The figures of one row of the matrix in one sitting. The first sitting has the observed runs, too.
    pub fn new(workload: &Workload, row: &Row, raw: &Raw, sitting: &Sitting, first: bool) -> Self {
        let rounds = &sitting.rounds;
        let empty = Measurement {
            study: workload.study.clone(),
            workload: workload.name.clone(),
            size: workload.size,
            rtt_s: workload.rtt_s,
            fault: workload.fault.as_ref().map(|fault| fault.name.clone()),
            program: row.program.clone(),
            model: row.model.clone(),
            sitting: sitting.number,
            at_once: row.at_once,
            limit_s: workload.limited.then_some(row.limit_s),
            ..Self::default()
        };
        match raw {
            Raw::Status(status) => Measurement { status: status.clone(), ..empty },
            Raw::Ran(ran) => match failure(workload, ran) {
                Some(reason) => Measurement { status: format!("failed: {reason}"), ..empty },
                None if first => empty.timed(workload, row, ran, rounds).seen(workload, ran),
                None => empty.timed(workload, row, ran, rounds),
            },
        }
    }

    /// Wall and CPU time: of the rounds, or where there are none of the observed runs.
    fn timed(self, workload: &Workload, row: &Row, ran: &Ran, rounds: &[Round]) -> Self {
        let own: Vec<&Round> = rounds.iter().filter(|round| round.slug == row.slug).collect();
        let (walls, user, system): (Vec<f64>, Vec<f64>, Vec<f64>) = if own.is_empty() {
            let of = |value: fn(&Run) -> Option<f64>| ran.runs.iter().filter_map(value).collect();
            (of(|run| run.wall_s), of(|run| run.user_s), of(|run| run.system_s))
        } else {
            let of = |value: fn(&Round) -> f64| own.iter().map(|round| value(round)).collect();
            (of(|round| round.wall_s), of(|round| round.user_s), of(|round| round.system_s))
        };
        let (wall, user, system) = (stats::median(&walls), stats::median(&user), stats::median(&system));
        let cpu = user.zip(system).map(|(user, system)| user + system);
        Measurement {
            runs: Some(walls.len() as u64),
            wall_median_s: wall,
            wall_min_s: walls.iter().copied().reduce(f64::min),
            wall_max_s: walls.iter().copied().reduce(f64::max),
            effective_concurrency: wall
                .filter(|_| workload.limited)
                .map(|wall| workload.size as f64 * workload.latency_s / wall),
            user_s: user,
            system_s: system,
            cpu_percent: cpu.zip(wall).map(|(cpu, wall)| 100.0 * cpu / wall),
            status: "ok".to_owned(),
            ..self
        }
    }

    /// Memory and counters, of the observed runs.
    fn seen(self, workload: &Workload, ran: &Ran) -> Self {
        let observed = || ran.runs.iter().filter(|run| run.kind == Kind::Observed);
        let seen =
            |value: fn(&Run) -> Option<f64>| stats::median(&observed().filter_map(value).collect::<Vec<_>>());
        let whole = |value: fn(&Run) -> Option<u64>| middle(observed().filter_map(value));
        let rss = || observed().filter_map(|run| run.max_rss_kib);
        let pss = || observed().filter_map(|run| run.peak_pss_kib);
        let failed = workload.fault.as_ref().filter(|fault| fault.fails).map_or(0, |fault| fault.sick);
        Measurement {
            in_flight: whole(|run| run.in_flight),
            observed: Some(observed().count() as u64),
            max_rss_kib: middle(rss()),
            max_rss_min_kib: rss().min(),
            max_rss_max_kib: rss().max(),
            tree_pss_kib: middle(pss()),
            tree_pss_min_kib: pss().min(),
            tree_pss_max_kib: pss().max(),
            processes: observed().filter_map(|run| run.peak_processes).max(),
            voluntary: whole(|run| run.voluntary),
            involuntary: whole(|run| run.involuntary),
            minor_faults: whole(|run| run.minor_faults),
            major_faults: whole(|run| run.major_faults),
            syscalls: ran.syscalls,
            round_trips: seen(|run| Some(run.round_trips? as f64)).map(|trips| trips / workload.size as f64),
            lab_cpu_s: seen(|run| run.server_cpu_s),
            listen_drops: seen(|run| Some(run.listen_drops? as f64)).map(|drops| drops.round() as u64),
            ok: Some(workload.size - failed),
            failed: workload.fault.as_ref().map(|_| failed),
            half_s: seen(|run| run.half_s),
            most_s: seen(|run| run.most_s),
            start_s: ran.start_s,
            ..self
        }
    }

    /// Takes a ratio to the reference.
    pub fn judge(&mut self, ratio: &Ratio) {
        self.ratio = Some(ratio.estimate);
        self.ratio_low = ratio.interval.map(|interval| interval.low);
        self.ratio_high = ratio.interval.map(|interval| interval.high);
    }

    /// `ok`, `skipped` or `failed`.
    pub fn outcome(&self) -> &str {
        self.status.split(':').next().unwrap_or_default()
    }

    /// Whether there are figures.
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }

    /// Wall ÷ limit.
    pub fn over_limit(&self) -> Option<f64> {
        self.wall_median_s.zip(self.limit_s).map(|(wall, limit)| wall / limit)
    }

    /// User and system CPU time in seconds.
    pub fn cpu_s(&self) -> Option<f64> {
        self.user_s.zip(self.system_s).map(|(user, system)| user + system)
    }

    /// Voluntary and involuntary context switches.
    pub fn switches(&self) -> Option<u64> {
        self.voluntary.zip(self.involuntary).map(|(a, b)| a + b)
    }
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

/// The median of whole numbers, rounded.
fn middle(values: impl Iterator<Item = u64>) -> Option<u64> {
    let values: Vec<f64> = values.map(|value| value as f64).collect();
    stats::median(&values).map(|median| median.round() as u64)
}

/// A fixed number of decimals, so that files differ only where figures do.
fn decimals<const N: usize, S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(&format_args!("{value:.N$}")),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    #[test]
    fn what_was_not_measured_is_empty_and_read_back_as_that() {
        let row = Measurement {
            study: "bench".to_owned(),
            workload: "db".to_owned(),
            size: 500,
            program: "db-glommio".to_owned(),
            model: "glommio".to_owned(),
            sitting: 1,
            at_once: 500,
            limit_s: Some(0.1),
            status: "skipped: io_uring is disabled, says the kernel".to_owned(),
            ..Measurement::default()
        };
        let text = files::to_csv([&row]).unwrap();
        assert!(text.starts_with("study,workload,size,rtt_s,fault,program,model,sitting,"), "{text}");
        assert!(text.contains("\nbench,db,500,,,db-glommio,glommio,1,500,,,,,,,,,,0.1000,"), "{text}");
        assert_eq!(files::rows::<Measurement>(&text).unwrap(), [row]);
    }
}
