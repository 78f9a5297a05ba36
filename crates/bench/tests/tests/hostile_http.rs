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
const LONG_HEAD: &str = "longer than 16 KiB or 100 lines";

/// Steps that send an answer with these fields in its head and this body, which has no escapes.
fn answer(fields: &str, body: &str) -> String {
    let length = body.len();
    format!(r"bytes(HTTP/1.1 200 OK\r\n{fields}Content-Length: {length}\r\n\r\n{body})")
}

/// The same in one chunk, after which these steps follow.
fn chunk(size_line: &str, then: &str) -> String {
    let head = r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    format!(r"bytes({head}{size_line}\r\n{PRICES}\r\n),{then}")
}

/// The same with a long head.
fn head(line: &str, repeated: usize, end: &str) -> String {
    let length = PRICES.len();
    format!(
        r"bytes(HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n),bytes({line})*{repeated},bytes({end}\r\n{PRICES})"
    )
}

/// What a server does in place of its answer, and what a page and a day come to then.
fn kinds() -> Vec<(String, Outcome, Outcome)> {
    let both = |steps: String, outcome| (steps, outcome, outcome);
    let day = |steps: String, cause| (steps, Done, Fails(cause));
    let early = Fails(""); // each client has its own words for an answer that ends too early
    let unfinished = |version: &str| format!(r"bytes(HTTP/{version} 200 OK\r\n\r\n{PRICES})");
    vec![
        both(answer("", PRICES), Done),
        both(format!("{},reset", answer("", PRICES)), Done),
        both(format!("{},close", unfinished("1.0")), Done),
        both(format!("{},wait(0.2),reset", unfinished("1.0")), early),
        both(format!("{},wait(0.2),reset", unfinished("1.1")), early),
        both(chunk("21", "close"), early),
        both(chunk("21", "wait(0.2),reset"), early),
        both(format!(r"bytes(HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{PRICES}),close"), early),
        both(
            format!(r"bytes(HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{PRICES}),hang"),
            Fails("no answer in 2s"),
        ),
        both(r"bytes(HTTP/1.1 200 OK\r\nContent-Le),close".into(), early),
        both("reset".into(), Fails("Connection reset by peer")),
        both("hang".into(), Fails("no answer in 2s")),
        both(format!("drip(0.3),{}", answer("", PRICES)), Fails("no answer in 2s")),
        both(
            format!("{},drip(0.3),bytes({PRICES})", head("", 0, r"\r\n").replace(PRICES, "")),
            Fails("no answer in 2s"),
        ),
        // Heads: servers send up to 8 KiB, and more by their configuration.
        both(head("X: y", 1, r"\r\n"), Done),
        both(head("a", 12_000, r": y\r\n"), Done),
        both(head("a", 20_000, r": y\r\n"), Fails(LONG_HEAD)),
        both(head("a", 1_000_000, r": y\r\n"), Fails(LONG_HEAD)),
        both(head(r"X: y\r\n", 90, ""), Done),
        both(head(r"X: y\r\n", 101, ""), Fails(LONG_HEAD)),
        both(head(r"X: y\r\n", 500, ""), Fails(LONG_HEAD)),
        // What HTTP allows.
        both(format!(r"bytes(HTTP/1.1 100 Continue\r\n\r\n),{}", answer("", PRICES)), Done),
        both(format!(r"bytes(HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n),{}", answer("", PRICES)), Done),
        both(
            format!(r"bytes(HTTP/1.1 100 Continue\r\nX: y\r\n\r\n),{}", answer("", PRICES)),
            DoneButUreq("100-continue"),
        ),
        both(chunk("21", r"bytes(0\r\n\r\n)"), Done),
        both(chunk("21;a=b", r"bytes(0\r\n\r\n)"), Done),
        both(
            chunk("21;name=abcdefghijklmnopqrstuvwxyz", r"bytes(0\r\n\r\n)"),
            DoneButUreq("chunk expected crlf"),
        ),
        both(chunk("21", r"bytes(0\r\nX: ),bytes(y)*5000,bytes(\r\n\r\n)"), Done),
        // What the programs did not ask for.
        both(
            answer(r"Content-Encoding: gzip\r\n", "x"),
            Fails("content-encoding is gzip, which was not asked for"),
        ),
        both(
            answer(r"Content-Encoding: br\r\n", "x"),
            Fails("content-encoding is br, which was not asked for"),
        ),
        both(answer(r"Content-Encoding: identity\r\n", PRICES), Done),
        both(
            format!(r"bytes(HTTP/1.1 200 OK\r\nTransfer-Encoding: zork\r\n\r\n{PRICES}),close"),
            Fails("zork"),
        ),
        both(
            format!(
                r"bytes(HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n21\r\n{PRICES}\r\n0\r\n\r\n),close"
            ),
            early,
        ),
        both("status(404)".into(), Fails("404 Not Found")),
        both(
            r"bytes(HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n)".into(),
            Fails("302 Found"),
        ),
        both(r"bytes(HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n),close".into(), Fails("101")),
        both(r"bytes(SSH-2.0-x\r\n),hang".into(), Fails("invalid HTTP version")),
        both(r"bytes(\x15\x03\x01\0\x02\x02\x46),close".into(), Fails("invalid HTTP version")),
        // Pages may hold anything, days may not.
        day(answer("", ""), "the answer is empty"),
        day(answer("", r"123").replace("123", r"\xef\xbb\xbf"), "byte order mark"),
        day(answer("", "1234").replace("1234", r"{\0}\0"), "UTF-16"),
        day(answer("", "123").replace("123", r"\x1f\x8b\x08"), "compressed (gzip), which was not asked for"),
        day(answer("", "<html>"), "not JSON: "),
        day(answer("", r#"{"departures": [{"price": "1250"}]}"#), "invalid type: string"),
        day(answer("", r#"{"departures": [{"price": -5}]}"#), "-5 is no price"),
        both(answer("", r#"{"departures": [{"price": 1250.0}]}"#), Done),
    ]
}

#[test]
fn an_item_fails_alone_and_by_its_cause() {
    let kinds = kinds();
    let faults: Vec<String> = kinds.iter().map(|(steps, ..)| format!("head:{steps}")).collect();
    each("web prices", Program::is_rust, |program| {
        let load = program.sick(kinds.len(), 0.0, &faults, &[]);
        let run = load.run(&["--timeout", "2"]);
        let mut failed = 0;
        for (number, (_, page, day)) in kinds.iter().enumerate() {
            let (name, outcome) = match program.workload.as_str() {
                "web" => (load.page(number), page),
                _ => (format!("2026-{:02}-{:02}", 1 + number / 31, 1 + number % 31), day),
            };
            let lines: Vec<_> =
                run.err.iter().filter(|line| line.starts_with(&format!("{name}: "))).collect();
            match (outcome.cause(program), lines.as_slice()) {
                (None, []) => {}
                (Some(cause), [line]) if line.contains(cause) => failed += 1,
                (cause, _) => panic!("{program}: {name}: {cause:?}, not {lines:?}"),
            }
        }
        let done = kinds.len() - failed;
        run.ended(done, failed, program);
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
