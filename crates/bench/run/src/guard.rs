//! `bench-run --guard …`: a small process between the driver and each command it runs. It ends the command, with all that
//! the command has started, as soon as its standard input closes: also when the driver was killed and can end nothing.
//!
//! - `run COMMAND…`: standard input of the command is empty.
//! - `serve COMMAND…`: it stays open as long as the guard lives.
//! - `remove FILE`: runs nothing, and removes the file at the end.
//!
//! What a command leaves behind becomes a child of the guard (PR_SET_CHILD_SUBREAPER), in whatever process group it is.
//!
//! Exit code: that of the command, 128 + N after signal N, 127 when it cannot be run.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc::{self, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, waitpid,
    },
    thread::set_name,
};
use signal_hook::{consts::TERM_SIGNALS, iterator::Signals};

/// The first argument that makes a guard of bench-run.
pub const GUARD: &str = "--guard";

/// How long a command may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_millis(800);

enum Event {
    /// The driver is gone, or wants the command to end.
    Close,
    /// The command has ended.
    End(io::Result<ExitStatus>),
}

/// Guards what the arguments after [`GUARD`] say.
pub fn main(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let task = args.next().unwrap_or_default();
    match guard(&task, &args.collect::<Vec<_>>()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(127)
        }
    }
}

fn guard(task: &OsStr, words: &[OsString]) -> Result<u8> {
    // Another name than the driver's: whoever kills that by its name shall not get the guards too.
    set_name(c"bench-guard").context("cannot change the name of this process")?;
    set_child_subreaper(Some(getpid())).context("cannot adopt what a command leaves behind")?;
    let Some((first, rest)) = words.split_first() else { bail!("{GUARD} is for bench-run itself") };
    let (sender, events) = mpsc::channel();
    watch_signals(sender.clone())?;
    if task == "remove" {
        watch_input(sender);
        let _ = events.recv();
        fs::remove_file(first).with_context(|| format!("cannot remove {}", first.display()))?;
        return Ok(0);
    }
    let mut command = Command::new(first);
    command.args(rest).process_group(0);
    command.stdin(if task == "serve" { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().with_context(|| format!("cannot run {}", first.display()))?;
    let group = Pid::from_child(&child);
    let input = child.stdin.take();
    watch_input(sender.clone());
    thread::spawn(move || sender.send(Event::End(child.wait())));

    let mut end = None;
    if let Event::End(status) = events.recv()? {
        end = Some(status);
    } else {
        let _ = kill_process_group(group, Signal::TERM);
        drop(input);
        let deadline = Instant::now() + GRACE;
        while end.is_none() {
            match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::End(status)) => end = Some(status),
                Ok(Event::Close) => {}
                Err(_) => break,
            }
        }
    }
    kill_all()?;
    Ok(match end {
        Some(status) => code(status.context("cannot wait for the command")?),
        None => 128 + 9,
    })
}

fn watch_signals(sender: Sender<Event>) -> Result<()> {
    let mut signals = Signals::new(TERM_SIGNALS).context("cannot listen to signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            let _ = sender.send(Event::Close);
        }
    });
    Ok(())
}

fn watch_input(sender: Sender<Event>) {
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = sender.send(Event::Close);
    });
}

/// Kills all children until there are none. The children of each that ends become ours.
fn kill_all() -> Result<()> {
    loop {
        for child in children(getpid().as_raw_pid()) {
            let _ = Pid::from_raw(child).map(|child| kill_process(child, Signal::KILL));
        }
        match waitpid(None, WaitOptions::empty()) {
            Err(Errno::CHILD) => return Ok(()),
            Err(Errno::INTR) | Ok(_) => {}
            Err(error) => return Err(error).context("cannot wait for what the command has left behind"),
        }
    }
}

/// The children of all threads of a process; none when it is gone.
pub fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect()
}

/// An exit code as shells have it.
pub fn code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
}
