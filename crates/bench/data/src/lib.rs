//! What the bench knows: its statistics.

pub mod stats;
