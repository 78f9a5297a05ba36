//! What the command prints. It goes into memory, not through a pipe: no thread has to wake up for it, and processes that
//! the command leaves running hold nothing up.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::fs::{MemfdFlags, memfd_create};

pub struct Output(File);

/// How lines of output begin that tell that an item starts, and that it ends.
pub type Prefixes = (String, String);

impl Output {
    pub fn create() -> Result<Self> {
        let file =
            memfd_create("output", MemfdFlags::CLOEXEC).context("no memory for the command's output")?;
        Ok(Self(file.into()))
    }

    pub fn stdout(&self) -> Result<Stdio> {
        Ok(self.0.try_clone().context("no memory for the command's output")?.into())
    }

    /// The last line, and the highest number of items in flight where prefixes tell it. Bytes that are no UTF-8 are
    /// replaced.
    pub fn read(mut self, prefixes: Option<&Prefixes>) -> Result<(String, Option<u64>)> {
        self.0.rewind()?;
        let (mut last, mut in_flight, mut peak) = (String::new(), 0_u64, 0);
        for line in BufReader::new(self.0).split(b'\n') {
            last = String::from_utf8_lossy(line?.trim_ascii_end()).into_owned();
            if let Some((started, finished)) = prefixes {
                in_flight += u64::from(last.starts_with(started));
                in_flight = in_flight.saturating_sub(u64::from(last.starts_with(finished)));
                peak = peak.max(in_flight);
            }
        }
        Ok((last, prefixes.map(|_| peak)))
    }
}
