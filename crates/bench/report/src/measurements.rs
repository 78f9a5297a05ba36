//! `measurements.csv`: every figure, and the one source of everything that is made after it.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    raw::{Ran, Raw},
    stats,
    workload::{Row, Workload},
};

/// The columns, in order.
pub const COLUMNS: [&str; 24] = [
    "workload",
    "size",
    "program",
    "model",
    "at_once",
    "runs",
    "wall_median_s",
    "wall_mad_s",
    "wall_min_s",
    "wall_max_s",
    "limit_s",
    "effective_concurrency",
    "user_s",
    "system_s",
    "cpu_percent",
    "max_rss_kib",
    "tree_pss_kib",
    "voluntary",
    "involuntary",
    "minor_faults",
    "major_faults",
    "syscalls",
    "lab_cpu_s",
    "status",
];

/// One row. What was not measured is `None`. Times in seconds, memory in KiB.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "DESIGN.md and the table's notes name the columns")]
pub struct Measurement {
    pub workload: String,
    pub size: u64,
    pub program: String,
    pub model: String,
    /// As seen in flight.
    pub at_once: Option<u64>,
    pub runs: Option<u64>,
    pub wall_median_s: Option<f64>,
    pub wall_mad_s: Option<f64>,
    pub wall_min_s: Option<f64>,
    pub wall_max_s: Option<f64>,
    /// Empty where what an item waits is not known.
    pub limit_s: Option<f64>,
    /// `size * latency / wall`.
    pub effective_concurrency: Option<f64>,
    pub user_s: Option<f64>,
    pub system_s: Option<f64>,
    /// `100 * (user + system) / wall`.
    pub cpu_percent: Option<f64>,
    pub max_rss_kib: Option<u64>,
    pub tree_pss_kib: Option<u64>,
    pub voluntary: Option<u64>,
    pub involuntary: Option<u64>,
    pub minor_faults: Option<u64>,
    pub major_faults: Option<u64>,
    pub syscalls: Option<u64>,
    pub lab_cpu_s: Option<f64>,
    pub status: String,
}

impl Measurement {
    /// The figures of one row of the matrix.
    pub fn new(workload: &Workload, row: &Row, raw: &Raw) -> Self {
        let empty = Measurement {
            workload: workload.name.clone(),
            size: workload.size,
            program: row.program.clone(),
            model: row.model.clone(),
            limit_s: workload.limited.then_some(row.limit_s),
            ..Self::default()
        };
        match raw {
            Raw::Status(status) => Measurement { status: status.clone(), ..empty },
            Raw::Ran(ran) => match failure(workload, ran) {
                Some(reason) => Measurement { status: format!("failed: {reason}"), ..empty },
                None => empty.with(workload, ran),
            },
        }
    }

