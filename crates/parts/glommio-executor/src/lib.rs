//! glommio's executor as the programs make it, and the look for arrivals that its yield lacks.

use std::{cell::Cell, time::Duration};

use anyhow::{Result, anyhow};
use glommio::{LocalExecutor, LocalExecutorBuilder, timer};
use io_uring::IoUring;
use rustix::thread::{MembarrierCommand, membarrier};

/// Makes an event loop. Call it before the program has a second thread.
///
/// # Errors
/// When the system has no io_uring, or too little memory may be locked.
pub fn make(builder: LocalExecutorBuilder) -> Result<LocalExecutor> {
    // glommio panics without io_uring: ask the kernel first.
    IoUring::new(1).map_err(io_uring_check::explain)?;
    // glommio does this at its first sleep, when its second thread makes it take 10 ms.
    membarrier(MembarrierCommand::RegisterPrivateExpedited)?;
    limits::start(|| builder.make())?
        .map_err(|error| anyhow!("no event loop: {error}; if locked memory is short: ulimit -l 512"))
}

/// Lets the other tasks run, and at every tenth call those for which something has arrived.
///
/// The loops of tokio and compio look for arrivals at each such call, glommio only when no task can run, or after 100 ms:
/// by then all of 500 hosts are being connected to, and all log in together. A timer makes `main` wait, so that no task
/// can run. At 500 hosts that took 8 % off the wall time (30 paired rounds). One at every call gains nothing: each timer
/// costs six calls of `io_uring_enter`. With glommio's own `preempt_timer` at 1 ms it lost timers: programs hung.
pub async fn look_for_arrivals() {
    thread_local!(static CALLS: Cell<u32> = const { Cell::new(0) });
    CALLS.set(CALLS.get() + 1);
    if CALLS.get().is_multiple_of(10) {
        timer::sleep(Duration::from_micros(1)).await; // none at all would not wait
    } else {
        glommio::executor().yield_now().await;
    }
}
