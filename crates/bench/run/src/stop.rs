//! Why the bench ends before its results are complete.

use std::fmt::Display;

use anyhow::{Error, anyhow};

/// Why, with what to tell the user.
#[derive(Debug)]
pub enum Stop {
    /// This signal asked for it.
    Signal(i32),
    /// Bad input, or a place where it cannot run: nothing was begun.
    Refused(Error),
    /// Something went wrong on the way.
    Failed(Error),
}

/// What something gave, unless the bench has to end.
pub type Outcome<T> = Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(error)
    }
}

/// For bad input.
pub fn refused(message: impl Display) -> Stop {
    Stop::Refused(anyhow!("{message}"))
}

/// For bad input that somebody else has put into words.
pub fn refuse(error: Error) -> Stop {
    Stop::Refused(error)
}

/// For what went wrong.
pub fn failed(message: impl Display) -> Stop {
    Stop::Failed(anyhow!("{message}"))
}

impl Stop {
    /// The exit code: 128 + N after signal N, 2 for bad input, else 1.
    pub fn code(&self) -> u8 {
        match self {
            Stop::Signal(signal) => 128 + u8::try_from(*signal).unwrap_or(0),
            Stop::Refused(_) => 2,
            Stop::Failed(_) => 1,
        }
    }
}

impl Display for Stop {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stop::Signal(_) => write!(to, "stopped; the results are as they were"),
            Stop::Refused(error) | Stop::Failed(error) => write!(to, "{error:#}"),
        }
    }
}
