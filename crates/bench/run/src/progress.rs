//! What the user sees: on a terminal one live line, elsewhere a line for each step and its command.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

/// Every step and its command, where the terminal shows one line.
const COMMANDS: &str = "target/bench/commands.txt";

pub struct Progress(Option<(ProgressBar, File)>);

impl Progress {
    pub fn new() -> Self {
        // A terminal that cannot move its cursor (TERM=dumb) would show nothing.
        let terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
        let bar = terminal.then(ProgressBar::new_spinner).filter(|bar| !bar.is_hidden());
        let bar = bar.zip(File::create(COMMANDS).ok());
        if let Some((bar, _)) = &bar {
            let style = ProgressStyle::with_template("{elapsed_precise} {wide_msg}");
            bar.set_style(style.unwrap_or(ProgressStyle::default_spinner()));
            bar.println(format!("every step as a command: {COMMANDS}"));
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        Self(bar)
    }

    /// A line that stays.
    pub fn say(&self, line: &str) {
        match &self.0 {
            Some((bar, _)) => bar.println(line),
            None => print(line),
        }
    }

    /// What runs now, and its command.
    pub fn step(&self, label: &str, argv: &[String]) {
        let command = format!("{label}\n  {}", shell_words::join(argv));
        match &self.0 {
            Some((bar, commands)) => {
                bar.set_message(label.to_owned());
                let _ = writeln!(&*commands, "{command}");
            }
            None => print(&command),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.iter().for_each(|(bar, _)| bar.finish_and_clear());
    }
}

/// A line of output. Whoever does not want to read it, as `head` after some lines, ends nothing.
pub fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
