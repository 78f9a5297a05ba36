//! Makes the steps, one after the other, and files what they write.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::{Context, Result, bail};
use bench_data::{
    files,
    rounds::{Round, TRIES},
    stats, tools,
};

use crate::{
    busy::Reading,
    processes::{Processes, SERVER_ERRORS, measured},
    progress::Progress,
    results,
    run::Run,
    steps::{self, EXPORT, LAB, OnFailure, STEP, Step},
};

pub struct Performer {
    pub processes: Processes,
    pub progress: Progress,
    /// Whether it waits for an idle machine, and measures a disturbed round again.
    pub patient: bool,
}

struct Exit {
    code: u8,
    errors: String,
}

impl Performer {
    /// Makes all steps that are not done.
    pub fn perform(&mut self, run: &Run, steps: &[Step]) -> Result<()> {
        // A further block of rounds is made or not as a whole: the first of its steps that is not done decides.
        let (mut block, mut is_made) = (None, true);
        for (place, step) in steps.iter().enumerate().filter(|(_, step)| !step.is_done()) {
            let own = step.only_if.map(|rounds| (step.part, rounds));
            if block != own {
                let scatters = |(part, rounds)| -> Result<bool> {
                    let rounds = results::rounds(steps, part, rounds)?;
                    let pairs = results::control(&run.parts[part].workload, &rounds);
                    Ok(stats::scatter(&pairs).is_some_and(|scatter| scatter > stats::SCATTER))
                };
                (block, is_made) = (own, own.map_or(Ok(true), scatters)?);
            }
            if !is_made {
                continue;
            }
            let ahead = steps[place..]
                .iter()
                .filter(|ahead| ahead.only_if.is_none() || ahead.only_if == step.only_if);
            let left = match steps::seconds(ahead).1 {
                seconds if seconds < 60.0 => format!("{seconds:.0} s"),
                seconds => format!("{:.0} min", seconds / 60.0),
            };
            self.step(step, &format!("[{}/{}, {left} left] {}", place + 1, steps.len(), step.id))?;
        }
        self.processes.server = None;
        Ok(())
    }

    fn step(&mut self, step: &Step, label: &str) -> Result<()> {
        let _ = fs::remove_dir_all(STEP);
        for folder in [Path::new(STEP), &step.folder()] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let running = self.processes.server.as_ref().map(|(server, _)| server);
        if let Some(server) = step.server.as_ref().filter(|server| running != Some(server)) {
            self.progress.step(&server.name, &server.argv);
            if let Some(code) = self.processes.serve(server)? {
                let exit = Exit { code, errors: fs::read_to_string(SERVER_ERRORS).unwrap_or_default() };
                // The machine has fewer descriptors than this size has hosts.
                if code == 2 && step.on_failure == OnFailure::Note {
                    return self.note(step, &format!("skipped: {}: {}", server.name, reason(&exit)));
                }
                bail!(complaint(&format!("{} does not start", server.name), &step.id, &server.argv, &exit));
            }
        }
        let mut argv = step.argv.clone();
        for word in argv.iter_mut().filter(|word| word.contains("{http}")) {
            *word = word.replace("{http}", files::text(&Path::new(LAB).join("http.url"))?.trim());
        }
        self.progress.step(label, &argv);
        let exit = match step.round {
            Some(round) => self.round(step, round, &argv)?,
            None => self.run(&argv)?,
        };
        match (step.on_failure, exit.code) {
            (_, 0) if exit.errors.trim().is_empty() => {}
            (_, 0) => self.progress.say(exit.errors.trim_end()),
            (OnFailure::Sick, 1) => {}
            // Those of GNU time, bench-observe and the guard for what went wrong before or beside the program.
            (_, 125..=127) => bail!(complaint("a tool failed, not the program", label, &argv, &exit)),
            (OnFailure::Skip, _) => {
                let last = exit.errors.lines().map(str::trim).rfind(|line| !line.is_empty());
                return self.note(step, &format!("skipped: {}", last.unwrap_or("it does not run")));
            }
            (OnFailure::Note, _) => return self.note(step, &format!("failed: {}", reason(&exit))),
            (OnFailure::Stop | OnFailure::Sick, _) => bail!(complaint("failed", label, &argv, &exit)),
        }
        if step.server.as_ref().is_some_and(|server| server.fresh) {
            // What it writes is whole when it has ended.
            self.processes.server = None;
        }
        step.complete()
    }

