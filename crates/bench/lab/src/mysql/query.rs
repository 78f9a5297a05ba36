//! The statements that the hosts understand: `select sleep(x)`, and what client libraries ask by
//! themselves. A select list may hold any mix of the latter.

use std::time::Duration;

use super::answer::{Column, DATABASE, MAX_PACKET, Rows, SqlError, USER, VERSION, Value};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn sleep(column: &str, seconds: f64) -> Reply {
        Reply::Sleep(column.to_owned(), Duration::from_secs_f64(seconds))
    }

    /// The row of a statement, as the text protocol would show it.
    fn row(statement: &str) -> Vec<(String, String)> {
        let Reply::Rows(rows) = parse(statement.as_bytes()) else {
            panic!("{statement}: no rows");
        };
        let show = |value| match value {
            Value::Null => "NULL".to_owned(),
            Value::Int(int) => int.to_string(),
            Value::Text(text) => text.into_owned(),
        };
        rows.columns.into_iter().map(|column| (column.name, show(column.value))).collect()
    }

    fn error_code(statement: &[u8]) -> u16 {
        match parse(statement) {
            Reply::Error(error) => error.code,
            reply => panic!("{reply:?}"),
        }
    }

    #[test]
    fn sleeps_for_any_time() {
        assert_eq!(parse(b"select sleep(0.1)"), sleep("sleep(0.1)", 0.1));
        assert_eq!(parse(b"\n SELECT\tSLEEP( 2 ) ; "), sleep("SLEEP( 2 )", 2.0));
        assert_eq!(parse(b"Select Sleep (0);"), sleep("Sleep (0)", 0.0));
        for bad in ["-0.1", "", "x", "inf", "NaN", "1e30", "0.1, 2"] {
            assert_eq!(error_code(format!("select sleep({bad})").as_bytes()), 1210, "{bad}");
        }
    }

    #[test]
    fn answers_what_clients_ask_by_themselves() {
        let pairs = |row: &[(&str, &str)]| -> Vec<_> {
            row.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
        };
        assert_eq!(
            row("SELECT @@max_allowed_packet,@@wait_timeout,@@socket"),
            pairs(&[("@@max_allowed_packet", "65536"), ("@@wait_timeout", "28800"), ("@@socket", "")])
        );
        assert_eq!(row("select @@version_comment limit 1"), pairs(&[("@@version_comment", "bench-lab")]));
        assert_eq!(row("SELECT @@Session.Autocommit AS `A`"), pairs(&[("A", "1")]));
        assert_eq!(
            row("select DATABASE(), USER() limit 1"),
            pairs(&[("DATABASE()", "bench"), ("USER()", "bench@localhost")])
        );
        assert_eq!(row("select 1"), pairs(&[("1", "1")]));
        for statement in
            ["SET NAMES utf8mb4", "SET AUTOCOMMIT = 0", "commit", "ROLLBACK", "start transaction"]
        {
            assert_eq!(parse(statement.as_bytes()), Reply::Ok, "{statement}");
        }
        assert_eq!(parse(b"SHOW WARNINGS"), Reply::Rows(no_warnings()));
    }

    #[test]
    fn refuses_everything_else() {
        let nothing = ["", ";", "select", "select ", "select ,", "select x", "select 1 from hosts"];
        for statement in nothing.into_iter().chain(["show tables", "selectsleep(1)", "ä", "drop ä as"]) {
            assert_eq!(error_code(statement.as_bytes()), 1064, "{statement}");
        }
        assert_eq!(error_code(b"select \xff"), 1064);
        assert_eq!(error_code(b"select @@nonsense"), 1193);
    }
}
