//! Where a run writes: everything under `target/bench`, until it is complete. Relative to the root of the repository.

/// The server's.
pub const LAB: &str = "target/bench/lab";
/// The files of the step that runs.
pub const STEP: &str = "target/bench/step";
/// The files of complete steps, in a folder for each row.
pub const STEPS: &str = "target/bench/steps";
/// What is measured, as long as the results are not in place.
pub const RUN: &str = "target/bench/run.toml";
pub const SERVER_ERRORS: &str = "target/bench/server.txt";
pub const SERVER_OUTPUT: &str = "target/bench/server-output.txt";
