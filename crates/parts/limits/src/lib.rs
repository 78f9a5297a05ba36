//! Checks requested limits against what the machine allows. A limit that is too high is reported in one line, with its
//! remedy, before the program runs into it.

use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::{fs, thread, time::Duration};

use anyhow::{Result, anyhow, ensure};

/// File descriptors besides those of the items: standard streams, event loops, the kernel's timers.
const SPARE_FILES: usize = 20;

/// Parses a time in seconds; zero would mean never, and too much overflows a clock.
///
/// # Errors
/// When it is no number, not more than 0, or more than a day.
pub fn seconds(text: &str) -> Result<Duration> {
    let time = Duration::try_from_secs_f64(text.parse()?)?;
    ensure!(!time.is_zero() && time <= Duration::from_hours(24), "must be more than 0, and a day at most");
    Ok(time)
}

/// The number of items, out of `total`, in flight at once: `concurrency`, or all.
pub fn at_once(concurrency: impl Into<Option<NonZeroUsize>>, total: usize) -> usize {
    concurrency.into().map_or(total, NonZeroUsize::get).min(total)
}

/// The number of connections, out of `total`, open at once: `concurrency`, or all. Each needs a file descriptor: raises
/// the soft limit on them to the hard one.
///
/// # Errors
/// When the hard limit is too low.
pub fn allow_connections(concurrency: impl Into<Option<NonZeroUsize>>, total: usize) -> Result<usize> {
    let at_once = at_once(concurrency, total);
    open_files(at_once, "connections", at_once + SPARE_FILES)?;
    Ok(at_once)
}

/// The number of worker processes for `total` items: at most `concurrency`. Each needs two file descriptors, for the
/// pipes: raises the soft limit on them to the hard one.
///
/// # Errors
/// When the hard limit is too low.
pub fn allow_processes(concurrency: NonZeroUsize, total: usize) -> Result<usize> {
    let at_once = concurrency.get().min(total);
    open_files(at_once, "worker processes", 2 * at_once + SPARE_FILES)?;
    Ok(at_once)
}

fn open_files(count: usize, what: &str, need: usize) -> Result<()> {
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    ensure!(
        limit >= need as u64,
        "{count} {what} need {need} file descriptors, the hard limit is {limit}: \
         raise it (`ulimit -Hn {need}` as root) or lower --concurrency"
    );
    Ok(())
}

/// Parses a number of threads. Each takes 4 memory maps, and std aborts when there are none left.
///
/// # Errors
/// When it is no number, 0, or more than the machine has memory maps for.
pub fn threads(text: &str) -> Result<NonZeroUsize> {
    let threads: NonZeroUsize = text.parse()?;
    let most = memory_maps()? / 4;
    ensure!(threads.get() <= most, "at most {most}; raise sysctl vm.max_map_count");
    Ok(threads)
}

/// Checks a number of coroutines. Each takes 2 memory maps: its stack and the page that guards it.
///
/// # Errors
/// When the machine has too few memory maps for them.
pub fn coroutines(count: usize) -> Result<usize> {
    let most = memory_maps()? / 2;
    ensure!(count <= most, "{count} coroutines are too many: at most {most}; raise sysctl vm.max_map_count");
    Ok(count)
}

/// The memory maps that a process may have, less those that it needs anyway.
fn memory_maps() -> Result<usize> {
    let most: usize = fs::read_to_string("/proc/sys/vm/max_map_count")?.trim().parse()?;
    Ok(most.saturating_sub(1_200))
}

/// Runs a constructor of a pool or an event loop, which panics when the system starts no more threads.
///
/// # Errors
/// When it panics: the panic's message, which is not printed, or the remedy.
pub fn start<T>(threads: impl FnOnce() -> T) -> Result<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let started = panic::catch_unwind(AssertUnwindSafe(threads));
    panic::set_hook(hook);
    started.map_err(|panic| {
        let said = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
        match said.contains("Resource temporarily unavailable") {
            true => anyhow!(
                "the system starts no more threads: raise `ulimit -u`, pids.max or kernel.threads-max"
            ),
            false => anyhow!("{said}"),
        }
    })
}

/// The default number of worker processes: that of Python's ProcessPoolExecutor.
pub fn default_processes() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The default number of threads: that of Python's ThreadPoolExecutor.
pub fn default_threads() -> NonZeroUsize {
    let cpus = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(32.min(cpus + 4)).expect("more than 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_at_the_start_is_an_error_with_its_own_cause() {
        let error = |text: &'static str| {
            start(|| panic!("failed to spawn thread: {text}")).map(|()| 0).unwrap_err().to_string()
        };
        assert!(
            error("Resource temporarily unavailable").starts_with("the system starts no more threads: raise")
        );
        assert_eq!(error("Cannot allocate memory"), "failed to spawn thread: Cannot allocate memory");
        assert_eq!(start(|| 3).unwrap(), 3);
    }
}
