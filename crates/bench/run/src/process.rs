//! The commands that the driver runs: one at a time, and a server beside them. Each stands under a guard (see [`guard`]),
//! so that none outlives this process, whatever ends it.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rustix::process::getpid;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{
    guard, place,
    stop::{Outcome, Stop, failed},
};

/// How long a server may take until it is ready.
const READY: Duration = Duration::from_secs(20);

/// How long a dying server may fail programs before its own end is noticed.
const LATE: Duration = Duration::from_millis(200);

/// How long all may take to end: the guards kill after 0.8 s.
const END: Duration = Duration::from_millis(1800);

enum Event {
    Signal(i32),
    /// This process has printed `ready`.
    Ready(u64),
    /// This process has ended, with this exit code.
    End(u64, u8),
}

/// What a command prints, and where to.
#[derive(Default)]
pub struct Output {
    /// Standard output; ours where there is none.
    pub stdout: Option<Stdio>,
    /// Standard error; ours where there is none.
    pub stderr: Option<File>,
}

struct Running {
    id: u64,
    guard: u32,
    /// The guard ends when this closes.
    hold: Option<ChildStdin>,
}

struct Server {
    name: String,
    running: Running,
}

/// The commands that run, and what happens to them.
pub struct Processes {
    sender: Sender<Event>,
    events: Receiver<Event>,
    last: u64,
    path: OsString,
    step: Option<Running>,
    server: Option<Server>,
    /// Removes the copy of a file that holds passwords.
    keeper: Option<Child>,
    deaf: bool,
}

impl Processes {
    /// From here on signals are events.
    ///
    /// # Errors
    /// Signals cannot be listened to.
    pub fn new() -> Result<Self> {
        let (sender, events) = mpsc::channel();
        let mut signals = Signals::new(not_ignored()).context("cannot listen to signals")?;
        let to = sender.clone();
        thread::spawn(move || {
            for signal in signals.forever() {
                let _ = to.send(Event::Signal(signal));
            }
        });
        Ok(Self {
            sender,
            events,
            last: 0,
            path: place::path(),
            step: None,
            server: None,
            keeper: None,
            deaf: false,
        })
    }

    fn start(
        &mut self,
        task: &str,
        argv: &[String],
        output: Output,
    ) -> Result<(Running, Option<BufReader<ChildStdout>>)> {
        // This very program, even when it was built anew meanwhile.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("bench-guard").arg(guard::GUARD).arg(task).args(argv).env("PATH", &self.path);
        command.env("RUST_BACKTRACE", "0").env("CARGO_TARGET_DIR", "target").env_remove("CARGO_BUILD_TARGET");
        command.stdin(Stdio::piped()).process_group(0);
        command.stdout(output.stdout.unwrap_or(Stdio::inherit()));
        command.stderr(output.stderr.map_or(Stdio::inherit(), Stdio::from));
        let mut child = command.spawn().context("cannot start bench-run's guard")?;
        self.last += 1;
        let (id, to) = (self.last, self.sender.clone());
        let running = Running { id, guard: child.id(), hold: child.stdin.take() };
        let stdout = child.stdout.take().map(BufReader::new);
        thread::spawn(move || {
            let code = child.wait().map_or(255, guard::code);
            let _ = to.send(Event::End(id, code));
        });
        Ok((running, stdout))
    }

    /// Runs a command to its end and returns its exit code.
    ///
    /// # Errors
    /// A signal, or the end of the server.
    pub fn run(&mut self, argv: &[String], output: Output) -> Outcome<u8> {
        let (running, _) = self.start("run", argv, output)?;
        let id = running.id;
        self.step = Some(running);
        let code = loop {
            if let Event::End(ended, code) = self.next(None)?.unwrap_or(Event::Ready(0))
                && ended == id
            {
                break code;
            }
        };
        self.step = None;
        if code != 0 {
            // A dying server fails the programs too: then it is the one to be named.
            self.pause(LATE)?;
        }
        Ok(code)
    }

