//! A run from its beginning to its end: a look at the machine, set-up, build, the steps, the report, the exchange.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result};

use crate::{
    busy,
    collect::collect,
    exchange::Exchange,
    folders, machine,
    perform::Performer,
    processes::Processes,
    programs::{self, Programs},
    progress::{self, Progress},
    run::Run,
    settings::Settings,
    steps::Steps,
    stop::{Outcome, Stop, refuse},
};

const LOCK: &str = "target/bench.lock";

/// Measures, and moves the results into place.
pub fn bench(settings: &Settings) -> Outcome<()> {
    let _lock = lock()?;
    let programs = Programs::new(settings.bin_dir.as_deref());
    let mut run = if settings.resume { Run::stopped().map_err(refuse)? } else { Some(Run::asked(settings)?) }
        .ok_or_else(|| Stop::refused("nothing to resume: no run was stopped here"))?;
    let plan = Steps::new(&run, &programs);
    if settings.print {
        progress::print(plan.to_string().trim_end());
        return Ok(());
    }
    if settings.resume {
        run.check()?;
    } else if let Some(stopped) = Run::stopped().ok().flatten().filter(|_| !settings.fresh) {
        stopped.check_thrown_away(&Steps::new(&stopped, &programs))?;
    }
    let exchange = Exchange::new(run.results(), &run.name);
    exchange.restore()?;

    let mut processes = Processes::new()?;
    let packages = programs::packages(&run);
    tell(&run, &plan, programs.build_s(&packages, machine::cpus()?));
    programs.set_up(&mut processes, &run)?;
    programs.build(&mut processes, &packages)?;

    let mut progress = Progress::new()?;
    // Quick results are no figures.
    let busy_is_fine = settings.busy || run.quick;
    let busy_percent = busy::wait_until_idle(&mut processes, &progress, busy_is_fine)?;
    if !settings.resume {
        let warnings = run.begin(busy_percent)?;
        warnings.iter().for_each(|warning| progress.say(&format!("warning: {warning}")));
        if let Some(urls) = settings.urls() {
            link(urls)?;
        }
    }
    let mut performer = Performer {
        processes: &mut processes,
        progress: &mut progress,
        plan: &plan,
        patient: !busy_is_fine,
        serving: None,
    };
    performer
        .perform()
        .and_then(|()| finish(&mut processes, &progress, &programs, &run, &plan, &exchange))
        .map_err(|mut stop| {
        if Path::new(folders::RUN).exists() {
            stop.message += "\nmake resume continues after the last complete step";
        }
        stop
    })?;
    drop(progress);
    progress::print(&format!("{}/README.md", exchange.place.display()));
    Ok(())
}

/// Held as long as this process lives; no child inherits it.
fn lock() -> Outcome<File> {
    let open = || {
        fs::create_dir_all(folders::ALL)?;
        File::create(LOCK)
    };
    let file = open().with_context(|| format!("cannot write {LOCK}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Stop::refused("another bench runs in this folder: wait for it, or stop it"))
        }
        Err(fs::TryLockError::Error(error)) => Err(Stop::failed(format!("cannot lock {LOCK}: {error}"))),
    }
}

/// What is going to be done, and how long it takes.
fn tell(run: &Run, plan: &Steps, build_s: f64) {
    let keys: Vec<&str> = run.workloads().map(|workload| workload.key.as_str()).collect();
    let minutes = |seconds: f64| (seconds / 60.0).ceil();
    let (least, most) = Steps::seconds(&plan.steps);
    let mut line =
        format!("{}: {} steps, about {:.0} min", keys.join(", "), plan.steps.len(), minutes(least + build_s));
    if build_s > 0.0 {
        line += &format!(", {:.0} of them to build what is not there yet", minutes(build_s));
    }
    if most > least {
        line += &format!("; up to {:.0} min if the figures of this machine scatter", minutes(most + build_s));
    }
    progress::print(&line);
    if !run.counted {
        progress::print("strace does not work here: system calls are not counted");
    }
}

/// The user's own hosts, where a lab would write its URLs. No copy: there may be passwords in it.
fn link(urls: &Path) -> Result<()> {
    let link = format!("{}/db.urls", folders::LAB);
    let link_it = || symlink(fs::canonicalize(urls)?, &link);
    link_it().with_context(|| format!("cannot write {link}"))
}

/// Puts the results together, makes their pages, and exchanges them with the old ones.
fn finish(
    processes: &mut Processes,
    progress: &Progress,
    programs: &Programs,
    run: &Run,
    plan: &Steps,
    exchange: &Exchange,
) -> Outcome<()> {
    let put = || {
        exchange.make_room()?;
        collect(run, plan, &exchange.place, &exchange.new)
    };
    let made = put()
        .map_err(|error| Stop::failed(format!("{error:#} (is the disk full?); the results are as they were")))
        .and_then(|notices| {
            notices.iter().for_each(|notice| progress.say(notice));
            let folder = exchange.new.display().to_string();
            report(processes, programs, &["report", &folder], "as they were")
        });
    if made.is_err() {
        let _ = exchange.clean();
    }
    made?;
    // Nothing comes between from here on: a signal waits until a command runs.
    exchange.exchange()?;
    fs::remove_file(folders::RUN).with_context(|| format!("cannot remove {}", folders::RUN))?;
    if run.quick {
        return Ok(());
    }
    // What shows several results folders, and the figures in README.md and docs.
    report(processes, programs, &["report"], "the new ones").map_err(|stop| match stop.is_signal() {
        true => Stop {
            message: "stopped; the results are the new ones, make report makes the pages that show them"
                .to_owned(),
            ..stop
        },
        false => stop,
    })
}

fn report(processes: &mut Processes, programs: &Programs, args: &[&str], left: &str) -> Outcome<()> {
    let mut argv = vec![programs.path("bench-report")];
    argv.extend(args.iter().map(ToString::to_string));
    match processes.run(&argv, Stdio::null(), Stdio::inherit())? {
        0 => Ok(()),
        code => Err(Stop::failed(format!(
            "failed with exit code {code}: {} (see above); the results are {left}",
            shell_words::join(&argv)
        ))),
    }
}
