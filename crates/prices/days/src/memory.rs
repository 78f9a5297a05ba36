//! Writes a program's own memory over time to a file, as memory_profiler does for the programs of article 4.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The time between two samples.
const INTERVAL: Duration = Duration::from_millis(10);

/// Parses the name of the file for the samples, and makes that file.
///
/// # Errors
/// When the file cannot be made.
pub fn writable(file: &str) -> io::Result<PathBuf> {
    File::create(file)?;
    Ok(file.into())
}

/// Takes samples until it is dropped, and a last one then.
pub struct MemorySampler {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MemorySampler {
    /// Starts a thread that writes the resident set to a file every 10 ms, as one line `seconds,rss_bytes` per sample.
    ///
    /// # Errors
    /// When the file cannot be made, or the system starts no more threads. Later failures are reported on stderr.
    pub fn start(file: &Path) -> Result<Self> {
        let context = || format!("cannot write memory samples to {}", file.display());
        let mut samples = BufWriter::new(File::create(file).with_context(context)?);
        let file = PathBuf::from(file);
        let (stop, stopped) = mpsc::channel::<()>();
        let work = move || {
            let start = Instant::now();
            let mut write = || -> io::Result<()> {
                writeln!(samples, "seconds,rss_bytes")?;
                loop {
                    let last = stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Disconnected);
                    if let Some(memory) = memory_stats::memory_stats() {
                        writeln!(samples, "{:.4},{}", start.elapsed().as_secs_f64(), memory.physical_mem)?;
                    }
                    if last {
                        return samples.flush();
                    }
                }
            };
            if let Err(error) = write() {
                eprintln!("cannot write memory samples to {}: {error}", file.display());
            }
        };
        let thread = thread::Builder::new().name("memory-sampler".into()).spawn(work)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for MemorySampler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
