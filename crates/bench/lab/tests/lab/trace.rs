//! When each item began and ended.

use std::path::Path;
use std::thread;
use std::time::UNIX_EPOCH;

use bench_data::files;
use bench_data::trace::Item;
use mysql::prelude::Queryable;

use crate::lab::{Lab, command};

fn read(trace: &Path) -> Vec<Item> {
    files::csv(trace).unwrap()
}

/// A lab that traces. The folder of the file goes with it.
fn tracing_lab() -> (Lab, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.csv");
    (Lab::start(&["--prices-delay", "0.03", "--trace", file.to_str().unwrap()]), folder)
}

#[test]
fn each_item_has_its_connection_its_begin_and_its_end() {
    let (lab, folder) = tracing_lab();
    let trace = folder.path().join("trace.csv");
    let mut connection = mysql::Conn::new(lab.urls[1].as_str()).unwrap();
    for _ in 0..2 {
        connection.query_drop("select sleep(0.02)").unwrap();
    }
    let get = |path: &str| ureq::get(format!("{}{path}", lab.base)).call().unwrap();
    get("/page/first?delay=0.01");
    get("/prices?date=2026-11-21");

    let items = read(&trace);
    let names: Vec<_> = items.iter().map(|item| (item.workload.as_str(), item.item.as_str())).collect();
    assert_eq!(names, [("db", "127.0.1.2"), ("db", "127.0.1.2"), ("web", "first"), ("prices", "2026-11-21")]);
    for (item, least) in items.iter().zip([0.02, 0.02, 0.01, 0.03]) {
        assert!(item.accepted_s <= item.begin_s && item.begin_s + least <= item.end_s, "{item:?}");
    }
    assert_eq!(items[0].accepted_s, items[1].accepted_s, "one connection");
    assert!(items[0].end_s <= items[1].begin_s && items[2].accepted_s > items[0].accepted_s, "{items:?}");
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!(items[3].end_s <= now && now - items[0].accepted_s < 600.0, "the system's clock: {items:?}");
}

#[test]
fn a_reset_begins_anew_and_what_is_given_up_ends() {
    let (lab, folder) = tracing_lab();
    let trace = folder.path().join("trace.csv");
    let url = lab.urls[0].as_str();
    mysql::Conn::new(url).unwrap().query_drop("select sleep(0)").unwrap();
    assert_eq!(read(&trace).len(), 1);
    lab.reset();
    assert!(read(&trace).is_empty());

    let opts = mysql::OptsBuilder::from_opts(mysql::Opts::from_url(url).unwrap());
    let opts = opts.read_timeout(Some(std::time::Duration::from_millis(50)));
    mysql::Conn::new(opts).unwrap().query_drop("select sleep(60)").unwrap_err();
    while read(&trace).is_empty() {
        thread::sleep(std::time::Duration::from_millis(5));
    }
    let items = read(&trace);
    assert!(items.len() == 1 && items[0].end_s - items[0].accepted_s < 60.0, "{items:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_reported_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let output = command(&dir).args(["--trace", "/no/such/folder/trace.csv"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("bench-lab: cannot write /no/such/folder/trace.csv"), "{stderr}");
}
