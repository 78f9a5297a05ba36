//! Where a run writes: everything under `target/bench`, until it is complete. Relative to the root of the repository.

pub const ALL: &str = "target/bench";
/// The server's.
pub const LAB: &str = "target/bench/lab";
/// What the server notes of each item, where it does.
pub const TRACE: &str = "target/bench/lab/trace.csv";
/// The files of complete steps, in a folder for each row.
pub const STEPS: &str = "target/bench/steps";
/// What is measured, as long as the results are not in place.
pub const RUN: &str = "target/bench/run.toml";
/// hyperfine's export of one round.
pub const ROUND: &str = "target/bench/round.json";
/// Standard error of the last step, and of the server.
pub const ERRORS: &str = "target/bench/stderr.txt";
pub const SERVER_ERRORS: &str = "target/bench/server.txt";
pub const SERVER_OUTPUT: &str = "target/bench/server-output.txt";
/// Every step and its command, where the terminal shows one line only.
pub const COMMANDS: &str = "target/bench/commands.txt";

/// The folder of a row's files.
pub fn row(key: &str, slug: &str) -> String {
    format!("{STEPS}/{key}/{slug}")
}
