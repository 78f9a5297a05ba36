//! The data of the bench: what is measured, what the tools wrote, and the figures made of it. Each record that one tool
//! writes and another reads is defined here, once.
//!
//! - [`matrix`]: `bench.toml`, what is measured; [`resolve`] makes [`workload`]s of it for one machine, [`programs`] lists what it runs.
//! - [`facts`], [`rounds`], [`runs`], [`tools`]: the raw files of a workload.
//! - [`trace`]: when each item began and ended, for the timelines.
//! - [`results`]: a results directory, read whole; [`measurement`]: its figures, `measurements.csv`.
//! - [`stats`]: what may be said of them.

#![allow(missing_docs, reason = "a record's fields say what they are; what they do not say has a comment")]

pub mod facts;
pub mod files;
pub mod lab;
pub mod matrix;
pub mod measurement;
pub mod programs;
pub mod raw;
pub mod resolve;
pub mod results;
pub mod rounds;
pub mod runs;
pub mod stats;
pub mod tools;
pub mod trace;
pub mod waits;
pub mod workload;

/// Version of the raw files. It changes when a tool can no longer read what an older one wrote.
pub const SCHEMA: u32 = 4;
