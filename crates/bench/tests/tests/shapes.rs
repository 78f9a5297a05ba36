//! The programs of `crates/shapes`, through their command lines, against the lab: each does what its doc comment says.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use behaviour_tests::matrix::{Program, each};
use behaviour_tests::{Lab, Run, at_once, command, finish, program, run, scratch, spawn};

/// What the doc comment of a shape says about a subject, up to the first mark.
fn claim(program: &Program, subject: &str) -> String {
    let source = program.source();
    let claim = source.lines().find_map(|line| line.strip_prefix(&format!("//! {subject}: ")));
    claim.and_then(|claim| claim.split([',', ';', ':', '.']).next()).expect("a line of it").to_owned()
}

/// The hosts whose rows were printed, in that order.
fn rows(run: &Run) -> Vec<String> {
    run.out.iter().filter_map(|line| Some(line.split_once(" Row {")?.0.to_owned())).collect()
}

#[test]
fn order_is_as_said() {
    let lab = Lab::start(&["--hosts", "12", "--sick", "slow=3"]);
    let args = ["--urls", &lab.file("db.urls"), "--limit", "6", "--query", "select sleep(0.05)"];
    each("shapes", Program::is_rust, |program| {
        let run = run(&program.name, &args);
        let said = if rows(&run) == lab.hosts() { "kept" } else { "as they answer" };
        // One at a time is in order, whatever it promises.
        run.was(claim(program, "Order") == said || program.at_once(12, Some(6)) == 1, program);
    });
}

#[test]
fn a_panic_does_what_is_said() {
    let lab = Lab::start(&["--hosts", "8"]);
    let (urls, sick) = (lab.file("db.urls"), lab.hosts().swap_remove(2));
    each("shapes", Program::is_rust, |program| {
        for limit in ["1", "3"] {
            let mut shape_that_panics = command(&program.name);
            shape_that_panics.args(["--urls", &urls, "--limit", limit]).env("SHAPES_PANIC", &sick);
            let run = finish(spawn(&mut shape_that_panics));
            let done = rows(&run).len();
            let left = if limit == "1" { 2 } else { 7 }; // without its only worker or thread, nothing goes on
            let as_said = match claim(program, "A panic in one item").as_str() {
                "ends the program" => run.code == 101 && done < 8 && !run.ends_with(7, 1),
                "ends its thread" => run.code == 101 && done == left,
                "ends its worker" => run.code == 1 && done == left && run.ends_with(left, 8 - left),
                "fails that item" => run.code == 1 && done == 7 && run.ends_with(7, 1),
                _ => false,
            };
            run.was(as_said && run.failures(&sick) > 0, program);
        }
    });
}

#[test]
fn as_many_are_allocated_at_once_as_said() {
    let folder = scratch();
    // How much memory grows with the hosts, none of which listens: threads and a runtime are there for any number.
    let growth_kib = |shape: &str| {
        let peaks_kib = [500, 5000].map(|hosts| {
            let urls = folder.path().join(format!("{shape}-{hosts}.urls"));
            fs::write(&urls, "mysql://u:p@127.0.0.1:1/bench\n".repeat(hosts)).expect("a file of URLs");
            let mut command = Command::new("/usr/bin/time");
            command.args(["-f", "%M"]).arg(program(shape)).arg("--urls").arg(urls).args(["--limit", "10"]);
            if shape.contains("slow-body") {
                command.args(["--write", "0.000001"]);
            }
            let run = finish(spawn(&mut command));
            assert!(run.ends_with(0, hosts), "{shape}: {:?}", run.err.last());
            run.err.last().and_then(|line| line.parse::<f64>().ok()).expect("KiB")
        });
        (peaks_kib[1] - peaks_kib[0]) / 4500.0
    };
    let none = growth_kib("shapes-await-in-loop");
    each("shapes", Program::is_rust, |program| {
        let each = growth_kib(&program.name) - none;
        assert_eq!(each > 0.7, program.source().contains(": all at once."), "{program}: {each} KiB a host");
    });
}

#[test]
fn what_a_slow_body_does_not_poll_has_no_time_out() {
    // The slow host answers after 1 s. The body waits from 0.1 to 1.6 s, and nothing looks at the timer meanwhile.
    for (shape, ok) in [("shapes-slow-body", 2), ("shapes-slow-body-spawned", 1)] {
        let lab = Lab::start(&["--hosts", "2", "--sick", "slow=1"]);
        let run = run(shape, &["--urls", &lab.file("db.urls"), "--timeout", "0.5", "--write", "1.5"]);
        assert!(run.ends_with(ok, 2 - ok), "{shape}: {run:?}");
    }
}

#[test]
fn a_blocked_task_blocks_the_others_of_its_thread() {
    let cpus = available_parallelism().map_or(1, usize::from);
    for (flag, expected) in [("--every=1", 1), ("--default-runtime", cpus.min(8)), ("--every=100", 8)] {
        let seen = at_once(expected, |seconds| {
            let lab = Lab::start(&["--hosts", "16"]);
            let query = format!("select sleep({})", seconds / 4.0);
            let args = ["--urls", &lab.file("db.urls"), "--limit", "8", "--query", &query, flag];
            assert!(run("shapes-blocking-in-task", &args).ends_with(16, 0), "{flag}");
            lab.counts().1 as usize
        });
        assert_eq!(seen, expected, "{flag}");
    }
}
