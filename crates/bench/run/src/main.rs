//! The driver of the bench: takes the matrix, runs every step, and moves complete results into place.
//!
//! `bench-run [--quick] [--study STUDY] [--resume] [--again] [--bin-dir DIR] [WORKLOAD…]`, in the root of the repository.
//!
//! Each command stands in the output as a line that a shell can run. Ctrl-C, SIGTERM and SIGHUP end it within 2 s, and
//! nothing it started outlives it, not even when it is killed (see [`guard`]).
//!
//! Exit code: 0 when the results are in place, 1 when a program failed, 2 for bad input or a machine that is busy, 128 + N
//! after signal N.

mod again;
mod arguments;
mod busy;
mod drive;
mod exchange;
mod facts;
mod guard;
mod machine;
mod perform;
mod place;
mod process;
mod programs;
mod progress;
mod report;
mod state;
mod steps;
mod stop;

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use crate::{arguments::Settings, stop::Stop};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|first| first == guard::GUARD) {
        return guard::main(args);
    }
    match Settings::read().and_then(drive::bench) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            let new_line = if matches!(stop, Stop::Signal(_)) { "\n" } else { "" };
            let _ = writeln!(io::stderr(), "{new_line}bench: {stop}");
            if !matches!(stop, Stop::Refused(_)) && Path::new(state::STATE).exists() {
                let _ = writeln!(io::stderr(), "make resume goes on after the last complete step");
            }
            ExitCode::from(stop.code())
        }
    }
}
