//! Makes the steps, one after the other, and files what they write.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result};
use bench_data::{
    files,
    rounds::{Round, TRIES},
    tools,
};

use crate::{
    busy::Reading,
    folders,
    processes::Processes,
    progress::{self, Progress},
    steps::{OnFailure, Step, Steps},
    stop::{Outcome, Stop},
};

pub struct Performer<'a> {
    pub processes: &'a mut Processes,
    pub progress: &'a mut Progress,
    pub plan: &'a Steps,
    /// Whether a disturbed round is measured again.
    pub patient: bool,
    /// Place of the server that runs.
    pub serving: Option<usize>,
}

/// How a command ended.
struct Ended {
    code: u8,
    errors: String,
}

impl Performer<'_> {
    /// Makes all steps that are not done.
    pub fn perform(&mut self) -> Outcome<()> {
        let steps = &self.plan.steps;
        for (place, step) in steps.iter().enumerate() {
            if step.is_done() {
                continue;
            }
            if let Some(scatter) = &step.only_if
                && !scatter.is_large()?
            {
                continue;
            }
            let ahead = steps[place..]
                .iter()
                .filter(|ahead| ahead.only_if.is_none() || ahead.only_if == step.only_if);
            let (_, left) = Steps::seconds(ahead);
            let label =
                format!("[{}/{}, {} left] {}", place + 1, steps.len(), progress::about(left), step.id);
            self.step(step, &label)?;
        }
        self.processes.stop_server();
        Ok(())
    }

    fn step(&mut self, step: &Step, label: &str) -> Outcome<()> {
        if let Some(reason) = self.serve(step)? {
            return Ok(self.note(step, &format!("skipped: {reason}"))?);
        }
        let http = || files::text(&Path::new(folders::LAB).join("http.url"));
        let http = match step.argv.iter().any(|word| word.contains("{http}")) {
            true => http()?.trim().to_owned(),
            false => String::new(),
        };
        let argv: Vec<String> = step.argv.iter().map(|word| word.replace("{http}", &http)).collect();
        self.progress.step(label, &argv)?;
        fs::create_dir_all(step.folder())
            .with_context(|| format!("cannot create {}", step.folder().display()))?;
        let ended = match step.round {
            Some(round) => self.round(step, round, &argv)?,
            None => self.run(&argv)?,
        };
        match (step.on_failure, ended.code) {
            (_, 0) => self.progress.warn(&ended.errors),
            (OnFailure::Sick, 1) => {}
            // Those of GNU time, bench-observe and the guard for what went wrong before or beside the program.
            (_, 125..=127) => return Err(complaint("a tool failed, not the program", label, &argv, &ended)),
            (OnFailure::Skip, _) => {
                let last = ended.errors.lines().map(str::trim).rfind(|line| !line.is_empty());
                let reason = last.unwrap_or("it does not run");
                return Ok(self.note(step, &format!("skipped: {reason}"))?);
            }
            (OnFailure::Note, _) => return Ok(self.note(step, &format!("failed: {}", verdict(&ended)))?),
            (OnFailure::Stop | OnFailure::Sick, _) => return Err(complaint("failed", label, &argv, &ended)),
        }
        if step.server.is_some_and(|place| self.plan.servers[place].fresh) {
            // What it writes is whole when it has ended.
            self.processes.stop_server();
            self.serving = None;
        }
        Ok(step.complete()?)
    }

    /// Has the step's server run. Returns why it cannot start, where that is a result.
    fn serve(&mut self, step: &Step) -> Outcome<Option<String>> {
        let Some(place) = step.server.filter(|_| self.serving != step.server) else { return Ok(None) };
        let planned = &self.plan.servers[place];
        self.progress.step(&planned.name, &planned.argv)?;
        self.serving = None;
        let Some(code) = self.processes.serve(&planned.name, &planned.argv)? else {
            self.serving = step.server;
            return Ok(None);
        };
        let errors = fs::read_to_string(folders::SERVER_ERRORS).unwrap_or_default();
        match (code, step.on_failure) {
            (2, OnFailure::Note) => {
                Ok(Some(format!("{}: {}", planned.name, verdict(&Ended { code, errors }))))
            }
            _ => {
                let ended = Ended { code, errors };
                Err(complaint(&format!("{} does not start", planned.name), &step.id, &planned.argv, &ended))
            }
        }
    }

    fn run(&mut self, argv: &[String]) -> Outcome<Ended> {
        let errors = folders::ERRORS;
        let stderr = File::create(errors).with_context(|| format!("cannot write {errors}"))?;
        let code = self.processes.run(argv, Stdio::null(), stderr.into())?;
        let errors = fs::read(errors).with_context(|| format!("cannot read {errors}"))?;
        Ok(Ended { code, errors: String::from_utf8_lossy(&errors).into_owned() })
    }

    /// A timed run; where others disturb it, again. The run that they disturbed least counts. Returns how the program ended.
    fn round(&mut self, step: &Step, round: u32, argv: &[String]) -> Outcome<Ended> {
        let slug = step.folder().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (mut kept, mut code): (Option<Round>, u8) = (None, 0);
        for tries in 1..=TRIES {
            let before = Reading::take(self.processes.server())?;
            let ended = self.run(argv)?;
            let share = Reading::take(self.processes.server())?.since(&before);
            if ended.code != 0 {
                // hyperfine's own: it is told to ignore the program's.
                return Ok(Ended { code: 125, ..ended });
            }
            let timing = files::parse(Path::new(folders::ROUND), tools::timing)?;
            code = timing.exit_code;
            if code != u8::from(step.on_failure == OnFailure::Sick) {
                return Ok(Ended { code, ..ended });
            }
            let next = Round {
                round,
                slug: slug.clone(),
                wall_s: timing.wall,
                user_s: microseconds(timing.user),
                system_s: microseconds(timing.system),
                others_percent: share.map(|share| share.others),
                steal_percent: share.map(|share| share.withheld),
                tries,
            };
            let calmest = kept.filter(|kept| disturbance(kept) <= disturbance(&next)).unwrap_or(next);
            kept = Some(Round { tries, ..calmest });
            let Some(share) = share.filter(|share| share.disturbs() && self.patient) else { break };
            let then = if tries < TRIES { "measured again" } else { "the least disturbed run counts" };
            self.progress.say(&format!(
                "  disturbed: others had {:.0} % of the CPUs, {:.0} % was withheld; {then}",
                share.others, share.withheld
            ));
        }
        let text = files::to_csv(kept.iter())?;
        files::write(Path::new(&step.writes[0].aside), &text)?;
        Ok(Ended { code, errors: String::new() })
    }

    /// A row that has no figures: one line says why, and nothing else stays of it.
    fn note(&self, step: &Step, line: &str) -> Result<()> {
        self.progress.say(line);
        let folder = step.folder();
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        files::write(&folder.join("status.txt"), &format!("{line}\n"))
    }
}

