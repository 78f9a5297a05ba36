//! Start and stop.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mysql::Conn;
use mysql::prelude::Queryable;
use rustix::process::{Pid, Signal, kill_process};

use crate::lab::{Lab, command};

#[test]
fn stops_when_its_pipe_closes_and_on_signals() {
    for signal in [None, Some(Signal::TERM), Some(Signal::INT)] {
        // What is not a pipe does not stop it.
        let mut lab = Lab::start_with(signal.map_or(Stdio::piped(), |_| Stdio::null()), &[]);
        let mut connection = Conn::new(lab.urls[0].as_str()).unwrap();
        thread::spawn(move || connection.query_drop("select sleep(60)"));
        while lab.counts()[2] == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        match signal {
            Some(signal) => kill_process(Pid::from_child(&lab.child), signal).unwrap(),
            None => drop(lab.child.stdin.take()),
        }
        assert_eq!(lab.wait().code(), Some(0), "{signal:?}");
    }
}

#[test]
fn its_files_are_complete_and_private() {
    let lab = Lab::start(&["--hosts", "300"]);
    let mode = fs::metadata(lab.dir.path().join("db.urls")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, fs::read_dir(lab.dir.path()).unwrap().count()), (0o600, 2));
    assert!(lab.urls.len() == 300 && lab.urls[299].contains("@127.0.2.50:"));
    let password = |lab: &Lab| lab.urls[0].split(['/', '@']).nth(2).unwrap().to_owned();
    assert_ne!(password(&lab), password(&Lab::start(&[])));
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    for (args, message) in [
        (&["--hosts", "0"], "invalid value '0' for '--hosts <N>'"),
        (&["--sick", "hang=501"], "bench-lab: --sick asks for 501 sick ones, --hosts is 500"),
        (&["--sick", "no-price=101"], "bench-lab: --sick asks for 101 sick ones, --days is 100"),
        (&["--sick", "ill=1"], "invalid value 'ill=1' for '--sick <FAULT=N>': not a name of a fault"),
        (&["--rtt", "far"], "invalid value 'far' for '--rtt <SECONDS>'"),
        (&["--dir", "/dev/null/lab"], "bench-lab: cannot write /dev/null/lab/db.urls"),
        (&["--trace", "/no/such/folder/trace.csv"], "bench-lab: cannot write /no/such/folder/trace.csv"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut lab = Command::new(command(&dir).get_program());
        if args[0] != "--dir" {
            lab = command(&dir);
        }
        let output = lab.args(args).stdin(Stdio::null()).output().unwrap();
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
    let output = Command::new("sh")
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
