//! `bench-run --guard DRIVER COMMAND…`: a small process between the driver and each command it runs. It ends the command,
//! with all that the command has started, when it is told to or when the driver dies, in whatever way.
//!
//! `setpriv --pdeathsig` and a process group alone cannot do this: the kernel's signal reaches the command (hyperfine) but
//! not what the command has started (the program), and a killed driver signals no group. So the guard has the signal for
//! its parent's death, and what a command leaves behind becomes a child of the guard (PR_SET_CHILD_SUBREAPER), in whatever
//! process group it is.
//!
//! Exit code: that of the command, 128 + N after signal N, 127 when it cannot be run.

use std::{
    ffi::OsString,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Command, ExitCode, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use procfs::process::Process;
use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitOptions, getpid, getppid, kill_process, kill_process_group, set_child_subreaper,
        set_parent_process_death_signal, wait,
    },
    thread::set_name,
};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
};

/// The first argument that makes a guard of bench-run.
pub const GUARD: &str = "--guard";

/// How long a command may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_millis(800);

/// Guards the command in the arguments after [`GUARD`].
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let code = guard(&args.collect::<Vec<_>>()).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        127
    });
    ExitCode::from(code)
}

fn guard(words: &[OsString]) -> Result<u8> {
    let [driver, program, args @ ..] = words else { bail!("{GUARD} is for bench-run itself") };
    // A name of its own: `killall bench-run` must not reach the guards.
    set_name(c"bench-guard").context("cannot change the name of this process")?;
    set_child_subreaper(Some(getpid())).context("cannot adopt what a command leaves behind")?;
    let mut signals = Signals::new([SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM]).context("no signals")?;
    set_parent_process_death_signal(Some(Signal::TERM)).context("cannot watch the driver")?;
    let parent = getppid().map_or(0, Pid::as_raw_pid).to_string();
    ensure!(driver.to_str() == Some(&parent), "the driver has died");
    // A server ends when its input does: it sees the end of this guard, too.
    let mut child = Command::new(program)
        .args(args)
        .process_group(0)
        .stdin(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let mut deadline = None;
    let status = loop {
        match (child.try_wait().context("cannot wait for the command")?, deadline) {
            (Some(status), _) => break Some(status),
            (None, None) if signals.wait().any(|signal| signal != SIGCHLD) => {
                let _ = kill_process_group(Pid::from_child(&child), Signal::TERM);
                deadline = Some(Instant::now() + GRACE);
            }
            (None, None) => {}
            (None, Some(deadline)) if Instant::now() > deadline => break None,
            (None, Some(_)) => thread::sleep(Duration::from_millis(5)),
        }
    };
    // The children of each that ends become ours, until there are none.
    loop {
        for child in children(getpid().as_raw_pid()) {
            let _ = Pid::from_raw(child).map(|child| kill_process(child, Signal::KILL));
        }
        match wait(WaitOptions::empty()) {
            Err(Errno::CHILD) => return Ok(status.map_or(128 + 9, code)),
            Err(Errno::INTR) | Ok(_) => {}
            Err(error) => return Err(error).context("cannot wait for what the command has left behind"),
        }
    }
}

/// The children of all threads of a process; none when it is gone.
pub fn children(pid: i32) -> Vec<i32> {
    let threads = Process::new(pid).and_then(|process| process.tasks()).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| thread.children().ok());
    lists.flatten().filter_map(|child| i32::try_from(child).ok()).collect()
}

/// An exit code as shells have it.
pub fn code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
}
