//! The clients that the programs use, with their defaults.

use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, Error, OptsBuilder};
use mysql_async::prelude::Queryable as _;

use crate::lab::Lab;

/// Opens a connection that gives up after half a second.
fn connect(url: &str) -> mysql::Result<Conn> {
    let options = OptsBuilder::from_opts(mysql::Opts::from_url(url)?);
    Conn::new(options.read_timeout(Some(Duration::from_millis(500))))
}

fn server_error(error: &Error) -> Option<(u16, &str)> {
    match error {
        Error::MySqlError(error) => Some((error.code, &error.state)),
        _ => None,
    }
}

#[test]
fn mysql_sleeps_on_every_host() {
    for auth in ["native", "sha2"] {
        let lab = Lab::start(&["--auth", auth]);
        assert_eq!(lab.urls.len(), 10);
        for url in &lab.urls {
            let mut connection = connect(url).unwrap();
            let start = Instant::now();
            let row: mysql::Row = connection.query_first(" SELECT Sleep(0.02) ; ").unwrap().unwrap();
            assert!(start.elapsed() >= Duration::from_millis(20));
            assert_eq!(row.columns_ref()[0].name_str(), "Sleep(0.02)");
            assert_eq!(row.get::<i64, _>(0), Some(0));
        }
        assert_eq!(lab.counts("db"), (10, 10, 1));
    }
}

#[tokio::test]
async fn mysql_async_sleeps_on_every_host_at_once() {
    for auth in ["native", "sha2"] {
        let lab = Lab::start(&["--auth", auth]);
        let ask = |url: String| {
            tokio::spawn(async move {
                let mut connection = mysql_async::Conn::from_url(url).await?;
                let row: Option<u8> = connection.query_first("select sleep(0.3)").await?;
                connection.disconnect().await?;
                mysql_async::Result::Ok(row)
            })
        };
        let tasks: Vec<_> = lab.urls.iter().cloned().map(ask).collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), Some(0));
        }
        assert_eq!(lab.counts("db"), (10, 10, 10));
    }
}

#[test]
fn a_reset_leaves_what_is_in_flight() {
    let lab = Lab::start(&[]);
    let url = lab.urls[0].clone();
    let mut connection = connect(&url).unwrap();
    let asking = thread::spawn(move || connection.query_drop("select sleep(0.4)").unwrap());
    while lab.stat("db/max_in_flight") == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    lab.reset();
    assert_eq!(lab.counts("db"), (0, 0, 1));
    asking.join().unwrap();
    assert_eq!(lab.counts("db"), (0, 1, 1));
    lab.reset();
    assert_eq!(lab.counts("db"), (0, 0, 0));
}

#[test]
fn who_may_not_log_in_is_refused() {
    for auth in ["native", "sha2"] {
        let lab = Lab::start(&["--auth", auth]);
        let url = &lab.urls[0];
        for (url, code) in [
            (url.replace("//bench:", "//bench:x"), 1045),
            (url.replace("//bench:", "//root:"), 1045),
            (format!("{url}_of_others"), 1049),
        ] {
            let error = connect(&url).err().unwrap();
            assert_eq!(server_error(&error).map(|(code, _)| code), Some(code), "{error}");
        }
        assert_eq!(lab.counts("db"), (3, 0, 0));
    }
}

#[test]
fn what_it_does_not_know_is_an_error() {
    let lab = Lab::start(&[]);
    let mut connection = connect(&lab.urls[0]).unwrap();
    for (statement, code, state) in [
        ("drop table hosts", 1064, "42000"),
        ("select sleep(-1)", 1210, "HY000"),
        ("select sleep(one)", 1210, "HY000"),
        ("select @@nonsense", 1193, "HY000"),
        ("select 'ä', 3, nonsense", 1064, "42000"),
    ] {
        let error = connection.query_drop(statement).unwrap_err();
        assert_eq!(server_error(&error), Some((code, state)), "{statement}: {error}");
    }
    let error = connection.prep("select ?").unwrap_err();
    assert_eq!(server_error(&error), Some((1295, "HY000")));
    // It goes on after errors.
    connection.ping().unwrap();
    connection.query_drop("set names utf8mb4").unwrap();
    assert_eq!(connection.query_first("select 1").unwrap(), Some(1));
    connection.reset().unwrap();
    connection.select_db("bench").unwrap();
    assert!(connection.select_db("other").is_err());
    assert_eq!(lab.counts("db"), (1, 0, 0));
}

#[test]
fn each_kind_is_sick_in_its_way() {
    for (kind, items) in [("refuse", 0), ("hang", 0), ("error", 0), ("close", 0), ("slow", 1)] {
        let lab = Lab::start(&["--sick", &format!("{kind}=1")]);
        let sick = &lab.urls[5];
        let start = Instant::now();
        let result = connect(sick).and_then(|mut connection| connection.query_first("select sleep(0.03)"));
        let took = start.elapsed();
        match (kind, result) {
            ("refuse", Err(error)) => assert!(error.to_string().contains("Connection refused")),
            ("hang", Err(Error::CodecError(_) | Error::IoError(_))) => {
                assert!(took >= Duration::from_millis(500))
            }
            ("error", Err(error)) => assert_eq!(server_error(&error), Some((1105, "HY000"))),
            ("close", Err(Error::CodecError(_) | Error::IoError(_))) => {}
            ("slow", Ok(row)) => {
                assert_eq!(row, Some(0));
                assert!(took >= Duration::from_millis(300));
            }
            (_, result) => panic!("{kind}: {result:?}"),
        }
        let (_, counted, _) = lab.counts("db");
        assert_eq!(counted, items, "{kind}");
        // Its neighbour is well.
        assert_eq!(connect(&lab.urls[4]).unwrap().query_first("select sleep(0)").unwrap(), Some(0));
    }
}

#[tokio::test]
async fn mysql_async_sees_the_same_sickness() {
    let lab =
        Lab::start(&["--sick", "error=1", "--sick", "close=1", "--sick", "refuse=1", "--sick", "hang=1"]);
    let mut errors = Vec::new();
    for url in lab.urls.clone() {
        let asking = async {
            let mut connection = mysql_async::Conn::from_url(url).await?;
            connection.query_first::<u8, _>("select sleep(0)").await
        };
        match tokio::time::timeout(Duration::from_millis(300), asking).await {
            Ok(Ok(row)) => assert_eq!(row, Some(0)),
            Ok(Err(mysql_async::Error::Server(error))) => errors.push(error.message),
            Ok(Err(_)) => errors.push("I/O".to_owned()),
            Err(_) => errors.push("timeout".to_owned()),
        }
    }
    errors.sort();
    assert_eq!(errors, ["I/O", "I/O", "This host is sick", "timeout"]);
}