    fn run(&mut self, argv: &[String]) -> Result<Exit> {
        let file = Path::new(STEP).join("stderr.txt");
        let stderr = File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
        let code = self.processes.run(measured(argv).stderr(stderr))?;
        let errors = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Exit { code, errors: String::from_utf8_lossy(&errors).into_owned() })
    }

    /// A timed run; where others disturb it, again. The run that they disturbed least counts. Returns how the program ended.
    fn round(&mut self, step: &Step, round: u32, argv: &[String]) -> Result<Exit> {
        // Without the noise of hyperfine's sums.
        let microseconds = |seconds: f64| (seconds * 1e6).round() / 1e6;
        let expected = u8::from(step.on_failure == OnFailure::Sick);
        let mut rounds: Vec<Round> = Vec::new();
        for tries in 1..=TRIES {
            let before = Reading::take(self.processes.server_pid());
            let exit = self.run(argv)?;
            let after = Reading::take(self.processes.server_pid());
            if exit.code != 0 {
                // hyperfine's own: it is told to ignore the program's.
                return Ok(Exit { code: 125, ..exit });
            }
            let timing = files::parse(&Path::new(STEP).join(EXPORT), tools::timing)?;
            let code = timing.exit_codes[0].and_then(|code| u8::try_from(code).ok()).unwrap_or(255);
            if code != expected {
                return Ok(Exit { code, ..exit });
            }
            let (others_percent, steal_percent) =
                before.zip(after).map(|(before, after)| after.since(&before)).unzip();
            let timed = Round {
                round,
                wall_s: timing.walls_s[0],
                user_s: microseconds(timing.user_s),
                system_s: microseconds(timing.system_s),
                others_percent,
                steal_percent,
                ..Round::default()
            };
            let again = timed.disturbed() && self.patient;
            rounds.push(timed);
            if !again {
                break;
            }
            let then = if tries < TRIES { "measured again" } else { "the least disturbed run counts" };
            let [others, withheld] = [others_percent, steal_percent].map(Option::unwrap_or_default);
            self.progress.say(&format!(
                "  disturbed: others had {others:.0} % of the CPUs, {withheld:.0} % was withheld; {then}"
            ));
        }
        let tries = rounds.len() as u32;
        let calmest = rounds.into_iter().min_by(|a, b| a.disturbance().total_cmp(&b.disturbance()));
        let slug = step.folder().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let calmest = calmest.map(|round| Round { slug, tries, ..round });
        files::write(&Path::new(STEP).join(&step.writes[0]), &files::to_csv(calmest)?)?;
        Ok(Exit { code: expected, errors: String::new() })
    }

    /// A row that has no figures: one line says why, and nothing else stays of it.
    fn note(&self, step: &Step, line: &str) -> Result<()> {
        self.progress.say(line);
        let folder = step.folder();
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        files::write(&folder.join("status.txt"), &format!("{line}\n"))
    }
}

/// Why a program failed, in a line: its own verdict, or what it says of its items.
fn reason(exit: &Exit) -> String {
    let lines: Vec<&str> = exit.errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let verdict = |line: &&str| line.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("error: "));
    match (lines.iter().find(|line| verdict(line)), lines.as_slice()) {
        (Some(line), _) => line[7..].to_owned(),
        (None, []) => format!("exit code {}", exit.code),
        (None, [line]) => (*line).to_owned(),
        (None, [.., last]) => format!("{} lines like: {last}", lines.len()),
    }
}

fn complaint(what: &str, label: &str, argv: &[String], exit: &Exit) -> String {
    let command = format!("  {}", shell_words::join(argv));
    let mut lines = vec![format!("{what}, exit code {}: {label}", exit.code), command];
    lines.extend(exit.errors.lines().map(|line| format!("  {line}")));
    if argv.first().is_some_and(|program| program == "hyperfine") {
        lines.push("  hyperfine hides the program's messages: add --show-output".to_owned());
    }
    lines.push("The results are as they were.".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_why_a_program_failed() {
        for (errors, expected) in [
            ("", "exit code 7"),
            ("no more threads\n", "no more threads"),
            ("a\nno more threads\n\n", "2 lines like: no more threads"),
            ("host 1: refused\nError: cannot start\nhost 2", "cannot start"),
        ] {
            assert_eq!(reason(&Exit { code: 7, errors: errors.to_owned() }), expected);
        }
    }
}
