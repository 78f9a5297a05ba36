//! The one place where bench-report is called.

use std::path::Path;

use crate::{
    process::{Output, Processes},
    programs::Programs,
    progress,
    stop::{Outcome, failed},
};

/// Makes the pages of one results folder.
///
/// # Errors
/// bench-report has said why; what was measured is still there.
pub fn pages(processes: &mut Processes, programs: &Programs, folder: &Path) -> Outcome<()> {
    report(processes, programs, &["report", &folder.display().to_string()], "as they were")
}

/// Makes what shows several results folders, and the parts of README.md and docs that show figures.
///
/// # Errors
/// bench-report has said why; the results are the new ones.
pub fn all(processes: &mut Processes, programs: &Programs) -> Outcome<()> {
    report(processes, programs, &["report"], "the new ones")
}

fn report(processes: &mut Processes, programs: &Programs, args: &[&str], left: &str) -> Outcome<()> {
    let mut argv = vec![programs.path("bench-report")];
    argv.extend(args.iter().map(ToString::to_string));
    let output = Output { stdout: Some(std::process::Stdio::null()), stderr: None };
    match processes.run(&argv, output)? {
        0 => Ok(()),
        code => Err(failed(format!(
            "failed with exit code {code}: {} (see above); the results are {left}",
            progress::shell(&argv)
        ))),
    }
}
