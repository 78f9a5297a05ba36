//! The statements that the hosts understand: `select sleep(x)`, `call p(x)`, and what client libraries ask by
//! themselves. A select list may hold any mix of the latter.

use std::borrow::Cow;
use std::time::Duration;

use super::wire::MAX_PACKET;
use super::{DATABASE, USER};

/// Clients take it for a MySQL 8.
pub const VERSION: &str = "8.0.0-bench-lab";

/// The answer to a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Done, there are no rows.
    Ok,
    Rows(Rows),
    Item(Item),
    /// Not understood.
    Error(SqlError),
}

/// The item of the workload: a result set after a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub rows: Rows,
    pub time: Duration,
    /// Whether a procedure is called, whose result set is followed by an OK.
    pub is_call: bool,
}

/// A result set of one row, or of none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns' names, the expressions as they were written or their aliases, with their values.
    pub columns: Vec<(String, Value)>,
    /// Whether there is no row: the values say the columns' types only.
    pub is_empty: bool,
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Int(u64),
    Text(Cow<'static, str>),
}

/// An error of MySQL as in its Server Error Message Reference.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlError {
    pub code: u16,
    /// SQL state.
    pub state: [u8; 5],
    pub message: String,
}

impl SqlError {
    pub fn new(code: u16, state: &[u8; 5], message: impl Into<String>) -> Self {
        Self { code, state: *state, message: message.into() }
    }
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
        "call" => match rest.strip_suffix(')').and_then(|call| call.split_once('(')) {
            Some((_, time)) => item(rest, if time.trim().is_empty() { "0" } else { time.trim() }, true),
            None => Reply::Error(syntax_error(statement)),
        },
        "set" | "use" | "begin" | "start" | "commit" | "rollback" => Reply::Ok,
        "show" if rest.eq_ignore_ascii_case("warnings") => Reply::Rows(no_warnings()),
        _ => Reply::Error(syntax_error(statement)),
    }
}

/// An item that takes this time. Its row is 0, not interrupted.
fn item(column: &str, time: &str, is_call: bool) -> Reply {
    let rows = Rows { columns: vec![(column.to_owned(), Value::Int(0))], is_empty: false };
    match time.parse().map(Duration::try_from_secs_f64) {
        Ok(Ok(time)) => Reply::Item(Item { rows, time, is_call }),
        _ => Reply::Error(SqlError::new(1210, b"HY000", "Incorrect arguments to sleep.")),
    }
}

fn select(list: &str) -> Reply {
    if let Some(argument) = call(list, "sleep") {
        return item(list, argument, false);
    }
    let mut columns = Vec::new();
    for item in without_suffix(list, " limit 1").unwrap_or(list).split(',').map(str::trim) {
        let lower = item.to_ascii_lowercase();
        let (expression, name) = match lower.find(" as ") {
            Some(at) => (lower[..at].trim_end(), item[at + 4..].trim_matches([' ', '`', '\''])),
            None => (lower.as_str(), item),
        };
        match evaluate(expression) {
            Ok(value) => columns.push((name.to_owned(), value)),
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
        _ => Value::Int(expression.parse().map_err(|_| syntax_error(expression))?),
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

fn without_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

/// The empty result of `show warnings`.
fn no_warnings() -> Rows {
    let column = |name: &str, value| (name.to_owned(), value);
    let columns =
        vec![column("Level", Value::Null), column("Code", Value::Int(0)), column("Message", Value::Null)];
    Rows { columns, is_empty: true }
}

fn syntax_error(near: &str) -> SqlError {
    let near: String = near.chars().take(80).collect();
    SqlError::new(
        1064,
        b"42000",
        format!("You have an error in your SQL syntax: the lab does not know '{near}'"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a statement is answered with: its time if it is an item, columns and row as the text protocol shows them, or
    /// the number of an error.
    fn shown(statement: &[u8]) -> String {
        let row = |rows: Rows| {
            let show = |(name, value)| match value {
                Value::Null => format!("{name}=NULL"),
                Value::Int(int) => format!("{name}={int}"),
                Value::Text(text) => format!("{name}={text}"),
            };
            rows.columns.into_iter().map(show).collect::<Vec<_>>().join(" ")
        };
        match parse(statement) {
            Reply::Ok => "ok".to_owned(),
            Reply::Rows(rows) => row(rows),
            Reply::Item(Item { rows, time, is_call }) => format!("{time:?} {is_call} {}", row(rows)),
            Reply::Error(error) => error.code.to_string(),
        }
    }

    #[test]
    fn understands_items_and_what_clients_ask_by_themselves_and_nothing_else() {
        for (statement, expected) in [
            ("select sleep(0.1)", "100ms false sleep(0.1)=0"),
            ("\n SELECT\tSLEEP( 2 ) ; ", "2s false SLEEP( 2 )=0"),
            ("call p(0.1)", "100ms true p(0.1)=0"),
            ("CALL report ();", "0ns true report ()=0"),
            (
                "SELECT @@max_allowed_packet,@@wait_timeout,@@socket",
                "@@max_allowed_packet=65536 @@wait_timeout=28800 @@socket=",
            ),
            ("select @@version_comment limit 1", "@@version_comment=bench-lab"),
            ("SELECT @@Session.Autocommit AS `A`", "A=1"),
            ("select DATABASE(), USER() limit 1", "DATABASE()=bench USER()=bench@localhost"),
            ("SHOW WARNINGS", "Level=NULL Code=0 Message=NULL"),
            ("SET NAMES utf8mb4", "ok"),
            ("ROLLBACK", "ok"),
            ("start transaction", "ok"),
            ("select @@nonsense", "1193"),
        ] {
            assert_eq!(shown(statement.as_bytes()), expected, "{statement}");
        }
        for bad in ["-0.1", "", "x", "inf", "NaN", "1e30", "0.1, 2", "?"] {
            assert_eq!(shown(format!("select sleep({bad})").as_bytes()), "1210", "{bad}");
        }
        for statement in [
            "",
            ";",
            "select",
            "select ,",
            "select x",
            "select 1 from hosts",
            "selectsleep(1)",
            "drop ä as",
            "call p",
        ] {
            assert_eq!(shown(statement.as_bytes()), "1064", "{statement}");
        }
        assert_eq!(shown(b"select \xff"), "1064");
    }
}
