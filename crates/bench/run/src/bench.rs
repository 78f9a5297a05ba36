//! A run from its beginning to its end: a look at the machine, set-up, build, the steps, the report, the exchange.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::symlink,
    path::Path,
    process::Stdio,
};

use anyhow::Context;

use crate::{
    busy,
    folders::{LAB, RUN},
    perform::Performer,
    processes::{Processes, measured},
    programs::Programs,
    progress::{self, Progress},
    results::Results,
    run::Run,
    settings::Settings,
    steps::{self, Step},
    stop::{Outcome, Stop, refuse},
};

const LOCK: &str = "target/bench.lock";

/// Measures, and moves the results into place.
pub fn bench(settings: &Settings) -> Outcome<()> {
    let _lock = lock()?;
    let programs = Programs::new(settings.bin_dir.as_deref());
    let mut run = match settings.resume {
        true => Run::stopped()
            .map_err(refuse)?
            .ok_or(Stop::refused("nothing to resume: no run was stopped here"))?,
        false => Run::asked(settings)?,
    };
    let steps = steps::steps(&run, &programs);
    if settings.print {
        steps.iter().for_each(|step| progress::print(&step.describe()));
        return Ok(());
    }
    if settings.resume {
        run.check()?;
    } else if let Ok(Some(stopped)) = Run::stopped()
        && !settings.fresh
    {
        refuse_to_throw_away(&stopped, &steps::steps(&stopped, &programs))?;
    }
    let results = Results::of(&run);
    results.restore()?;
    let left = steps.iter().filter(|step| !(settings.resume && step.is_done()));
    tell(&run, steps.len(), steps::seconds(left), programs.build_s(&run)?);

    let mut processes = Processes::new()?;
    programs.build(&mut processes, &run)?;
    let progress = Progress::new();
    // Quick results are no figures.
    let busy_is_fine = settings.busy || run.quick;
    let busy_percent = busy::wait_until_idle(&mut processes, &progress, busy_is_fine)?;
    if !settings.resume {
        let warnings = run.begin(busy_percent)?;
        warnings.iter().for_each(|warning| progress.say(&format!("warning: {warning}")));
        if !settings.urls.is_empty() {
            // The user's own hosts, where a lab would write its URLs. No copy: there may be passwords in it.
            let link = format!("{LAB}/db.urls");
            let linked = fs::canonicalize(&settings.urls).and_then(|urls| symlink(urls, &link));
            linked.with_context(|| format!("cannot write {link}"))?;
        }
    }
    let mut performer = Performer { processes: &mut processes, progress: &progress, patient: !busy_is_fine };
    performer
        .perform(&run, &steps)
        .and_then(|()| finish(&mut processes, &progress, &programs, &run, &steps, &results))
        .map_err(|mut stop| {
            if Path::new(RUN).exists() {
                stop.message += "\nmake resume continues after the last complete step";
            }
            stop
        })?;
    drop(progress);
    progress::print(&format!("{}/README.md", results.place.display()));
    Ok(())
}

/// Held as long as this process lives; no child inherits it.
fn lock() -> Outcome<File> {
    let file = fs::create_dir_all("target/bench").and_then(|()| File::create(LOCK));
    let file = file.with_context(|| format!("cannot write {LOCK}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Stop::refused("another bench runs in this folder: wait for it, or stop it"))
        }
        Err(TryLockError::Error(error)) => Err(Stop::failed(format!("cannot lock {LOCK}: {error}"))),
    }
}

/// What `make resume` could use is not thrown away.
fn refuse_to_throw_away(stopped: &Run, steps: &[Step]) -> Outcome<()> {
    let done = steps.iter().filter(|step| step.is_done()).count();
    if done == 0 || stopped.quick {
        return Ok(());
    }
    Err(Stop::refused(format!(
        "{} was stopped after {done} of {} steps: make resume continues it, FRESH=1 throws it away",
        stopped.keys(),
        steps.len()
    )))
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

/// Puts the results together, makes their pages, and exchanges them with the old ones.
fn finish(
    processes: &mut Processes,
    progress: &Progress,
    programs: &Programs,
    run: &Run,
    steps: &[Step],
    results: &Results,
) -> Outcome<()> {
    let made = results
        .collect(run, steps)
        .map_err(|error| Stop::failed(format!("{error:#} (is the disk full?); the results are as they were")))
        .and_then(|notices| {
            notices.iter().for_each(|notice| progress.say(notice));
            report(processes, programs, Some(&results.new), "as they were")
        });
    if made.is_err() {
        let _ = results.clean();
    }
    made?;
    // Nothing comes between from here on: a signal waits until a command runs.
    results.exchange()?;
    fs::remove_file(RUN).with_context(|| format!("cannot remove {RUN}"))?;
    if run.quick {
        return Ok(());
    }
    // What shows several results folders, and the figures in README.md and docs.
    report(processes, programs, None, "the new ones").map_err(|mut stop| {
        if stop.is_signal() {
            stop.message =
                "stopped; the results are the new ones, make report makes the pages that show them".into();
        }
        stop
    })
}

fn report(processes: &mut Processes, programs: &Programs, folder: Option<&Path>, left: &str) -> Outcome<()> {
    let mut argv = vec![programs.path("bench-report"), "report".to_owned()];
    argv.extend(folder.map(|folder| folder.display().to_string()));
    let mut command = measured(&argv);
    command.stderr(Stdio::inherit());
    match processes.run(command)? {
        0 => Ok(()),
        code => Err(Stop::failed(format!(
            "failed with exit code {code}: {} (see above); the results are {left}",
            shell_words::join(&argv)
        ))),
    }
}
