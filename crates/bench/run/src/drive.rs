//! A run from its beginning to its end: set-up, build, a look at the machine, the steps, the report, the exchange.

use std::{
    fs::{self, File},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bench_data::{files, matrix::Matrix, resolve, workload::Workload};

use crate::{
    again,
    arguments::{Request, Settings},
    busy,
    exchange::{self, Exchange},
    facts::{self, Start},
    machine,
    perform::Performer,
    place::Place,
    process::Processes,
    programs::{self, Programs},
    progress::{self, Progress},
    report,
    state::{self, Done, State},
    steps::Plan,
    stop::{Outcome, failed, refuse, refused},
};

const MATRIX: &str = "bench.toml";
const LOCK: &str = "target/bench.lock";

/// Measures, and moves the results into place.
///
/// # Errors
/// Why it ended before: the results are as they were.
pub fn bench(settings: Settings) -> Outcome<()> {
    if !Path::new(MATRIX).exists() {
        return Err(refused(format!("no {MATRIX} here: run it in the root of the repository")));
    }
    let matrix = Matrix::read(Path::new(MATRIX)).map_err(refuse)?;
    let _lock = lock()?;
    let stopped = if settings.resume { Some(State::read()?) } else { None };
    let request = match &stopped {
        Some(state) => settings.request.clone().resumed(&state.request),
        None => settings.request.clone(),
    };
    let size = request.size()?;
    // Names first: nobody waits for a set-up to learn of a mistake.
    let resolve = |count| {
        let at = resolve::Place {
            cpus: machine::cpus()?,
            quick: request.quick,
            count,
            python: request.python,
            size,
        };
        matrix.resolve(&request.study, &request.workloads, &at)
    };
    resolve(true).map_err(refuse)?;

    let mut processes = Processes::new()?;
    let programs = Programs::new(settings.bin_dir.as_deref());
    programs.set_up(&mut processes, &request)?;
    let name = match &request.machine {
        Some(name) => name.clone(),
        None => machine::name()?,
    };
    let exchange = Exchange::new(request.results(), &name);
    exchange.restore()?;
    let count = strace_works();
    let (workloads, sittings) = if request.again {
        let again = again::workloads(&exchange.place, &request.workloads, request.python)?;
        again.into_iter().map(|again| (again.workload, again.sitting)).unzip()
    } else {
        let workloads = resolve(count).map_err(refuse)?;
        let sittings = vec![1; workloads.len()];
        (workloads, sittings)
    };
    if !request.quick {
        check_kept(&exchange.place)?;
    }

    let now = jiff::Timestamp::now();
    let seed = stopped.as_ref().and_then(|state| state.facts.seed).unwrap_or(now.as_second().unsigned_abs());
    let packages = programs::packages(&workloads);
    let plan = Plan::new(workloads, &programs, seed);
    tell(
        &plan,
        programs.build_s(&packages, machine::cpus()?),
        count || request.again || request.study != "bench",
    );
    programs.build(&mut processes, &packages)?;

    if let Some(state) = &stopped {
        state.check(&request, &plan)?;
        Place::make_folders()?;
    } else {
        Place::make()?;
    }
    if let Some(urls) = &request.urls {
        copy_urls(&mut processes, urls)?;
    }
    let mut progress = Progress::new()?;
    // Quick results are no figures.
    let busy_is_fine = settings.busy || request.quick;
    let busy_percent = match busy_is_fine {
        true => busy::busy_now(&mut processes)?,
        false => busy::wait_until_idle(&mut processes, &progress)?,
    };
    if stopped.is_none() {
        let date = now.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let busy = busy_percent > bench_data::rounds::DISTURBED_PERCENT;
        begin(Start { date, seed, busy_percent, busy }, &request, &plan, &sittings, &mut progress)?;
    }
    let sittings = plan.workloads.iter().zip(&sittings).map(|(workload, number)| sitting(workload, *number));
    let mut performer = Performer {
        processes: &mut processes,
        progress: &mut progress,
        plan: &plan,
        sittings: sittings.collect(),
        done: Done::open()?,
        patient: !busy_is_fine,
        server: None,
    };
    performer.all()?;
    drop(progress);
    finish(&mut processes, &programs, &request, &exchange)?;
    progress::print(&format!("{}/README.md", exchange.place.display()));
    Ok(())
}

/// Held as long as this process lives; no child inherits it.
fn lock() -> Outcome<File> {
    let open = || {
        fs::create_dir_all("target")?;
        File::create(LOCK)
    };
    let file = open().with_context(|| format!("cannot write {LOCK}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(refused("another bench runs in this folder: wait for it, or stop it"))
        }
        Err(fs::TryLockError::Error(error)) => Err(failed(format!("cannot lock {LOCK}: {error}"))),
    }
}

/// Whether strace is installed and allowed to trace.
fn strace_works() -> bool {
    machine::output("strace", &["-c", "-o", "/dev/null", "true"]).is_some()
}

fn tell(plan: &Plan, build_s: f64, counted: bool) {
    let keys: Vec<&str> = plan.workloads.iter().map(|workload| workload.key.as_str()).collect();
    let minutes = |seconds: f64| (seconds / 60.0).ceil();
    let mut line = format!(
        "{}: {} steps, about {:.0} min",
        keys.join(", "),
        plan.steps.len(),
        minutes(Plan::seconds(&plan.steps) + build_s)
    );
    if build_s > 0.0 {
        line += &format!(", {:.0} of them to build what is not there yet", minutes(build_s));
    }
    progress::print(&line);
    if !counted {
        progress::print("strace does not work here: system calls are not counted");
    }
}

/// What stays beside the new results has to be readable, or the report could not be made in the end.
fn check_kept(place: &Path) -> Outcome<()> {
    for folder in files::folders(&place.join("raw")).unwrap_or_default() {
        Workload::read(&folder.join("workload.toml")).map_err(|error| {
            refused(format!("{error:#}; move {} away, or set MACHINE to another name", place.display()))
        })?;
    }
    Ok(())
}

fn sitting(workload: &Workload, number: u32) -> PathBuf {
    Path::new(Place::NEW).join("raw").join(&workload.key).join(format!("sitting-{number}"))
}

/// Writes what is known before the first step.
fn begin(
    start: Start,
    request: &Request,
    plan: &Plan,
    sittings: &[u32],
    progress: &mut Progress,
) -> Result<()> {
    let machine = machine::look()?;
    let facts = facts::look(start, &machine, &plan.workloads)?;
    facts.warnings.iter().for_each(|warning| progress.say(&format!("warning: {warning}")));
    files::write_toml(&Path::new(Place::NEW).join("machine.toml"), &machine)?;
    for (workload, number) in plan.workloads.iter().zip(sittings) {
        files::write_toml(&sitting(workload, *number).join("facts.toml"), &facts)?;
        if request.again {
            continue;
        }
        let folder = Path::new(Place::NEW).join("raw").join(&workload.key);
        files::write_toml(&folder.join("workload.toml"), workload)?;
        for row in &workload.rows {
            let folder = folder.join(&row.slug);
            match &row.skip {
                Some(reason) => files::write(&folder.join("status.txt"), &format!("{reason}\n"))?,
                None => fs::create_dir_all(&folder)
                    .with_context(|| format!("cannot create {}", folder.display()))?,
            }
        }
    }
    let programs = state::fingerprints(plan);
    let workloads = plan.workloads.clone();
    State { version: bench_data::SCHEMA, request: request.clone(), facts, programs, workloads }.begin()
}

/// The user's own hosts, for whose passwords there is a copy that nobody else may read, as long as this process lives.
fn copy_urls(processes: &mut Processes, urls: &Path) -> Result<()> {
    let copy = format!("{}/db.urls", Place::LAB);
    let text = files::text(urls)?;
    let write = || {
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&copy)?;
        std::io::Write::write_all(&mut &file, text.as_bytes())
    };
    processes.remove_at_end(&copy)?;
    write().with_context(|| format!("cannot write {copy}"))
}

