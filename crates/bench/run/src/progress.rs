//! What the user sees: on a terminal one live line, elsewhere a line for each step and its command.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Every step and its command, where the terminal shows one line only.
pub const STEPS: &str = "target/bench/steps.txt";

/// Where lines go.
pub struct Progress {
    bar: Option<ProgressBar>,
    steps: File,
}

impl Progress {
    /// Shows nothing yet.
    ///
    /// # Errors
    /// [`STEPS`] cannot be written.
    pub fn new() -> Result<Self> {
        let steps = File::options()
            .create(true)
            .append(true)
            .open(STEPS)
            .with_context(|| format!("cannot write {STEPS}"))?;
        let bar = (io::stderr().is_terminal() && io::stdout().is_terminal()).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {wide_msg}") {
                bar.set_style(style);
            }
            bar.println(format!("every step as a command: {STEPS}"));
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        Ok(Self { bar, steps })
    }

    /// A line that stays.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => print(line),
        }
    }

    /// A line of what a step gave: not on a terminal, where the next step is shown at once.
    pub fn detail(&self, line: &str) {
        if self.bar.is_none() {
            print(line);
        }
    }

    /// What a program says on standard error.
    pub fn warn(&self, text: &str) {
        let text = text.trim_end();
        match &self.bar {
            _ if text.is_empty() => {}
            Some(bar) => bar.println(text),
            None => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    /// What runs now, and its command.
    ///
    /// # Errors
    /// [`STEPS`] cannot be written.
    pub fn step(&mut self, label: &str, argv: &[String]) -> Result<()> {
        let command = shell(argv);
        writeln!(self.steps, "{label}\n  {command}").with_context(|| format!("cannot write {STEPS}"))?;
        match &self.bar {
            Some(bar) => bar.set_message(label.to_owned()),
            None => print(&format!("{label}\n  {command}")),
        }
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// A command as a line that a shell takes apart again.
pub fn shell(argv: &[String]) -> String {
    shell_words::join(argv)
}

/// A time for people, in seconds below a minute.
pub fn about(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// A line of output. Whoever does not want to read it, as `head` after some lines, ends nothing.
pub fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
