//! The programs of `crates/shapes`, through their command lines, against the lab: each does what its doc comment says.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use behaviour_tests::{Lab, Run, at_once, command, finish, program, root, run, spawn, start, with_each};

struct Shape {
    name: String,
    source: String,
}

impl Shape {
    /// What its doc comment says about a subject, up to the first mark.
    fn claim(&self, subject: &str) -> &str {
        let claim = self.source.lines().find_map(|line| line.strip_prefix(&format!("//! {subject}: ")));
        claim.and_then(|claim| claim.split([',', ';', ':', '.']).next()).expect("a line of the doc comment")
    }

    /// How many hosts it asks at once where it may ask `limit`.
    fn at_once(&self, limit: usize) -> usize {
        if ["shapes-await-in-loop", "shapes-blocking-in-task"].contains(&&*self.name) { 1 } else { limit }
    }

    fn ask(&self, lab: &Lab, args: &[&str]) -> Run {
        run(&self.name, &[&["--urls", &lab.file("db.urls")], args].concat())
    }
}

/// The program in each folder.
fn shapes() -> Vec<Shape> {
    let folders = fs::read_dir(root().join("crates/shapes")).expect("a folder").map(|entry| entry.unwrap());
    let shape = |folder: fs::DirEntry| {
        let source = fs::read_to_string(folder.path().join("src/main.rs")).ok()?;
        Some(Shape { name: format!("shapes-{}", folder.file_name().display()), source })
    };
    let shapes: Vec<Shape> = folders.filter_map(shape).collect();
    assert_eq!(shapes.len(), 15);
    shapes
}

/// The hosts whose rows were printed, in that order.
fn rows(run: &Run) -> Vec<String> {
    run.out.iter().filter_map(|line| Some(line.split_once(" Row {")?.0.to_owned())).collect()
}

#[test]
fn no_host_is_lost_and_the_limit_is_reached_and_kept() {
    with_each(shapes(), |shape| {
        for (limit, total) in [(1, 3), (7, 20), (50, 12)] {
            let expected = shape.at_once(limit.min(total));
            let seen = at_once(expected, |seconds| {
                let lab = Lab::start(&["--hosts", &total.to_string()]);
                let query = format!("select sleep({})", seconds / (total / expected) as f64);
                let run = shape.ask(&lab, &["--limit", &limit.to_string(), "--query", &query]);
                run.ended(total, 0, &shape.name);
                let (printed, asked) = (BTreeSet::from_iter(rows(&run)), BTreeSet::from_iter(lab.hosts()));
                let (items, at_once) = lab.counts();
                run.was(printed == asked && rows(&run).len() == total && items == total as u64, &shape.name);
                at_once as usize
            });
            assert_eq!(seen, expected, "{} --limit {limit}", shape.name);
        }
    });
}

#[test]
fn order_is_as_said() {
    let lab = Lab::start(&["--hosts", "12", "--sick", "slow=3"]);
    with_each(shapes(), |shape| {
        let run = shape.ask(&lab, &["--limit", "6", "--query", "select sleep(0.05)"]);
        let said = if rows(&run) == lab.hosts() { "kept" } else { "as they answer" };
        // One at a time is in order, whatever it promises.
        run.was(shape.claim("Order") == said || shape.at_once(6) == 1, &shape.name);
    });
}

#[test]
fn sick_hosts_cost_a_line_each_even_when_all_of_them_hang() {
    let mixed = ["refuse=1", "error=1", "close=1", "hang=3"].as_slice();
    for (sick, causes) in [(mixed, [6, 1, 1, 3]), (&["hang=12"], [12, 0, 0, 12])] {
        let sick: Vec<&str> = sick.iter().flat_map(|kind| ["--sick", kind]).collect();
        let lab = Lab::start(&[&["--hosts", "12"], sick.as_slice()].concat());
        with_each(shapes(), |shape| {
            let run = shape.ask(&lab, &["--limit", "5", "--timeout", "1"]);
            run.ended(12 - causes[0], causes[0], &shape.name);
            let parts = ["127.", "Connection refused (os error 111)", "ERROR 1105", "no answer in 1s"];
            run.was(parts.map(|part| run.failures(part)) == causes, &shape.name);
        });
    }
}

#[test]
fn a_panic_does_what_is_said() {
    let lab = Lab::start(&["--hosts", "8"]);
    let (urls, sick) = (lab.file("db.urls"), lab.hosts().swap_remove(2));
    with_each(shapes(), |shape| {
        for limit in ["1", "3"] {
            let mut shape_that_panics = command(&shape.name);
            shape_that_panics.args(["--urls", &urls, "--limit", limit]).env("SHAPES_PANIC", &sick);
            let run = finish(spawn(&mut shape_that_panics));
            let done = rows(&run).len();
            let left = if limit == "1" { 2 } else { 7 }; // without its only worker or thread, nothing goes on
            let as_said = match shape.claim("A panic in one item") {
                "ends the program" => run.code == 101 && done < 8 && !run.ends_with(7, 1),
                "ends its thread" => run.code == 101 && done == left,
                "ends its worker" => run.code == 1 && done == left && run.ends_with(left, 8 - left),
                "fails that item" => run.code == 1 && done == 7 && run.ends_with(7, 1),
                _ => false,
            };
            run.was(as_said && run.failures(&sick) > 0, &shape.name);
        }
    });
}

#[test]
fn as_many_are_allocated_at_once_as_said() {
    let lab = Lab::start(&["--hosts", "1000", "--sick", "refuse=1000", "--days", "1000"]);
    let urls = lab.file("db.urls");
    let peak_kib = |shape: &str| {
        let mut command = Command::new("/usr/bin/time");
        command.args(["-f", "%M"]).arg(program(shape)).args(["--urls", &urls, "--limit", "10"]);
        let run = finish(spawn(&mut command));
        assert!(run.ends_with(0, 1000), "{shape}: {run:?}");
        run.err.last().and_then(|line| line.parse::<f64>().ok()).expect("KiB")
    };
    let none = peak_kib("shapes-await-in-loop");
    with_each(shapes(), |shape| {
        let each = (peak_kib(&shape.name) - none) / 1000.0;
        assert_eq!(each > 1.2, shape.source.contains(": all at once."), "{}: {each} KiB a host", shape.name);
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

#[test]
fn bad_arguments_and_a_closed_pipe_are_a_line() {
    let lab = Lab::start(&["--hosts", "3"]);
    let urls = lab.file("db.urls");
    with_each(shapes(), |shape| {
        for (args, message) in
            [("--timeout=1", "--urls <FILE>"), ("--limit=0", "--limit"), ("--bad", "--bad")]
        {
            run(&shape.name, &[args]).refused(2, message, &shape.name);
        }
        let mut closed = start(&shape.name, &["--urls", &urls]);
        drop(closed.stdout.take());
        let run = finish(closed);
        run.was(run.code == 1 && run.err == ["stdout: Broken pipe (os error 32)"], &shape.name);
    });
}
