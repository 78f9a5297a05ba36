//! When each item began and ended, for the timelines: `--trace FILE`.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use bench_data::trace::Item;

/// Writes each item's line when it ends. A reset begins the file anew.
pub struct Trace(Mutex<Lines>);

struct Lines {
    /// Nothing after a write that failed.
    file: Option<csv::Writer<File>>,
    /// When the first connection was accepted.
    first: Option<Instant>,
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
        Ok(Self(Lines { file: Some(csv::Writer::from_writer(file)), first: None }.into()))
    }

    /// Begins anew.
    pub fn reset(&self) {
        self.write(|lines| {
            lines.first = None;
            let Some(mut file) = lines.file.take().map(csv::Writer::into_inner).transpose()? else {
                return Ok(());
            };
            file.rewind()?;
            file.set_len(0)?;
            lines.file = Some(csv::Writer::from_writer(file)); // which writes the names of the columns
            Ok(())
        });
    }

    /// Notes that a connection was accepted.
    pub fn accepted(&self, accepted: Instant) {
        self.write(|lines| {
            lines.first.get_or_insert(accepted);
            Ok(())
        });
    }

    /// Notes that an item begins now, on a connection that was accepted then.
    pub fn begin(&self, workload: &'static str, item: String, accepted: Instant) -> Traced<'_> {
        Traced { trace: self, workload, item, accepted, begin: Instant::now() }
    }

    fn write(&self, change: impl FnOnce(&mut Lines) -> Result<()>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = change(&mut lines) {
            eprintln!("bench-lab: the trace ends here: {error:#}");
            lines.file = None;
        }
    }
}

impl Drop for Traced<'_> {
    fn drop(&mut self) {
        let end = Instant::now();
        self.trace.write(|lines| {
            let first = lines.first.unwrap_or(self.accepted);
            let Some(file) = &mut lines.file else { return Ok(()) };
            // To the microsecond. Nothing is before the first connection but what a reset found in flight.
            let seconds =
                |at: Instant| (at.saturating_duration_since(first).as_secs_f64() * 1e6).round() / 1e6;
            file.serialize(Item {
                workload: self.workload.to_owned(),
                item: std::mem::take(&mut self.item),
                accepted_s: seconds(self.accepted),
                begin_s: seconds(self.begin),
                end_s: seconds(end),
            })?;
            Ok(file.flush()?)
        });
    }
}
