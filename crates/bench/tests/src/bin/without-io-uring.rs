//! Runs a program without io_uring, as a container's seccomp filter does: `io_uring_setup` fails.
//!
//!     without-io-uring ERRNO PROGRAM [ARGUMENT]...

use std::os::unix::process::CommandExt;
use std::{collections::BTreeMap, env, env::consts::ARCH, process::Command};

use anyhow::{Context, Result};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let errno = args.next().context("no errno")?.parse()?;
    let program = args.next().context("no program")?;
    let calls = BTreeMap::from([(libc::SYS_io_uring_setup, Vec::new())]); // whatever its arguments
    let filter =
        SeccompFilter::new(calls, SeccompAction::Allow, SeccompAction::Errno(errno), ARCH.try_into()?)?;
    apply_filter(&BpfProgram::try_from(filter)?)?;
    Err(Command::new(program).args(args).exec().into())
}
