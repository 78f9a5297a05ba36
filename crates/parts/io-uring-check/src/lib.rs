//! Says in one line why there is no io_uring, and what to do about it: the kernel's error alone is the same for
//! different causes.

use std::{fs, io};

use anyhow::{Error, anyhow};
use rustix::io::Errno;

/// Explains the error of an event loop that could not set up its io_uring.
pub fn explain(error: io::Error) -> Error {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let cause = cause(&error, &read("/proc/sys/kernel/io_uring_disabled"), &read("/proc/self/status"));
    anyhow!("no io_uring: {cause}")
}

/// Finds the cause in the error, the sysctl and the process's status: the last two as /proc has them, or empty
/// where it has none.
fn cause(error: &io::Error, disabled: &str, status: &str) -> String {
    let denied = Errno::from_io_error(error) == Some(Errno::PERM);
    let missing = Errno::from_io_error(error) == Some(Errno::NOSYS);
    let filtered = status.lines().any(|line| line.split_whitespace().eq(["Seccomp:", "2"]));
    match disabled.trim() {
        "2" if denied => "it is disabled for all: `sysctl kernel.io_uring_disabled=0` as root".into(),
        "1" if denied && filtered => {
            "a seccomp filter forbids it, as in a container, or kernel.io_uring_disabled=1: \
             allow the io_uring_* calls in its profile, and `sysctl kernel.io_uring_disabled=0` as root"
                .into()
        }
        "1" if denied => {
            "kernel.io_uring_disabled=1 leaves it to root and to the group of kernel.io_uring_group: \
             join that, or `sysctl kernel.io_uring_disabled=0` as root"
                .into()
        }
        _ if (denied || missing) && filtered => "a seccomp filter forbids it, as in a container: \
             allow the io_uring_* calls in its profile (Docker: --security-opt seccomp=FILE), or run outside"
            .into(),
        _ if missing => {
            "the kernel has none: it takes Linux 5.11 or later, built with CONFIG_IO_URING".into()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILTER: &str = "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
    const NO_FILTER: &str = "NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n";

    #[test]
    fn each_cause_has_its_remedy() {
        for (error, disabled, status, said) in [
            (Errno::PERM, "2\n", FILTER, "it is disabled for all: `sysctl"),
            (Errno::PERM, "2\n", "", "it is disabled for all: `sysctl"),
            (Errno::PERM, "1\n", NO_FILTER, "kernel.io_uring_disabled=1 leaves it to root"),
            (Errno::PERM, "1\n", FILTER, "a seccomp filter forbids it, as in a container, or kernel."),
            (Errno::PERM, "", FILTER, "a seccomp filter forbids it, as in a container: "),
            (Errno::NOSYS, "2\n", FILTER, "a seccomp filter forbids it, as in a container: "),
            (Errno::NOSYS, "", NO_FILTER, "the kernel has none"),
            (Errno::NOMEM, "2\n", FILTER, "Cannot allocate memory (os error 12)"),
            (Errno::PERM, "0\n", NO_FILTER, "Operation not permitted (os error 1)"),
        ] {
            let cause = cause(&error.into(), disabled, status);
            assert!(cause.starts_with(said), "{error} {disabled:?} {status}: {cause}");
        }
    }
}
