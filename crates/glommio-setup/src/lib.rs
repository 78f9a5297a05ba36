//! The settings of glommio that all `*-glommio` programs share.

use anyhow::{Context, Result, anyhow};
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};
use io_uring::IoUring;
use rustix::thread::{MembarrierCommand, membarrier};

/// Memory for file buffers, in bytes. Sockets and timers need none of it, and glommio's default of 10 MiB is
/// touched at the start: 10 MiB of resident set and 3 ms.
const IO_MEMORY: usize = 64 << 10;

/// An event loop for the calling thread.
///
/// # Errors
/// When the kernel forbids io_uring, or so much locked memory as glommio wants. Each says how to allow it.
pub fn executor() -> Result<LocalExecutor> {
    // glommio panics without io_uring: ask the kernel first.
    if let Err(error) = IoUring::new(1) {
        return Err(anyhow!(
            "io_uring is not to be had ({error}); allow it: sysctl kernel.io_uring_disabled=0"
        ));
    }
    // glommio registers for membarrier at its first sleep. Once a second thread runs, the kernel lets that
    // wait for an RCU grace period: about 10 ms. Now it costs nothing.
    membarrier(MembarrierCommand::RegisterPrivateExpedited).context("membarrier")?;
    LocalExecutorBuilder::new(Placement::Unbound).io_memory(IO_MEMORY).make().map_err(|error| {
        anyhow!("glommio does not start ({error}); where locked memory is short, raise it: ulimit -l 512")
    })
}
