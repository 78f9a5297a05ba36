//! Shared by all web programs: arguments, the pages to download, and the outcome of each. Nothing here knows an HTTP
//! client or a concurrency model.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
pub use tally::{catch_panic, catch_panic_async};
pub use url::Url;

/// The arguments that all web programs have.
#[derive(clap::Args)]
#[group(skip)] // its name would be that of each program's own `Args`
pub struct Args {
    /// Pages, as http://host:port/path
    #[arg(value_name = "URL", required = true, value_parser = page)]
    pub urls: Vec<Url>,
    /// How long a page may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    pub timeout: Duration,
}

impl Args {
    /// Counts and prints the sizes of these pages.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn tally(&self) -> Result<Tally> {
        let items = tally::Tally::new(&self.urls, self.timeout)?;
        Ok(Tally { items, start: Instant::now(), size: Arc::default() })
    }
}

/// Prints and counts the outcomes of the downloads, and adds up their sizes. Clones count together.
#[derive(Clone)]
pub struct Tally {
    items: tally::Tally,
    start: Instant,
    size: Arc<AtomicUsize>,
}

impl Tally {
    /// Prints that a download starts.
    pub fn start(&self, url: &Url) {
        self.items.print(format_args!("Starting download: {url}"));
    }

    /// Whether a download has reported nothing yet.
    pub fn is_waiting(&self) -> bool {
        self.items.is_waiting()
    }

    /// Prints a download's outcome: the page's size in bytes, or the cause of its failure.
    pub fn report(&self, url: &Url, size: Result<usize>) {
        self.size.fetch_add(*size.as_ref().unwrap_or(&0), Relaxed);
        self.items.report(url, size.map(|size| format!("Finished download: {url}, size: {size} bytes")));
    }

    /// Prints that a download's time is over.
    pub fn timed_out(&self, url: &Url) {
        self.items.timed_out(url);
    }

    /// Prints the totals and the last line, and ends the program with its exit code.
    pub fn exit(&self) -> ! {
        self.items.print(format_args!("Total run time: {:.2} s", self.start.elapsed().as_secs_f64()));
        self.items.print(format_args!("Total size: {} bytes", self.size.load(Relaxed)));
        self.items.exit()
    }
}

/// Checks a page's URL, more strictly than the clients do.
fn page(text: &str) -> Result<Url> {
    let url: Url = text.parse()?;
    ensure!(url.scheme() == "http", "not an http:// URL; no TLS is built in");
    Ok(url)
}
