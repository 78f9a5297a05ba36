//! Whatever an HTTP server does: one line for that item within its time, every other item done, and what counts as done
//! is whole. The same outcome from every client, but for two answers that ureq refuses, as docs/method.md says.

use behaviour_tests::matrix::{Program, each};
use behaviour_tests::{Lab, run};

/// What an item comes to.
#[derive(Clone, Copy)]
enum Outcome {
    Done,
    /// It fails, and its line contains this.
    Fails(&'static str),
    /// It fails in the programs with ureq alone.
    DoneButUreq(&'static str),
}
use Outcome::{Done, DoneButUreq, Fails};

impl Outcome {
    /// The cause of the failure that this program reports.
    fn cause(self, program: &Program) -> Option<&'static str> {
        match self {
            Done => None,
            Fails(cause) => Some(cause),
            DoneButUreq(cause) => Some(cause).filter(|_| program.is_blocking()),
        }
    }
}

const PRICES: &str = r#"{"departures": [{"price": 1250}]}"#;
const LONG_HEAD: Outcome = Fails("longer than 16 KiB or 100 lines");
const LATE: Outcome = Fails("no answer in 2s");
/// Each client has its own words for an answer that ends too early.
const EARLY: Outcome = Fails("");

/// Steps that send an answer with this length, these fields in its head and this body.
fn sized(length: usize, fields: &str, body: &str) -> String {
    format!(r"bytes(HTTP/1.1 200 OK\r\n{fields}Content-Length: {length}\r\n\r\n{body})")
}

/// The same with these steps after its prices.
fn then(fields: &str, steps: &str) -> String {
    format!("{},{steps}", sized(PRICES.len(), fields, PRICES))
}

/// The prices in one chunk, after which these steps follow.
fn chunk(size_line: &str, steps: &str) -> String {
    let head = r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    format!(r"bytes({head}{size_line}\r\n{PRICES}\r\n),{steps}")
}

/// The prices after a head with this, so many times.
fn head(part: &str, times: usize, end: &str) -> String {
    let length = PRICES.len();
    format!(
        r"bytes(HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n),bytes({part})*{times},bytes({end}\r\n{PRICES})"
    )
}

/// What a server does in place of its answer, and what a page and a day come to then.
fn kinds() -> Vec<(String, Outcome, Outcome)> {
    let open = |version: &str, steps: &str| format!(r"bytes(HTTP/{version} 200 OK\r\n\r\n{PRICES}),{steps}");
    let before = |steps: &str| format!("{steps},{}", sized(PRICES.len(), "", PRICES));
    let gzip = Fails("content-encoding is gzip, which was not asked for");
    let chunked_in_1_0 = r"bytes(HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n21\r\n)";
    let zork = r"bytes(HTTP/1.1 200 OK\r\nTransfer-Encoding: zork\r\n\r\n),close";
    let found = r"bytes(HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n)";
    let switched = r"bytes(HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n),close";
    let both = [
        (sized(PRICES.len(), "", PRICES), Done),
        (then("", "reset"), Done),
        (open("1.0", "close"), Done),
        (open("1.0", "wait(0.2),reset"), EARLY),
        (open("1.1", "wait(0.2),reset"), EARLY),
        (chunk("21", "close"), EARLY),
        (chunk("21", "wait(0.2),reset"), EARLY),
        (sized(99, "", PRICES) + ",close", EARLY),
        (sized(99, "", PRICES) + ",hang", LATE),
        (r"bytes(HTTP/1.1 200 OK\r\nContent-Le),close".into(), EARLY),
        ("reset".into(), Fails("Connection reset by peer")),
        ("hang".into(), LATE),
        (before("drip(0.3)"), LATE),
        (format!("{},drip(0.3),bytes({PRICES})", sized(PRICES.len(), "", "")), LATE),
        // Heads: servers send up to 8 KiB, and more by their configuration.
        (head("X: y", 1, r"\r\n"), Done),
        (head("a", 12_000, r": y\r\n"), Done),
        (head("a", 20_000, r": y\r\n"), LONG_HEAD),
        (head("a", 1_000_000, r": y\r\n"), LONG_HEAD),
        (head(r"X: y\r\n", 90, ""), Done),
        (head(r"X: y\r\n", 101, ""), LONG_HEAD),
        (head(r"X: y\r\n", 500, ""), LONG_HEAD),
        // What HTTP allows.
        (before(r"bytes(HTTP/1.1 100 Continue\r\n\r\n)"), Done),
        (before(r"bytes(HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n)"), Done),
        (before(r"bytes(HTTP/1.1 100 Continue\r\nX: y\r\n\r\n)"), DoneButUreq("100-continue")),
        (chunk("21", r"bytes(0\r\n\r\n)"), Done),
        (chunk("21;a=b", r"bytes(0\r\n\r\n)"), Done),
        (
            chunk("21;name=abcdefghijklmnopqrstuvwxyz", r"bytes(0\r\n\r\n)"),
            DoneButUreq("chunk expected crlf"),
        ),
        (chunk("21", r"bytes(0\r\nX: ),bytes(y)*5000,bytes(\r\n\r\n)"), Done),
        // What the programs did not ask for.
        (sized(1, r"Content-Encoding: gzip\r\n", "x"), gzip),
        (
            sized(1, r"Content-Encoding: br\r\n", "x"),
            Fails("content-encoding is br, which was not asked for"),
        ),
        (sized(PRICES.len(), r"Content-Encoding: identity\r\n", PRICES), Done),
        (zork.into(), Fails("zork")),
        (format!(r"{chunked_in_1_0},bytes({PRICES}\r\n0\r\n\r\n),close"), EARLY),
        ("status(404)".into(), Fails("404 Not Found")),
        (found.into(), Fails("302 Found")),
        (switched.into(), Fails("101")),
        (r"bytes(SSH-2.0-x\r\n),hang".into(), Fails("invalid HTTP version")),
        (r"bytes(\x15\x03\x01\0\x02\x02\x46),close".into(), Fails("invalid HTTP version")),
        (sized(38, "", r#"{"departures": [{"price": 1250.0}]}   "#), Done),
    ];
    // Pages may hold anything, days may not. The body has so many bytes.
    let days = [
        (0, "", "the answer is empty"),
        (3, r"\xef\xbb\xbf", "byte order mark"),
        (4, r"{\0}\0", "UTF-16"),
        (3, r"\x1f\x8b\x08", "compressed (gzip), which was not asked for"),
        (6, "<html>", "not JSON: "),
        (35, r#"{"departures": [{"price": "1250"}]}"#, "invalid type: string"),
        (31, r#"{"departures": [{"price": -5}]}"#, "-5 is no price"),
    ];
    let days = days.into_iter().map(|(length, body, cause)| (sized(length, "", body), Done, Fails(cause)));
    both.into_iter().map(|(steps, outcome)| (steps, outcome, outcome)).chain(days).collect()
}

#[test]
fn an_item_fails_alone_and_by_its_cause() {
    let kinds = kinds();
    let faults: Vec<String> = kinds.iter().map(|(steps, ..)| format!("answer:{steps}")).collect();
    each("web prices", Program::is_rust, |program| {
        let load = program.sick(kinds.len(), 0.0, &faults, &[]);
        let run = load.run(&["--timeout", "2"]);
        let day = |number: usize| format!("2026-{:02}-{:02}: ", 1 + number / 31, 1 + number % 31);
        let causes =
            kinds.iter().enumerate().map(|(number, (_, page, of_day))| match program.workload.as_str() {
                "web" => (format!("{}: ", load.page(number)), page.cause(program)),
                _ => (day(number), of_day.cause(program)),
            });
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