/// Puts the results together, makes their pages, and exchanges them with the old ones.
fn finish(
    processes: &mut Processes,
    programs: &Programs,
    request: &Request,
    exchange: &Exchange,
) -> Outcome<()> {
    let put = || {
        exchange.make_room()?;
        keep(request, &exchange.place, &exchange.new)?;
        exchange::copy(Path::new(Place::NEW), &exchange.new)
    };
    put().map_err(|error| {
        let _ = exchange.clean();
        failed(format!("{error:#} (is the disk full?); the results are as they were"))
    })?;
    let made = report::pages(processes, programs, &exchange.new);
    if made.is_err() {
        let _ = exchange.clean();
    }
    made?;
    // Nothing may come between from here on: it takes milliseconds.
    processes.be_deaf();
    exchange.exchange()?;
    fs::remove_file(state::STATE).with_context(|| format!("cannot remove {}", state::STATE))?;
    if !request.quick {
        report::all(processes, programs)?;
    }
    Ok(())
}

/// Copies what is not measured now.
fn keep(request: &Request, from: &Path, to: &Path) -> Result<()> {
    if request.quick {
        return Ok(());
    }
    for folder in files::folders(&from.join("raw")).unwrap_or_default() {
        let name = folder.file_name().unwrap_or_default();
        let workload = Workload::read(&folder.join("workload.toml"))?;
        let measured = Path::new(Place::NEW).join("raw").join(name).exists();
        // Of a study that is measured anew whole, what is no longer asked goes.
        let gone = workload.study == request.study && request.workloads.is_empty();
        if request.again || !(measured || gone) {
            exchange::copy(&folder, &to.join("raw").join(name))?;
        }
    }
    Ok(())
}
