//! What the user sees: on a terminal one live line, elsewhere a line for each step and its command.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn new() -> Self {
        // A terminal that cannot move its cursor (TERM=dumb) would show nothing.
        let terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
        let bar = terminal.then(ProgressBar::new_spinner).filter(|bar| !bar.is_hidden());
        if let Some(bar) = &bar {
            let style = ProgressStyle::with_template("{elapsed_precise} {wide_msg}");
            bar.set_style(style.unwrap_or(ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        Self(bar)
    }

    /// A line that stays.
    pub fn say(&self, line: &str) {
        match &self.0 {
            Some(bar) => bar.println(line),
            None => print(line),
        }
    }

    /// What runs now, and its command.
    pub fn step(&self, label: &str, argv: &[String]) {
        match &self.0 {
            Some(bar) => bar.set_message(label.to_owned()),
            None => print(&format!("{label}\n  {}", shell_words::join(argv))),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// A line of output. Whoever does not want to read it, as `head` after some lines, ends nothing.
pub fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
