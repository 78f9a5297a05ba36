//! The statements that the hosts understand: `select sleep(x)`, and what client libraries ask by
//! themselves. A select list may hold any mix of the latter.

use std::borrow::Cow;
use std::time::Duration;

use super::handshake::{DATABASE, USER, VERSION};
use super::wire::{MAX_PACKET, SqlError};

/// The answer to a statement.
#[derive(Debug, PartialEq)]
pub enum Reply {
    /// Done, there are no rows.
    Ok,
    /// A result set.
    Rows(Rows),
    /// The item of the workload: a result set after a while. The column's name, the time.
    Sleep(String, Duration),
    /// Not understood.
    Error(SqlError),
}

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

/// The row of `select sleep(x)`: 0, not interrupted.
pub fn slept(column: String) -> Rows {
    Rows { columns: vec![Column { name: column, value: Value::Int(0) }], is_empty: false }
}

/// Understands a statement.
pub fn parse(statement: &[u8]) -> Reply {
    let Ok(text) = str::from_utf8(statement) else {
        return Reply::Error(syntax_error("?"));
    };
    let statement = text.trim().trim_end_matches([';', ' ']);
    let (verb, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
    let rest = rest.trim_start();
    match verb.to_ascii_lowercase().as_str() {
        "select" => select(rest),
        "set" | "use" | "begin" | "start" | "commit" | "rollback" => Reply::Ok,
        "show" if rest.eq_ignore_ascii_case("warnings") => Reply::Rows(no_warnings()),
        _ => Reply::Error(syntax_error(statement)),
    }
}

fn select(list: &str) -> Reply {
    if let Some(argument) = call(list, "sleep") {
        return match argument.parse().map(Duration::try_from_secs_f64) {
            Ok(Ok(time)) => Reply::Sleep(list.to_owned(), time),
            _ => Reply::Error(SqlError::new(1210, b"HY000", "Incorrect arguments to sleep.")),
        };
    }
    let mut columns = Vec::new();
    for item in without_suffix(list, " limit 1").unwrap_or(list).split(',').map(str::trim) {
        let lower = item.to_ascii_lowercase();
        let (expression, name) = match lower.find(" as ") {
            Some(at) => (lower[..at].trim_end(), item[at + 4..].trim_matches([' ', '`', '\''])),
            None => (lower.as_str(), item),
        };
        match evaluate(expression) {
            Ok(value) => columns.push(Column { name: name.to_owned(), value }),
            Err(error) => return Reply::Error(error),
        }
    }
    Reply::Rows(Rows { columns, is_empty: false })
}

/// The value of an expression in lower case.
fn evaluate(expression: &str) -> Result<Value, SqlError> {
    if let Some(variable) = expression.strip_prefix("@@") {
        let name = variable
            .strip_prefix("session.")
            .or_else(|| variable.strip_prefix("global."))
            .unwrap_or(variable);
        return system_variable(name)
            .ok_or_else(|| SqlError::new(1193, b"HY000", format!("Unknown system variable '{name}'")));
    }
    Ok(match expression {
        "null" => Value::Null,
        "version()" => Value::Text(VERSION.into()),
        "database()" | "schema()" => Value::Text(DATABASE.into()),
        "user()" | "current_user()" => Value::Text(format!("{USER}@localhost").into()),
        _ => match (expression.parse(), quoted(expression)) {
            (Ok(number), _) => Value::Int(number),
            (_, Some(text)) => Value::Text(text.to_owned().into()),
            _ => return Err(syntax_error(expression)),
        },
    })
}

/// The variables that client libraries read. `@@socket` is empty: the Rust drivers would leave TCP
/// for it, and `mysql` takes no NULL.
fn system_variable(name: &str) -> Option<Value> {
    Some(match name {
        "autocommit" => Value::Int(1),
        "lower_case_table_names" => Value::Int(0),
        "max_allowed_packet" => Value::Int(MAX_PACKET as u64),
        "socket" => Value::Text("".into()),
        "sql_mode" => Value::Text("".into()),
        "transaction_isolation" | "tx_isolation" => Value::Text("REPEATABLE-READ".into()),
        "version" => Value::Text(VERSION.into()),
        "version_comment" => Value::Text("bench-lab".into()),
        "wait_timeout" => Value::Int(28_800),
        _ => return None,
    })
}

/// `argument` of the expression `function(argument)`.
fn call<'a>(expression: &'a str, function: &str) -> Option<&'a str> {
    let (name, argument) = expression.strip_suffix(')')?.split_once('(')?;
    name.trim_end().eq_ignore_ascii_case(function).then(|| argument.trim())
}

/// The text between quotes.
fn quoted(expression: &str) -> Option<&str> {
    expression.strip_prefix('\'')?.strip_suffix('\'')
}

fn without_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

/// The empty result of `show warnings`.
fn no_warnings() -> Rows {
    let column = |name: &str, value| Column { name: name.to_owned(), value };
    Rows {
        columns: vec![
            column("Level", Value::Null),
            column("Code", Value::Int(0)),
            column("Message", Value::Null),
        ],
        is_empty: true,
    }
}

fn syntax_error(near: &str) -> SqlError {
    let near: String = near.chars().take(80).collect();
    SqlError::new(
        1064,
        b"42000",
        format!("You have an error in your SQL syntax: the lab does not know '{near}'"),
    )
}
