//! The event loop of the glommio programs, and what they call by the names that tokio has for it.

use std::{cell::Cell, time::Duration};

use anyhow::{Result, anyhow};
use futures_lite::future;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement, task::JoinHandle, timer};
use io_uring::IoUring;
use rustix::thread::{MembarrierCommand, membarrier};

/// An event loop with less memory for file buffers than its 10 MiB, all of which it touches at the start. To be
/// called before the program has a second thread.
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

/// Lets the other tasks go on, and at every tenth call those that something has arrived for.
///
/// The loops of tokio and compio look for arrivals at each such call, glommio only when no task can run, or after 100 ms:
/// by then all of 500 hosts are being connected to, and all log in together. A timer makes `main` wait, so that no task
/// can run. At 500 hosts that took 8 % off the wall time (30 paired rounds). One at every call gains nothing: each timer
/// costs six calls of `io_uring_enter`. With glommio's own `preempt_timer` at 1 ms it lost timers: programs hung.
pub async fn yield_now() {
    thread_local!(static CALLS: Cell<u32> = const { Cell::new(0) });
    CALLS.set(CALLS.get() + 1);
    if CALLS.get().is_multiple_of(10) {
        timer::sleep(Duration::from_micros(1)).await; // none at all would not wait
    } else {
        glommio::executor().yield_now().await;
    }
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