    fn with(self, workload: &Workload, ran: &Ran) -> Self {
        let observed = &ran.observed;
        let column = |value: fn(&crate::raw::Run) -> f64| ran.runs.iter().map(value).collect::<Vec<f64>>();
        // Without rounds the observed run is the timing too.
        let (walls, user, system) = if ran.runs.is_empty() {
            let rounds = ran.rounds.iter().map(|round| round.wall_s);
            (
                std::iter::once(observed.wall_s).chain(rounds).collect(),
                Some(observed.user_s),
                Some(observed.system_s),
            )
        } else {
            let (user, system) = (column(|run| run.user), column(|run| run.system));
            (column(|run| run.wall), stats::median(&user), stats::median(&system))
        };
        let wall = stats::median(&walls);
        let cpu = user.zip(system).map(|(user, system)| user + system);
        Measurement {
            at_once: observed.lab.as_ref().map(|lab| lab.max_in_flight).or(observed.in_flight),
            runs: Some(walls.len() as u64),
            wall_median_s: wall,
            wall_mad_s: stats::mad(&walls),
            wall_min_s: walls.iter().copied().reduce(f64::min),
            wall_max_s: walls.iter().copied().reduce(f64::max),
            effective_concurrency: wall
                .filter(|_| workload.limited)
                .map(|wall| workload.size as f64 * workload.latency_s / wall),
            user_s: user,
            system_s: system,
            cpu_percent: cpu.zip(wall).map(|(cpu, wall)| 100.0 * cpu / wall),
            max_rss_kib: Some(ran.time.max_rss_kib),
            tree_pss_kib: Some(observed.peak_pss_kib),
            voluntary: Some(ran.time.voluntary),
            involuntary: Some(ran.time.involuntary),
            minor_faults: Some(ran.time.minor_faults),
            major_faults: Some(ran.time.major_faults),
            syscalls: ran.syscalls,
            lab_cpu_s: observed.lab.as_ref().map(|lab| lab.cpu_s),
            status: "ok".to_owned(),
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

    /// Wall ÷ limit.
    pub fn over_limit(&self) -> Option<f64> {
        self.wall_median_s.zip(self.limit_s).map(|(wall, limit)| wall / limit)
    }

    /// Whether it is one of the articles' own programs.
    pub fn is_python(&self) -> bool {
        self.program.split(' ').next().is_some_and(|file| file.ends_with(".py"))
    }

    /// User and system CPU time in seconds.
    pub fn cpu_s(&self) -> Option<f64> {
        self.user_s.zip(self.system_s).map(|(user, system)| user + system)
    }

    /// PSS of the tree in KiB.
    pub fn pss_kib(&self) -> Option<f64> {
        self.tree_pss_kib.map(|kib| kib as f64)
    }

    /// Voluntary and involuntary context switches.
    pub fn switches(&self) -> Option<u64> {
        self.voluntary.zip(self.involuntary).map(|(a, b)| a + b)
    }

    fn record(&self) -> [String; 24] {
        let whole = |value: Option<u64>| value.map_or(String::new(), |value| value.to_string());
        let fixed =
            |value: Option<f64>, decimals: usize| value.map_or(String::new(), |v| format!("{v:.decimals$}"));
        [
            self.workload.clone(),
            self.size.to_string(),
            self.program.clone(),
            self.model.clone(),
            whole(self.at_once),
            whole(self.runs),
            fixed(self.wall_median_s, 4),
            fixed(self.wall_mad_s, 4),
            fixed(self.wall_min_s, 4),
            fixed(self.wall_max_s, 4),
            fixed(self.limit_s, 4),
            fixed(self.effective_concurrency, 2),
            fixed(self.user_s, 4),
            fixed(self.system_s, 4),
            fixed(self.cpu_percent, 1),
            whole(self.max_rss_kib),
            whole(self.tree_pss_kib),
            whole(self.voluntary),
            whole(self.involuntary),
            whole(self.minor_faults),
            whole(self.major_faults),
            whole(self.syscalls),
            fixed(self.lab_cpu_s, 4),
            self.status.clone(),
        ]
    }
}

/// Why a run that ended does not count.
fn failure(workload: &Workload, ran: &Ran) -> Option<String> {
    let failed = workload.fault.as_ref().filter(|fault| fault.fails).map_or(0, |fault| fault.sick);
    std::iter::once(&ran.observed).chain(&ran.rounds).find_map(|observed| {
        match observed.exit_code {
            Some(code) if code == i32::from(failed > 0) => {}
            Some(code) => return Some(format!("exit code {code}")),
            None => return Some("ended by a signal".to_owned()),
        }
        let line = &observed.last_line;
        let all = format!("{} ok, {failed} failed in ", workload.size - failed);
        (!line.starts_with(&all)).then(|| format!("its last line is {line:?}"))
    })
}

/// Rows as CSV.
///
/// # Errors
/// None but those of the writer.
pub fn write(rows: &[Measurement]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(row.record())?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}

/// Rows of another file as CSV, with the names of their fields as columns.
///
/// # Errors
/// None but those of the writer.
pub fn serialize(rows: impl Iterator<Item: Serialize>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?)
}

/// Rows from CSV.
///
/// # Errors
/// Other columns than [`COLUMNS`] or a field that is none.
pub fn read(text: &str) -> Result<Vec<Measurement>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().context("no header")?;
    ensure!(headers == COLUMNS.as_slice(), "its columns are not those of version {}", crate::SCHEMA);
    Ok(reader.deserialize().collect::<csv::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_empty() {
        let row = Measurement {
            workload: "db".to_owned(),
            size: 500,
            program: "db-glommio".to_owned(),
            model: "glommio".to_owned(),
            limit_s: Some(0.1),
            status: "skipped: io_uring is disabled".to_owned(),
            ..Measurement::default()
        };
        let text = write(std::slice::from_ref(&row)).unwrap();
        assert!(text.ends_with(
            "\ndb,500,db-glommio,glommio,,,,,,,0.1000,,,,,,,,,,,,,skipped: io_uring is disabled\n"
        ));
        assert_eq!(read(&text).unwrap(), [row]);
    }
}
