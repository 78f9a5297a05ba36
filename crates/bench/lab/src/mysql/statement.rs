//! The statements that the hosts understand: `select sleep(x)`, `call p(x)`, and the questions of client
//! libraries, of which a select list may hold any mix.

use std::time::Duration;

use mysql_common::Value;
use mysql_common::constants::CapabilityFlags;
use mysql_common::packets::ServerError;

use super::{DATABASE, MAX_PACKET, USER, VERSION, error};

/// The answer to a statement: one row, or success where it has no columns.
#[derive(Clone, Default)]
pub struct Reply {
    /// Names, as the expressions were written, and values.
    pub columns: Vec<(String, Value)>,
    /// An item of the workload takes this time.
    pub delay: Option<Duration>,
    /// Whether a procedure is called, whose row is followed by an OK.
    pub is_call: bool,
}

pub fn parse(statement: &[u8], capabilities: CapabilityFlags) -> Result<Reply, ServerError<'static>> {
    let text = String::from_utf8_lossy(statement);
    let statement = text.trim().trim_end_matches([';', ' ']);
    let (verb, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
    let rest = rest.trim_start();
    let (name, argument) = rest.strip_suffix(')').and_then(|call| call.split_once('(')).unwrap_or_default();
    let is_sleep = name.trim_end().eq_ignore_ascii_case("sleep");
    match verb.to_ascii_lowercase().as_str() {
        "select" if is_sleep => item(rest, argument.trim(), false),
        "select" => select(rest),
        "call" if !capabilities.contains(CapabilityFlags::CLIENT_MULTI_RESULTS) => {
            let message =
                format!("PROCEDURE {DATABASE}.{name} can't return a result set in the given context");
            Err(error(1312, b"0A000", message))
        }
        "call" if !name.is_empty() => item(rest, argument.trim(), true),
        "set" | "use" | "begin" | "start" | "commit" | "rollback" => Ok(Reply::default()),
        _ => Err(syntax_error(statement)),
    }
}

/// An item whose row is 0, not interrupted. A procedure without an argument takes no time.
fn item(column: &str, seconds: &str, is_call: bool) -> Result<Reply, ServerError<'static>> {
    let seconds = if is_call && seconds.is_empty() { "0" } else { seconds };
    match seconds.parse().map(Duration::try_from_secs_f64) {
        Ok(Ok(delay)) => {
            Ok(Reply { columns: vec![(column.to_owned(), Value::Int(0))], delay: Some(delay), is_call })
        }
        _ => Err(error(1210, b"HY000", "Incorrect arguments to sleep.")),
    }
}

fn select(list: &str) -> Result<Reply, ServerError<'static>> {
    let lower = list.to_ascii_lowercase();
    let list = &list[..lower.strip_suffix(" limit 1").unwrap_or(&lower).len()];
    let columns = list.split(',').map(str::trim).map(|name| Ok((name.to_owned(), evaluate(name)?)));
    Ok(Reply { columns: columns.collect::<Result<_, _>>()?, ..Reply::default() })
}

fn evaluate(expression: &str) -> Result<Value, ServerError<'static>> {
    let expression = expression.to_ascii_lowercase();
    Ok(match expression.as_str() {
        "null" => Value::NULL,
        "version()" => VERSION.into(),
        "database()" | "schema()" => DATABASE.into(),
        "user()" | "current_user()" => format!("{USER}@localhost").into(),
        _ => match expression.strip_prefix("@@") {
            Some(name) => {
                let name = name.trim_start_matches("session.").trim_start_matches("global.");
                system_variable(name)
                    .ok_or_else(|| error(1193, b"HY000", format!("Unknown system variable '{name}'")))?
            }
            None => Value::Int(expression.parse().map_err(|_| syntax_error(&expression))?),
        },
    })
}

/// The variables that client libraries read. `@@socket` is empty: the Rust drivers would leave TCP
/// for it, and `mysql` takes no NULL.
fn system_variable(name: &str) -> Option<Value> {
    Some(match name {
        "autocommit" => Value::Int(1),
        "lower_case_table_names" => Value::Int(0),
        "max_allowed_packet" => Value::Int(MAX_PACKET as i64),
        "socket" | "sql_mode" => "".into(),
        "transaction_isolation" | "tx_isolation" => "REPEATABLE-READ".into(),
        "version" => VERSION.into(),
        "version_comment" => "bench-lab".into(),
        "wait_timeout" => Value::Int(28_800),
        _ => return None,
    })
}

fn syntax_error(near: &str) -> ServerError<'static> {
    let near: String = near.chars().take(80).collect();
    error(1064, b"42000", format!("You have an error in your SQL syntax: the lab does not know '{near}'"))
}
