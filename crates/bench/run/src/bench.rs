//! A run from its beginning to its end: a look at the machine, set-up, build, the steps, the report, the exchange.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::symlink,
    process::Stdio,
};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::{
    busy,
    perform::Performer,
    processes::{Processes, measured},
    programs::Programs,
    progress::{self, Progress},
    results::Results,
    run::{RUN, Run},
    settings::Settings,
    steps::{self, LAB, Step},
};

const LOCK: &str = "target/bench.lock";

/// Everything that measuring needs, on a machine that is fit for it.
pub struct Bench {
    programs: Programs,
    run: Run,
    steps: Vec<Step>,
    results: Results,
    performer: Performer,
    _lock: File,
}

impl Bench {
    /// Does what comes before the first step. None where the steps are only shown.
    pub fn prepare(settings: &Settings) -> Result<Option<Self>> {
        let lock = lock()?;
        let programs = Programs::new(settings.bin_dir.as_deref());
        let mut run = match settings.resume {
            true => Run::stopped()?.context("nothing to resume: no run was stopped here")?,
            false => Run::asked(settings)?,
        };
        let steps = steps::steps(&run, &programs);
        if settings.print {
            steps.iter().for_each(|step| progress::print(&step.describe()));
            return Ok(None);
        }
        if settings.resume {
            run.check()?;
        } else if let Ok(Some(stopped)) = Run::stopped()
            && !(settings.fresh || stopped.quick)
        {
            // What `make resume` could use is not thrown away.
            let steps = steps::steps(&stopped, &programs);
            let done = steps.iter().filter(|step| step.is_done()).count();
            ensure!(
                done == 0,
                "{} was stopped after {done} of {} steps: make resume continues it, FRESH=1 throws it away",
                stopped.keys(),
                steps.len()
            );
        }
        let results = Results::of(&run)?;
        let left = steps.iter().filter(|step| !(settings.resume && step.is_done()));
        tell(&run, steps.len(), steps::seconds(left), programs.build_s(&run)?);

        let mut processes = Processes::new()?;
        programs.build(&mut processes, &run)?;
        // Quick results are no figures.
        let patient = !(settings.busy || run.quick);
        let mut performer = Performer { processes, progress: Progress::new(), patient };
        let busy_percent = busy::wait_until_idle(&mut performer)?;
        if !settings.resume {
            let warnings = run.begin(busy_percent)?;
            warnings.iter().for_each(|warning| performer.progress.say(&format!("warning: {warning}")));
            if !settings.urls.is_empty() {
                // The user's own hosts, where a lab would write its URLs. No copy: there may be passwords in it.
                let link = format!("{LAB}/db.urls");
                let linked = fs::canonicalize(&settings.urls).and_then(|urls| symlink(urls, &link));
                linked.with_context(|| format!("cannot write {link}"))?;
            }
        }
        Ok(Some(Self { programs, run, steps, results, performer, _lock: lock }))
    }

    /// Makes the steps and the pages of the results, and exchanges these with the old ones.
    pub fn measure(mut self) -> Result<()> {
        self.performer.perform(&self.run, &self.steps)?;
        self.results
            .collect(&self.run, &self.steps)
            .map_err(|error| anyhow!("{error:#} (is the disk full?); the results are as they were"))
            .and_then(|notices| {
                notices.iter().for_each(|notice| self.performer.progress.say(notice));
                let new = self.results.new.display().to_string();
                self.report(Some(new), "as they were")
            })
            .inspect_err(|_| drop(self.results.clean()))?;
        // Nothing comes between from here on: a signal waits until a command runs.
        self.results.exchange()?;
        fs::remove_file(RUN).with_context(|| format!("cannot remove {RUN}"))?;
        if !self.run.quick {
            // What shows several results folders, and the figures in README.md and docs.
            self.performer.processes.results = "the new ones, make report makes the pages that show them";
            self.report(None, "the new ones")?;
        }
        drop(self.performer);
        progress::print(&format!("{}/README.md", self.results.place.display()));
        Ok(())
    }

    fn report(&mut self, folder: Option<String>, left: &str) -> Result<()> {
        let mut argv = vec![self.programs.path("bench-report"), "report".to_owned()];
        argv.extend(folder);
        let code = self.performer.processes.run(measured(&argv).stderr(Stdio::inherit()))?;
        let command = shell_words::join(&argv);
        ensure!(code == 0, "failed with exit code {code}: {command} (see above); the results are {left}");
        Ok(())
    }
}

/// Held as long as this process lives; no child inherits it.
fn lock() -> Result<File> {
    let file = fs::create_dir_all("target/bench").and_then(|()| File::create(LOCK));
    let file = file.with_context(|| format!("cannot write {LOCK}"))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => bail!("another bench runs in this folder: wait for it, or stop it"),
        locked => locked.with_context(|| format!("cannot lock {LOCK}"))?,
    }
    Ok(file)
}

/// What is going to be done, and how long it takes.
fn tell(run: &Run, steps: usize, (least, most): (f64, f64), build_s: f64) {
    let minutes = |seconds: f64| (seconds / 60.0).ceil();
    let mut line = format!("{}: {steps} steps, about {:.0} min", run.keys(), minutes(least + build_s));
    if build_s > 0.0 {
        line += &format!(", {:.0} of them to build what is not there yet", minutes(build_s));
    }
    if most > least {
        line += &format!("; up to {:.0} min if the figures of this machine scatter", minutes(most + build_s));
    }
    progress::print(&line);
}
