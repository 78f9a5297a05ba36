//! When each item began and ended: `--trace FILE`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bench_data::trace::Item;

pub struct Trace {
    path: PathBuf,
    file: csv::Writer<File>,
    /// The same moment on two clocks: a monotonic one, and the system's. Items that ended before are not written.
    start: (Instant, SystemTime),
}

impl Trace {
    /// Writes to this file, which becomes empty.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let start = (Instant::now(), SystemTime::now());
        Ok(Self { path: path.to_owned(), file: csv::Writer::from_writer(file), start })
    }

    pub fn reset(&mut self) -> Result<()> {
        *self = Self::create(&self.path)?;
        Ok(())
    }

    /// Writes the items of a connection that has just closed.
    pub fn write(&mut self, items: Vec<Item>) -> Result<()> {
        let (start_s, closed_s) = (self.seconds(self.start.0), Some(self.seconds(Instant::now())));
        for item in items.into_iter().filter(|item| item.end_s >= start_s) {
            self.file.serialize(Item { closed_s, ..item })?;
        }
        Ok(self.file.flush()?)
    }

    /// Seconds of the system's clock, to the microsecond.
    pub fn seconds(&self, moment: Instant) -> f64 {
        let (start, clock) = self.start;
        let since = (clock + moment.saturating_duration_since(start)).duration_since(UNIX_EPOCH);
        (since.unwrap_or_default().as_secs_f64() * 1e6).round() / 1e6
    }
}
