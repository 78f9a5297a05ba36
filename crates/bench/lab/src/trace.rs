//! When each item began and ended, for the timelines: `--trace FILE`.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bench_data::trace::Item;

/// Writes each item's line when it ends. A reset begins the file anew.
pub struct Trace {
    /// Nothing after a write that failed.
    file: Mutex<Option<csv::Writer<File>>>,
    /// The same moment on two clocks: one that only goes on, and the system's.
    start: (Instant, SystemTime),
}

/// An item in flight, whose line is written when this is dropped.
pub struct Traced<'a> {
    trace: &'a Trace,
    workload: &'static str,
    item: String,
    accepted: Instant,
    begin: Instant,
}

impl Trace {
    /// Writes to this file, which becomes empty.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let start = (Instant::now(), SystemTime::now());
        Ok(Self { file: Some(csv::Writer::from_writer(file)).into(), start })
    }

    /// Begins anew.
    pub fn reset(&self) {
        self.write(|lines| {
            let Some(mut file) = lines.take().map(csv::Writer::into_inner).transpose()? else {
                return Ok(());
            };
            file.rewind()?;
            file.set_len(0)?;
            *lines = Some(csv::Writer::from_writer(file)); // which writes the names of the columns
            Ok(())
        });
    }

    /// Notes that an item begins now, on a connection that was accepted then.
    pub fn begin(&self, workload: &'static str, item: String, accepted: Instant) -> Traced<'_> {
        Traced { trace: self, workload, item, accepted, begin: Instant::now() }
    }

    fn write(&self, change: impl FnOnce(&mut Option<csv::Writer<File>>) -> Result<()>) {
        let mut lines = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = change(&mut lines) {
            eprintln!("bench-lab: the trace ends here: {error:#}");
            *lines = None;
        }
    }

    /// Seconds of the system's clock, to the microsecond.
    fn seconds(&self, at: Instant) -> f64 {
        let (start, clock) = self.start;
        let since = (clock + at.saturating_duration_since(start)).duration_since(UNIX_EPOCH);
        (since.unwrap_or_default().as_secs_f64() * 1e6).round() / 1e6
    }
}

impl Drop for Traced<'_> {
    fn drop(&mut self) {
        let end = Instant::now();
        self.trace.write(|lines| {
            let Some(file) = lines else { return Ok(()) };
            file.serialize(Item {
                workload: self.workload.to_owned(),
                item: std::mem::take(&mut self.item),
                accepted_s: self.trace.seconds(self.accepted),
                begin_s: self.trace.seconds(self.begin),
                end_s: self.trace.seconds(end),
            })?;
            Ok(file.flush()?)
        });
    }
}
