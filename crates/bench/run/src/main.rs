//! The driver of the bench: takes the matrix, runs every step, and moves complete results into place.
//!
//! `bench-run [--quick] [--study STUDY] [--resume] [--again] [--print] [--bin-dir DIR] [WORKLOAD…]`, in the root of the
//! repository.
//!
//! Each command stands in the output as a line that a shell can run. Ctrl-C, SIGTERM and SIGHUP end it within 2 s, and
//! nothing it started outlives it, not even when it is killed (see [`guard`]).
//!
//! Exit code: 0 when the results are in place, 1 when a program or a tool failed, 2 for what is wrong before anything is
//! measured, such as bad input or a busy machine, 128 + N after signal N.

mod bench;
mod busy;
mod facts;
mod guard;
mod machine;
mod perform;
mod processes;
mod programs;
mod progress;
mod results;
mod run;
mod settings;
mod steps;

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use signal_hook::{consts::SIGCHLD, flag};

use crate::{bench::Bench, processes::Stopped, run::RUN, settings::Settings};

fn main() -> ExitCode {
    // Whoever ignores SIGCHLD hands that down, and then no child could be waited for.
    let _ = flag::register(SIGCHLD, Arc::new(AtomicBool::new(false)));
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|first| first == guard::GUARD) {
        return guard::main(args);
    }
    let (code, ended) = match Settings::read().and_then(|settings| Bench::prepare(&settings)) {
        Ok(Some(bench)) => (1, bench.measure()),
        prepared => (2, prepared.map(drop)),
    };
    let Err(error) = ended else { return ExitCode::SUCCESS };
    let advice = match code == 1 && Path::new(RUN).exists() {
        true => "\nmake resume continues after the last complete step",
        false => "",
    };
    let (new_line, code) = match error.downcast_ref::<Stopped>() {
        Some(stopped) => ("\n", 128 + stopped.signal),
        None => ("", code),
    };
    let _ = writeln!(io::stderr(), "{new_line}bench: {error:#}{advice}");
    ExitCode::from(u8::try_from(code).unwrap_or(255))
}
