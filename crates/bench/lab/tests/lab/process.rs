//! Start and stop.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use behaviour_tests::{Lab, alive, kill, password, program, run_limited, scratch, spawn, until};

use crate::{connect, lab};

#[test]
fn stops_on_signals_and_when_its_pipe_closes_and_at_no_other_end_of_its_input() {
    for (input, end) in
        [("a pipe", "close"), ("a pipe", "-TERM"), ("/dev/null", "-INT"), ("Cargo.toml", "-TERM")]
    {
        let dir = scratch();
        let mut command = Command::new(program("bench-lab"));
        command.args(["--hosts", "1", "--dir"]).arg(dir.path());
        command.stdin(fs::File::open(input).map_or(Stdio::piped(), Stdio::from));
        let mut lab = Lab { process: spawn(&mut command), dir };
        until("its files", || fs::exists(lab.file("http.url")).unwrap());
        let _waiting = connect(&lab.hosts()[0]);
        assert_eq!((lab.counts(), lab.process.try_wait().unwrap()), ((0, 0), None), "{input}");
        match end {
            "close" => drop(lab.process.stdin.take()),
            signal => kill(signal, lab.process.id()),
        }
        let pid = lab.process.id().to_string();
        until("its end", || !alive(&pid));
        assert_eq!(lab.process.wait().unwrap().code(), Some(0), "{input} {end}");
    }
}

#[test]
fn its_files_are_complete_and_private() {
    let lab = Lab::start(&["--hosts", "300"]);
    let mode = fs::metadata(lab.file("db.urls")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, fs::read_dir(lab.dir.path()).unwrap().count()), (0o600, 2));
    let hosts = lab.hosts();
    assert!(hosts.len() == 300 && hosts[299].starts_with("127.0.2.50:"));
    assert_ne!(password(&lab.read("db.urls")), password(&self::lab(&[]).read("db.urls")));
}

#[test]
fn bad_arguments_and_limits_are_told_in_a_line() {
    for (args, message) in [
        ("--hosts 0", "invalid value '0' for '--hosts <N>'"),
        ("--hosts 500 --sick hang=501", "bench-lab: --sick asks for 501 sick ones, --hosts is 500"),
        ("--days 100 --sick no-price=101", "bench-lab: --sick asks for 101 sick ones, --days is 100"),
        ("--sick ill=1", "invalid value 'ill=1' for '--sick <FAULT=N>': not a name of a fault"),
        ("--rtt far", "invalid value 'far' for '--rtt <SECONDS>'"),
        ("--dir /dev/null/lab", "bench-lab: cannot write /dev/null/lab/db.urls"),
        ("--trace /no/such/folder/trace.csv", "bench-lab: cannot write /no/such/folder/trace.csv"),
        ("--hosts 501", "needs 701 file descriptors, the hard limit is 700, enough for 500 hosts"),
    ] {
        let dir = scratch();
        let mut words: Vec<&str> = args.split(' ').collect();
        if words[0] != "--dir" {
            words.extend(["--dir", dir.path().to_str().unwrap()]);
        }
        run_limited("--nofile=300:700", "bench-lab", &words).refused(2, message, args);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
