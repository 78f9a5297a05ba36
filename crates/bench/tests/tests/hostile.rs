//! Whatever a server does: one line for that item within its time, every other item done, and what counts as done is whole.
//! The same outcome from every program, but for the words of MySQL drivers that are not ours, and for two answers that ureq
//! refuses, as docs/method.md says. The programs in Python and the shapes are asked the faults that have a name.

use std::collections::HashMap;

use behaviour_tests::matrix::{Program, each};
use behaviour_tests::{Lab, password, run};
use serde::Deserialize;

/// A row of `hostile.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    steps: String,
    fails: Option<String>,
    own: Option<String>,
    waits: Option<String>,
    ureq: Option<String>,
    day: Option<String>,
    python: Option<String>,
}

impl Kind {
    /// What the line of the failure contains; none where the item is done.
    fn cause(&self, program: &Program) -> Option<&str> {
        if program.python {
            // A blocking driver has its own words.
            let is_blocking = program.workload == "db" && !program.name.contains("io");
            let python = self.python.as_deref();
            return python
                .map(|it| if is_blocking && it.starts_with("no answer") { "timed out" } else { it });
        }
        let own = self.own.as_deref().map(|own| if has_our_driver(program) { own } else { "" });
        let is_one_of = |models: &[&str]| models.contains(&program.model.as_str());
        let waits = self.waits.as_deref().filter(|_| !is_one_of(&["sequential", "threaded"]));
        let blocking = ["sequential", "multiprocess", "threaded", "green", "tokio-blocking"];
        let ureq = self.ureq.as_deref().filter(|_| is_one_of(&blocking));
        let day = self.day.as_deref().filter(|_| program.workload == "prices");
        self.fails.as_deref().or(own).or(waits).or(ureq).or(day)
    }
}

fn has_our_driver(program: &Program) -> bool {
    ["mini", "smol", "glommio", "compio", "green", "baseline"].iter().any(|it| program.name.ends_with(it))
}

#[test]
fn an_item_fails_alone_and_by_its_cause() {
    let text = include_str!("hostile.toml").replace("{prices}", r#"{"departures": [{"price": 1250}]}"#);
    let tables: HashMap<String, Vec<Kind>> = toml::from_str(&text).unwrap();
    each("db web prices shapes", Program::any, |program| {
        let is_mysql = ["db", "shapes"].contains(&program.workload.as_str());
        let is_plain = program.python || program.workload == "shapes";
        let names = [if is_mysql { "mysql" } else { "http" }, program.workload.as_str()];
        let kinds = names.iter().filter_map(|name| tables.get(*name)).flatten();
        let kinds: Vec<_> = kinds.filter(|kind| !is_plain || kind.python.is_some()).collect();
        // The sick ones stand at even distances among as many healthy ones; the many pages and days are all sick.
        let of_each = if is_mysql || is_plain { 2 } else { 1 };
        let items = of_each * kinds.len();
        let faults: Vec<String> = kinds.iter().map(|kind| kind.steps.clone()).collect();
        let load = program.sick(items, 0.02, &faults, &[]);
        // Long enough for Python's healthy items on a busy machine.
        let timeout = if program.python { "5" } else { "2" };
        let (hosts, run) = (load.lab.hosts(), load.run(&["--timeout", timeout]));
        let mut done = items;
        for (number, kind) in kinds.iter().enumerate() {
            let place = of_each * (number + 1) - 1;
            let name = match program.workload.as_str() {
                "web" => format!("{}: ", load.page(number)),
                "prices" => format!("2026-{:02}-{:02}: ", 1 + place / 31, 1 + place % 31),
                _ => format!("{}: ", hosts[place]),
            };
            let lines: Vec<_> = run.err.iter().filter(|line| line.starts_with(&name)).collect();
            match (kind.cause(program), lines.as_slice()) {
                (None, []) => {}
                (Some(cause), [line]) if line.contains(cause) => done -= 1,
                (cause, _) => panic!("{program}: {name}{cause:?}, not {lines:?}"),
            }
        }
        run.ended(done, items - done, program);
        let whole = run.out.iter().filter(|line| line.ends_with("cheapest 12.50 mean 12.50")).count();
        run.was(is_plain || program.workload != "prices" || whole == done, program);
        let secret = load.lab.read("db.urls");
        let secret = password(secret.lines().next().expect("a URL"));
        run.was(run.failures(secret) + run.failures("@") == 0, program);
        let hang = ["hang"; 3].map(str::to_owned);
        program.sick(3, 0.02, &hang, &[]).run(&["--timeout", "1"]).ended(0, 3, program);
    });
}

#[test]
fn an_answer_has_one_limit() {
    let lab = Lab::start(&["--hosts", "1"]);
    let page = |bytes: usize| format!("{}/page/long?size={bytes}", lab.http());
    each("web", Program::is_rust, |program| {
        let run = run(&program.name, &["--timeout", "60", &page(10 << 20), &page((10 << 20) + 1)]);
        run.ended(1, 1, program);
        run.was(run.err[0].ends_with(": the answer is longer than 10 MiB"), program);
    });
}

/// Nothing in a process survives an allocation that fails: other processes do, and rows that were printed.
#[test]
fn a_driver_that_aborts_takes_no_row_along() {
    let fault = [r"answer:packet(\xfe\0\0\0\0\0\x01\0\0)".to_owned()];
    each("db", Program::is_rust, |program| {
        let run = program.sick(5, 0.0, &fault, &[]).run(&["--timeout", "2"]);
        if has_our_driver(program) || program.model == "multiprocess" {
            run.ended(4, 1, program);
        } else {
            let rows = run.count("Row ");
            run.was(run.code == -1 && (rows == 2 || program.model != "sequential"), program);
        }
    });
}

#[test]
fn the_accounts_own_login_counts_and_answers_may_be_wide_or_several() {
    each("db", Program::is_rust, |program| {
        // sqlx refuses a greeting that names a plugin that it does not know.
        let plugin = if program.name.ends_with("sqlx") { "caching_sha2_password" } else { "dialog" };
        let lab = Lab::start(&["--hosts", "3", "--default-plugin", plugin]);
        let columns: Vec<String> = (0..300).map(|number| number.to_string()).collect();
        for query in ["select sleep(0)", "call p(0)", &format!("select {}", columns.join(", "))] {
            let run = run(&program.name, &["--urls", &lab.file("db.urls"), "--query", query]);
            run.ended(3, 0, format!("{program}: {query}"));
        }
    });
}
