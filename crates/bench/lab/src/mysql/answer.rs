//! What the hosts say: who they are, rows, errors.

use std::borrow::Cow;

/// The only user.
pub const USER: &str = "bench";

/// The only database.
pub const DATABASE: &str = "bench";

/// Clients take it for a MySQL 8.
pub const VERSION: &str = "8.0.0-bench-lab";

/// The largest packet that is taken, in bytes, and the most that is kept unread.
pub const MAX_PACKET: usize = 64 << 10;

/// A result set of one row, or of none.
#[derive(Debug, PartialEq)]
pub struct Rows {
    /// The columns with their values.
    pub columns: Vec<Column>,
    /// Whether there is no row: the values say the columns' types only.
    pub is_empty: bool,
}

/// A column of a row.
#[derive(Debug, PartialEq)]
pub struct Column {
    /// The name: the expression as it was written, or its alias.
    pub name: String,
    /// The value in the row.
    pub value: Value,
}

/// A value in a row.
#[derive(Debug, PartialEq)]
pub enum Value {
    /// NULL
    Null,
    /// A number.
    Int(u64),
    /// A text.
    Text(Cow<'static, str>),
}

/// An error of MySQL: its number, its SQL state, its message.
#[derive(Debug, PartialEq)]
pub struct SqlError {
    /// As in MySQL's Server Error Message Reference.
    pub code: u16,
    /// SQL state.
    pub state: [u8; 5],
    /// For people.
    pub message: String,
}

impl SqlError {
    /// An error as in MySQL's Server Error Message Reference.
    pub fn new(code: u16, state: &[u8; 5], message: impl Into<String>) -> Self {
        Self { code, state: *state, message: message.into() }
    }

    /// What is sent is larger than [`MAX_PACKET`].
    pub fn packet_too_large() -> Self {
        Self::new(1153, b"08S01", "Got a packet bigger than 'max_allowed_packet' bytes")
    }
}
