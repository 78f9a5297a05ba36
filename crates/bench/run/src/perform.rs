//! Makes the steps of a plan, one after the other, and writes what they give.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, anyhow};
use bench_data::{
    files,
    rounds::{Round, TRIES},
    tools::{self, Timing},
    workload::{Row, Vary, Workload},
};

use crate::{
    busy::{Reading, Share},
    place::Place,
    process::{Output, Processes},
    progress::{self, Progress},
    state::Done,
    steps::{Kind, Plan, Step},
    stop::{Outcome, Stop, failed},
};

/// Makes the steps.
pub struct Performer<'a> {
    /// What runs.
    pub processes: &'a mut Processes,
    /// What the user sees.
    pub progress: &'a mut Progress,
    /// What is to be done.
    pub plan: &'a Plan,
    /// The folder of each workload's sitting.
    pub sittings: Vec<PathBuf>,
    /// Which steps are complete.
    pub done: Done,
    /// Whether a disturbed round is measured again.
    pub patient: bool,
    /// Place of the server that runs.
    pub server: Option<usize>,
}

/// How a command ended.
struct Ended {
    code: u8,
    errors: String,
}

impl Performer<'_> {
    /// Makes all steps that are not complete.
    ///
    /// # Errors
    /// The first that fails where that is no result; a signal; the end of the server.
    pub fn all(&mut self) -> Outcome<()> {
        let plan = self.plan;
        let mut left = Plan::seconds(&plan.steps);
        for (i, step) in plan.steps.iter().enumerate() {
            let id = plan.id(step);
            if !self.done.has(&id) {
                if !self.status(step).exists() {
                    self.serve(step.server)?;
                    let label = format!(
                        "[{}/{}, {} left] {}",
                        i + 1,
                        plan.steps.len(),
                        progress::about(left),
                        step.what
                    );
                    self.one(step, &label)?;
                }
                self.done.add(id)?;
            }
            left -= step.seconds;
        }
        self.processes.stop_server();
        Ok(())
    }

    fn workload(&self, step: &Step) -> &Workload {
        &self.plan.workloads[step.workload]
    }

    fn row(&self, step: &Step) -> &Row {
        &self.workload(step).rows[step.row]
    }

    /// The file that says why a row is not measured.
    fn status(&self, step: &Step) -> PathBuf {
        let folder = Place::raw(&self.workload(step).key, &self.row(step).slug);
        Path::new(&folder).join("status.txt")
    }

    /// Has this server run, and no other.
    fn serve(&mut self, server: Option<usize>) -> Outcome<()> {
        let Some(place) = server.filter(|_| self.server != server) else { return Ok(()) };
        let planned = &self.plan.servers[place];
        self.progress.step(&planned.name, &planned.argv)?;
        self.server = None;
        self.processes.serve(&planned.name, &planned.argv)?;
        self.server = server;
        Ok(())
    }

    fn one(&mut self, step: &Step, label: &str) -> Outcome<()> {
        let http = || files::text(&Path::new(Place::LAB).join("http.url"));
        let http = match step.argv.iter().any(|word| word.contains("{http}")) {
            true => http()?.trim().to_owned(),
            false => String::new(),
        };
        let argv: Vec<String> = step.argv.iter().map(|word| word.replace("{http}", &http)).collect();
        self.progress.step(label, &argv)?;
        if let Kind::Round(round) = step.kind {
            return self.round(step, round, label, &argv);
        }
        let ended = self.run(step.kind, &argv)?;
        let fault = self.workload(step).fault.as_ref().is_some_and(|fault| fault.fails);
        match (step.kind, ended.code) {
            (_, 0) => self.progress.warn(&ended.errors),
            // The sick items are named on stderr, and the program says so in its exit code.
            (Kind::Observed(_), 1) if fault => {}
            (Kind::Probe, _) => {
                let reason =
                    ended.errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it does not run");
                return Ok(self.note(step, &format!("skipped: {}", reason.trim()))?);
            }
            _ => return self.failed(step, label, &argv, &ended),
        }
        if let Kind::Observed(_) = step.kind {
            fs::read_to_string(Place::OUTPUT)
                .unwrap_or_default()
                .lines()
                .for_each(|line| self.progress.detail(line));
        }
        if self.plan.is_traced(step) {
            let to = self.status(step).with_file_name("trace.csv");
            fs::copy(Place::TRACE, &to).with_context(|| format!("cannot write {}", to.display()))?;
        }
        Ok(())
    }

    fn run(&mut self, kind: Kind, argv: &[String]) -> Outcome<Ended> {
        let create = |path: &str| File::create(path).with_context(|| format!("cannot write {path}"));
        let stdout = match kind {
            Kind::Observed(_) => Stdio::from(create(Place::OUTPUT)?),
            _ => Stdio::null(),
        };
        let output = Output { stdout: Some(stdout), stderr: Some(create(Place::ERRORS)?) };
        let code = self.processes.run(argv, output)?;
        let errors = fs::read(Place::ERRORS).with_context(|| format!("cannot read {}", Place::ERRORS))?;
        Ok(Ended { code, errors: String::from_utf8_lossy(&errors).into_owned() })
    }

    /// A timed run; where others disturb it, again.
    fn round(&mut self, step: &Step, round: u32, label: &str, argv: &[String]) -> Outcome<()> {
        let (mut tries, mut kept) = (0, None);
        loop {
            let before = Reading::take(self.processes.server())?;
            let ended = self.run(step.kind, argv)?;
            let share = Reading::take(self.processes.server())?.since(&before);
            if ended.code != 0 {
                return self.failed(step, label, argv, &ended);
            }
            tries += 1;
            kept = Some(calmer(kept, (share, files::parse(Path::new(Place::ROUND), tools::timing)?)));
            if !share.disturbs() || !self.patient {
                break;
            }
            let then = if tries < TRIES { "measured again" } else { "the least disturbed run counts" };
            self.progress.say(&format!(
                "  disturbed: others had {:.0} % of the CPUs, the hypervisor {:.0} %; {then}",
                share.others, share.steal
            ));
            if tries == TRIES {
                break;
            }
        }
        let (share, timing) = kept.context("no run of this round")?;
        let slug = self.row(step).slug.clone();
        self.write_rounds(step, |rounds| {
            rounds.retain(|old| (old.round, &old.slug) != (round, &slug));
            rounds.push(Round {
                round,
                slug,
                wall_s: timing.wall,
                user_s: microseconds(timing.user),
                system_s: microseconds(timing.system),
                others_percent: Some(share.others),
                steal_percent: Some(share.steal),
                tries,
            });
        })?;
        Ok(())
    }

    /// Changes the rounds of a sitting. Whoever reads the file sees all of it.
    fn write_rounds(&self, step: &Step, change: impl FnOnce(&mut Vec<Round>)) -> Result<()> {
        let path = self.sittings[step.workload].join("rounds.csv");
        let mut rounds = if path.exists() { files::csv(&path)? } else { Vec::new() };
        change(&mut rounds);
        let aside = path.with_extension("new");
        files::write(&aside, &files::to_csv(&rounds)?)?;
        fs::rename(&aside, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// A row that has no figures: one line says why, and nothing else stays of it.
    fn note(&self, step: &Step, line: &str) -> Result<()> {
        self.progress.say(line);
        let slug = &self.row(step).slug;
        let status = self.status(step);
        if let Some(folder) = status.parent().filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        files::write(&status, &format!("{line}\n"))?;
        match step.kind {
            Kind::Round(_) => self.write_rounds(step, |rounds| rounds.retain(|round| round.slug != *slug)),
            _ => Ok(()),
        }
    }

    /// A model that fails as it grows is a result; elsewhere it ends the bench.
    fn failed(&self, step: &Step, label: &str, argv: &[String], ended: &Ended) -> Outcome<()> {
        if self.workload(step).vary == Vary::Size {
            return Ok(self.note(step, &format!("failed: {}", verdict(ended)))?);
        }
        Err(complaint(label, argv, ended))
    }
}

/// The run that counts: the one that others disturbed least.
fn calmer(kept: Option<(Share, Timing)>, next: (Share, Timing)) -> (Share, Timing) {
    kept.filter(|(share, _)| share.sum() <= next.0.sum()).unwrap_or(next)
}

/// Without the noise of hyperfine's sums.
fn microseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// What a program that failed says of it in a line: its own verdict, or what it says of its items.
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

fn complaint(label: &str, argv: &[String], ended: &Ended) -> Stop {
    let mut lines = vec![format!("failed with exit code {}: {label}", ended.code)];
    lines.push(format!("  {}", progress::shell(argv)));
    lines.extend(ended.errors.lines().map(|line| format!("  {line}")));
    if argv.first().is_some_and(|program| program == "hyperfine") {
        lines.push("  hyperfine hides what the program says: add --show-output".to_owned());
    }
    lines.push("The results are as they were.".to_owned());
    failed(anyhow!(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_why_a_program_failed() {
        let of = |errors: &str| verdict(&Ended { code: 7, errors: errors.to_owned() });
        assert_eq!(of(""), "exit code 7");
        assert_eq!(of("no more threads\n"), "no more threads");
        assert_eq!(of("a\nno more threads\n\n"), "2 lines like: no more threads");
        assert_eq!(of("host 1: refused\nError: cannot start\nhost 2"), "cannot start");
    }

    #[test]
    fn the_least_disturbed_run_counts() {
        let run = |others, wall| (Share { others, steal: 1.0 }, Timing { wall, user: 0.0, system: 0.0 });
        let runs = [run(9.0, 0.3), run(6.0, 0.2), run(7.0, 0.1)];
        let kept = runs.into_iter().fold(None, |kept, next| Some(calmer(kept, next)));
        assert_eq!(kept, Some(run(6.0, 0.2)), "not the quickest");
    }
}
