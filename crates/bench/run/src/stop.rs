//! Why the bench ends before its results are complete.

use anyhow::Error;

/// The exit code and the message that it ends with.
#[derive(Debug)]
pub struct Stop {
    pub code: u8,
    pub message: String,
}

pub type Outcome<T> = Result<T, Stop>;

impl Stop {
    /// Bad input, or a machine where it cannot run: nothing was begun.
    pub fn refused(message: impl ToString) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// Something went wrong on the way.
    pub fn failed(message: impl ToString) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    pub fn signal(number: i32) -> Self {
        let code = 128 + u8::try_from(number).unwrap_or(0);
        Self { code, message: "stopped; the results are as they were".to_owned() }
    }

    pub fn is_signal(&self) -> bool {
        self.code > 128
    }
}

/// An error in the user's input, with everything that led to it.
pub fn refuse(error: Error) -> Stop {
    Stop::refused(format!("{error:#}"))
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::failed(format!("{error:#}"))
    }
}