fn disturbance(round: &Round) -> f64 {
    round.others_percent.unwrap_or(0.0) + round.steal_percent.unwrap_or(0.0)
}

/// Without the noise of hyperfine's sums.
fn microseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// The reason of a program that failed, in a line: its own verdict, or what it says of its items.
fn verdict(ended: &Ended) -> String {
    let lines: Vec<&str> = ended.errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let own = |line: &&str| line.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("error: "));
    match (lines.iter().copied().find(own), lines.as_slice()) {
        (Some(line), _) => line[7..].to_owned(),
        (None, []) => format!("exit code {}", ended.code),
        (None, [line]) => (*line).to_owned(),
        (None, [.., last]) => format!("{} lines like: {last}", lines.len()),
    }
}

fn complaint(what: &str, label: &str, argv: &[String], ended: &Ended) -> Stop {
    let mut lines = vec![format!("{what}, exit code {}: {label}", ended.code)];
    lines.push(format!("  {}", shell_words::join(argv)));
    lines.extend(ended.errors.lines().map(|line| format!("  {line}")));
    if argv.first().is_some_and(|program| program == "hyperfine") {
        lines.push("  hyperfine hides the program's messages: add --show-output".to_owned());
    }
    lines.push("The results are as they were.".to_owned());
    Stop::failed(lines.join("\n"))
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
            assert_eq!(verdict(&Ended { code: 7, errors: errors.to_owned() }), expected);
        }
    }
}
