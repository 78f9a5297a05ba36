//! What the user sees: on a terminal one live line, elsewhere a line for each step and its command.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::folders::COMMANDS;

pub struct Progress {
    bar: Option<ProgressBar>,
    commands: File,
}

impl Progress {
    /// Shows nothing yet.
    pub fn new() -> Result<Self> {
        let open = File::options().create(true).append(true).open(COMMANDS);
        let commands = open.with_context(|| format!("cannot write {COMMANDS}"))?;
        // A terminal that cannot move its cursor (TERM=dumb) would show nothing.
        let terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
        let bar = terminal.then(ProgressBar::new_spinner).filter(|bar| !bar.is_hidden());
        if let Some(bar) = &bar {
            if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {wide_msg}") {
                bar.set_style(style);
            }
            bar.println(format!("every step as a command: {COMMANDS}"));
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        Ok(Self { bar, commands })
    }

    /// A line that stays.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => print(line),
        }
    }

    /// What a program says on standard error.
    pub fn warn(&self, text: &str) {
        if !text.trim().is_empty() {
            self.say(text.trim_end());
        }
    }

    /// What runs now, and its command.
    pub fn step(&mut self, label: &str, argv: &[String]) -> Result<()> {
        let lines = format!("{label}\n  {}", shell_words::join(argv));
        writeln!(self.commands, "{lines}").with_context(|| format!("cannot write {COMMANDS}"))?;
        match &self.bar {
            Some(bar) => bar.set_message(label.to_owned()),
            None => print(&lines),
        }
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// A time for people, in seconds below a minute.
pub fn about(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// A line of output. Whoever does not want to read it, as `head` after some lines, ends nothing.
pub fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