    /// Starts a server and waits until it prints `ready`.
    ///
    /// # Errors
    /// It ends before, or is not ready after [`READY`]; a signal.
    pub fn serve(&mut self, name: &str, argv: &[String]) -> Outcome<()> {
        self.stop_server();
        let output = Output { stdout: Some(Stdio::piped()), stderr: None };
        let (running, stdout) = self.start("serve", argv, output)?;
        let (id, to) = (running.id, self.sender.clone());
        self.server = Some(Server { name: name.to_owned(), running });
        thread::spawn(move || {
            for line in stdout.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
                if line == "ready" {
                    let _ = to.send(Event::Ready(id));
                }
            }
        });
        let deadline = Instant::now() + READY;
        loop {
            match self.next(Some(deadline))? {
                Some(Event::Ready(ready)) if ready == id => return Ok(()),
                Some(_) => {}
                None => {
                    return Err(failed(format!(
                        "{name} is not ready after {} s; the results are as they were",
                        READY.as_secs()
                    )));
                }
            }
        }
    }

    /// Ends the server, where there is one.
    pub fn stop_server(&mut self) {
        let server = self.server.take();
        self.end(server.map(|server| server.running).into_iter().collect());
    }

    /// The process above everything of the server's.
    pub fn server(&self) -> Option<u32> {
        self.server.as_ref().map(|server| server.running.guard)
    }

    /// Removes a file when this process ends, in whatever way.
    ///
    /// # Errors
    /// The keeper cannot be started.
    pub fn remove_at_end(&mut self, file: &str) -> Result<()> {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("bench-guard")
            .args([guard::GUARD, "remove", file])
            .stdin(Stdio::piped())
            .process_group(0);
        self.keeper = Some(command.spawn().context("cannot start bench-run's guard")?);
        Ok(())
    }

    /// Waits so long.
    ///
    /// # Errors
    /// A signal, or the end of the server.
    pub fn pause(&mut self, time: Duration) -> Outcome<()> {
        let deadline = Instant::now() + time;
        while self.next(Some(deadline))?.is_some() {}
        Ok(())
    }

    /// From here on no signal ends the bench: what is left takes a moment and must not be torn apart.
    pub fn be_deaf(&mut self) {
        self.deaf = true;
    }

    /// The next event, none when the time is over.
    fn next(&mut self, deadline: Option<Instant>) -> Outcome<Option<Event>> {
        let event = match deadline {
            None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => self.events.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match event {
            Ok(Event::Signal(signal)) if !self.deaf => Err(Stop::Signal(signal)),
            Ok(Event::End(id, _)) if self.server.as_ref().is_some_and(|server| server.running.id == id) => {
                let name = self.server.take().map(|server| server.name).unwrap_or_default();
                Err(failed(format!("{name} died (see above); the results are as they were")))
            }
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(failed("nobody waits for the commands any more")),
        }
    }

    /// Ends these and waits until they are gone.
    fn end(&mut self, mut running: Vec<Running>) {
        running.iter_mut().for_each(|running| drop(running.hold.take()));
        let deadline = Instant::now() + END;
        let mut signals = Vec::new();
        while !running.is_empty() {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::End(ended, _)) => running.retain(|running| running.id != ended),
                Ok(Event::Signal(signal)) => signals.push(signal),
                Ok(Event::Ready(_)) => {}
                Err(_) => break,
            }
        }
        // Whoever waits next sees them.
        signals.into_iter().for_each(|signal| drop(self.sender.send(Event::Signal(signal))));
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        let server = self.server.take().map(|server| server.running);
        let all = self.step.take().into_iter().chain(server).collect();
        self.end(all);
        if let Some(mut keeper) = self.keeper.take() {
            let _ = keeper.wait(); // closes its standard input first
        }
    }
}

/// The signals that end the bench, but for those that whoever started it wants ignored, as nohup does.
fn not_ignored() -> Vec<i32> {
    let own = procfs::process::Process::new(getpid().as_raw_pid()).and_then(|process| process.status());
    let ignored = own.map_or(0, |status| status.sigign);
    [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}
