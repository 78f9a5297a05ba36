//! When each item began and ended: `--trace FILE`.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bench_data::trace::Item;

use crate::stats::Workload;

/// When an item began and ended.
pub struct Span {
    pub workload: Workload,
    pub item: String,
    pub begin: Instant,
    pub end: Instant,
}

/// Writes the items of a connection when it is closed. A reset begins the file anew.
pub struct Trace {
    /// Nothing after a write that failed.
    file: Mutex<Option<csv::Writer<File>>>,
    /// The same moment on two clocks: one that only goes on, and the system's.
    start: (Instant, SystemTime),
    /// Items that ended before are not written.
    since: Mutex<Instant>,
}

impl Trace {
    /// Writes to this file, which becomes empty.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let start = (Instant::now(), SystemTime::now());
        Ok(Self { file: Some(csv::Writer::from_writer(file)).into(), start, since: start.0.into() })
    }

    /// Begins anew.
    pub fn reset(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.change(|lines| {
            let Some(mut file) = lines.take().map(csv::Writer::into_inner).transpose()? else {
                return Ok(());
            };
            file.rewind()?;
            file.set_len(0)?;
            *lines = Some(csv::Writer::from_writer(file)); // which writes the names of the columns
            Ok(())
        });
    }

    /// Writes the items of a connection that was accepted then and is closed now.
    pub fn write(&self, accepted: Instant, spans: Vec<Span>) {
        let closed = Instant::now();
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.change(|lines| {
            let Some(file) = lines else { return Ok(()) };
            for Span { workload, item, begin, end } in spans.into_iter().filter(|span| span.end >= since) {
                let workload = ["db", "web", "prices"][workload as usize].to_owned();
                let [accepted_s, begin_s, end_s, closed_s] =
                    [accepted, begin, end, closed].map(|moment| self.seconds(moment));
                file.serialize(Item {
                    workload,
                    item,
                    accepted_s,
                    begin_s,
                    end_s,
                    closed_s: Some(closed_s),
                })?;
            }
            Ok(file.flush()?)
        });
    }

    fn change(&self, change: impl FnOnce(&mut Option<csv::Writer<File>>) -> Result<()>) {
        let mut lines = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = change(&mut lines) {
            eprintln!("bench-lab: the trace ends here: {error:#}");
            *lines = None;
        }
    }

    /// Seconds of the system's clock, to the microsecond.
    fn seconds(&self, moment: Instant) -> f64 {
        let (start, clock) = self.start;
        let since = (clock + moment.saturating_duration_since(start)).duration_since(UNIX_EPOCH);
        (since.unwrap_or_default().as_secs_f64() * 1e6).round() / 1e6
    }
}
