//! Whatever a MySQL server does: one line for that host within its time, every other host asked, and what counts as done is
//! whole. The same outcome from every driver, but for the words of those that are not ours.

use std::collections::HashMap;

use behaviour_tests::matrix::{Program, each};
use behaviour_tests::{Lab, password, run};
use serde::Deserialize;

/// A row of `hostile_mysql.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    steps: String,
    fails: Option<String>,
    own: Option<String>,
    #[serde(default)]
    drips: bool,
}

impl Kind {
    /// What the line of the failure contains; none where the host is done.
    fn cause(&self, program: &Program) -> Option<&str> {
        match &self.own {
            _ if self.drips => (!owns_its_socket(program)).then_some("no answer in 2s"),
            Some(own) => Some(if has_our_driver(program) { own } else { "" }),
            None => self.fails.as_deref(),
        }
    }
}

fn owns_its_socket(program: &Program) -> bool {
    ["sequential", "threaded"].contains(&program.model.as_str())
}

fn has_our_driver(program: &Program) -> bool {
    ["mini", "smol", "glommio", "compio", "green", "baseline"].iter().any(|it| program.name.ends_with(it))
}

#[test]
fn a_host_fails_alone_and_by_its_cause() {
    let text = include_str!("hostile_mysql.toml");
    let kinds = toml::from_str::<HashMap<String, Vec<Kind>>>(text).unwrap().remove("kind").expect("its rows");
    let faults: Vec<String> = kinds.iter().map(|kind| kind.steps.clone()).collect();
    each("db", Program::is_rust, |program| {
        let load = program.sick(2 * kinds.len(), 0.0, &faults, &[]);
        let (hosts, run) = (load.lab.hosts(), load.run(&["--timeout", "2"]));
        // The sick ones stand at even distances among as many healthy ones.
        let host = |number: usize| format!("{}: ", hosts[2 * number + 1]);
        let causes = kinds.iter().enumerate().map(|(number, kind)| (host(number), kind.cause(program)));
        run.failed_by(causes, 2 * kinds.len(), program);
        let secret = load.lab.read("db.urls");
        run.was(run.failures(password(secret.lines().next().expect("a URL"))) == 0, program);
    });
}

/// Nothing in a process survives an allocation that fails: other processes do, and rows that were printed.
#[test]
fn a_driver_that_aborts_takes_no_row_along() {
    let fault = [r"answer:packet(\xfe\0\0\0\0\0\x01\0\0)".to_owned()];
    each("db", Program::is_rust, |program| {
        let load = program.sick(5, 0.0, &fault, &[]);
        let run = load.run(&["--timeout", "2"]);
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
