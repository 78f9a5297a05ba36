//! Whatever an HTTP server does: one line for that item within its time, every other item done, and what counts as done
//! is whole. The same outcome from every client, but for two answers that ureq refuses, as docs/method.md says.

use std::collections::HashMap;

use behaviour_tests::matrix::{Program, each};
use behaviour_tests::{Lab, run};
use serde::Deserialize;

/// A row of `hostile_http.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    steps: String,
    fails: Option<String>,
    ureq: Option<String>,
    day: Option<String>,
}

impl Kind {
    /// What the line of the failure contains; none where the item is done.
    fn cause(&self, program: &Program) -> Option<&str> {
        let ureq = self.ureq.as_deref().filter(|_| program.is_blocking());
        let day = self.day.as_deref().filter(|_| program.workload == "prices");
        self.fails.as_deref().or(ureq).or(day)
    }
}

#[test]
fn an_item_fails_alone_and_by_its_cause() {
    let text = include_str!("hostile_http.toml").replace("{prices}", r#"{"departures": [{"price": 1250}]}"#);
    let kinds =
        toml::from_str::<HashMap<String, Vec<Kind>>>(&text).unwrap().remove("kind").expect("its rows");
    let faults: Vec<String> = kinds.iter().map(|kind| format!("answer:{}", kind.steps)).collect();
    each("web prices", Program::is_rust, |program| {
        let load = program.sick(kinds.len(), 0.0, &faults, &[]);
        let run = load.run(&["--timeout", "2"]);
        let name = |number: usize| match program.workload.as_str() {
            "web" => format!("{}: ", load.page(number)),
            _ => format!("2026-{:02}-{:02}: ", 1 + number / 31, 1 + number % 31),
        };
        let causes = kinds.iter().enumerate().map(|(number, kind)| (name(number), kind.cause(program)));
        let done = run.failed_by(causes, kinds.len(), program);
        let whole = run.out.iter().filter(|line| line.ends_with("cheapest 12.50 mean 12.50")).count();
        run.was(program.workload == "web" || whole == done, program);
    });
}

#[test]
fn an_answer_has_one_limit() {
    let lab = Lab::start(&["--hosts", "1"]);
    let page = |bytes: usize| format!("{}/page/long?size={bytes}", lab.http());
    each("web", Program::is_rust, |program| {
        let run = run(&program.name, &[&page(10 << 20), &page((10 << 20) + 1), "--timeout", "60"]);
        run.ended(1, 1, program);
        run.was(run.err[0].ends_with(": the answer is longer than 10 MiB"), program);
    });
}
