//! Start and stop.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use rustix::process::{Pid, Signal, kill_process};

use crate::lab::{Lab, command};

/// A lab with an idle connection, one that waits for a query, and one that waits for a page.
fn busy_lab() -> Lab {
    let lab = Lab::start(&["--prices-delay", "60"]);
    let mut connection = mysql::Conn::new(lab.urls[0].as_str()).unwrap();
    let mut idle = mysql::Conn::new(lab.urls[1].as_str()).unwrap();
    thread::spawn(move || connection.query_drop("select sleep(60)"));
    let prices = format!("{}/prices?date=2026-11-21", lab.base);
    thread::spawn(move || {
        let _ = ureq::get(prices).call();
        idle.ping()
    });
    while lab.stat("db/max_in_flight") + lab.stat("prices/max_in_flight") < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    lab
}

#[test]
fn stops_when_standard_input_closes() {
    let mut lab = busy_lab();
    drop(lab.child.stdin.take());
    assert_eq!(lab.wait().code(), Some(0));
}

#[test]
fn stops_on_signals() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut lab = busy_lab();
        kill_process(Pid::from_child(&lab.child), signal).unwrap();
        assert_eq!(lab.wait().code(), Some(0));
    }
}

#[test]
fn its_files_are_complete_and_private() {
    let lab = Lab::start(&["--hosts", "300"]);
    let mode = fs::metadata(lab.dir.path().join("db.urls")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(lab.dir.path()).unwrap().count(), 2);
    assert_eq!(lab.urls.len(), 300);
    assert!(lab.urls[299].contains("@127.0.2.50:"));
    let other = Lab::start(&[]);
    let password = |lab: &Lab| lab.urls[0].split(['/', '@']).nth(2).unwrap().to_owned();
    assert_ne!(password(&lab), password(&other));
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (args, message) in [
        (vec!["--hosts", "0"], "invalid value '0' for '--hosts <N>'"),
        (vec!["--hosts", "2", "--sick", "hang=3"], "bench-lab: --sick asks for 3 sick ones, --hosts is 2"),
        (vec!["--sick", "no-price=101"], "bench-lab: --sick asks for 101 sick ones, --days is 100"),
        (vec!["--sick", "ill=1"], "invalid value 'ill=1' for '--sick <KIND=COUNT>': no such kind"),
        (vec!["--prices-delay=-1"], "invalid value '-1' for '--prices-delay <SECONDS>'"),
        (vec!["--rtt=-0.001"], "invalid value '-0.001' for '--rtt <SECONDS>'"),
        (vec!["--rtt", "far"], "invalid value 'far' for '--rtt <SECONDS>'"),
        (vec!["--db-port", &port], &format!("bench-lab: cannot listen on port {port}")),
        (vec!["--dir", "/dev/null/lab"], "bench-lab: cannot write /dev/null/lab/db.urls"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut command = command(&dir);
        if args[0] == "--dir" {
            command = std::process::Command::new(command.get_program());
        }
        let output = command.args(&args).stdin(Stdio::null()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(message), "{args:?}: {stderr}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn too_few_descriptors_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let lab = command(&dir);
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 300 && exec \"$0\" \"$@\" --hosts 500"])
        .arg(lab.get_program())
        .args(lab.get_args())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("--hosts 500 needs 700 file descriptors, the hard limit is 300"), "{stderr}");
}
