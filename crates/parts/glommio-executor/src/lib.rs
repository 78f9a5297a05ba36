//! The event loop of the glommio programs, and what they call by the names that tokio has for it.

use std::time::Duration;

use anyhow::{Result, anyhow};
use futures_lite::future;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement, task::JoinHandle, timer};
use io_uring::IoUring;
use rustix::thread::{MembarrierCommand, membarrier};

/// An event loop with less memory for file buffers than its 10 MiB, all of which it touches at the start. To be
/// called before the program has a second thread.
///
/// It looks for what has arrived only when no task can run, or after 100 ms: by then all of 500 hosts are being connected
/// to. A `preempt_timer` of 1 ms took 9 % off the wall time (20 paired rounds), but lost timers: programs hung.
///
/// # Errors
/// When the system has no io_uring, or too little memory may be locked.
pub fn executor() -> Result<LocalExecutor> {
    // glommio panics without io_uring: ask the kernel first.
    IoUring::new(1).map_err(io_uring_check::explain)?;
    // glommio does this at its first sleep, when its second thread makes it take 10 ms.
    membarrier(MembarrierCommand::RegisterPrivateExpedited)?;
    let builder = LocalExecutorBuilder::new(Placement::Unbound).io_memory(64 << 10);
    limits::start(|| builder.make())?
        .map_err(|error| anyhow!("no event loop: {error}; if locked memory is short: ulimit -l 512"))
}

/// Spawns a task on this loop, and runs it at once up to its first wait. `glommio::Task` would cancel it when dropped.
pub fn spawn<T: 'static>(task: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    glommio::spawn_local(task).detach()
}

/// Lets the other tasks go on.
pub async fn yield_now() {
    glommio::executor().yield_now().await;
}

/// The time was over before the future.
#[derive(Debug)]
pub struct Elapsed;

/// Waits for a future, but no longer than this, as `tokio::time::timeout` does.
///
/// # Errors
/// When the time is over first. The future is dropped then, and with it what it has opened.
pub async fn timeout<T>(duration: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    let late = async {
        timer::sleep(duration).await;
        Err(Elapsed)
    };
    future::or(async { Ok(future.await) }, late).await
}
