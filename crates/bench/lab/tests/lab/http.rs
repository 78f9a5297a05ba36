//! Pages and prices, well and sick.

use std::io::Write;

use behaviour_tests::Lab;

use crate::{connect, lab, read};

/// What the server sends for these paths, asked for one after another on one connection, and how it ends.
fn get(lab: &Lab, paths: &[&str]) -> (String, &'static str) {
    let mut stream = connect(lab.http().trim_start_matches("http://"));
    let (mut text, mut end) = (String::new(), "open");
    for path in paths {
        write!(stream, "GET {path} HTTP/1.1\r\nhost: lab\r\n\r\n").unwrap();
        let (bytes, then) = read(&mut stream);
        (text, end) = (text + &String::from_utf8_lossy(&bytes), then);
    }
    (text, end)
}

#[test]
fn a_page_and_its_faults() {
    let lab = lab(&[]);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 40\r\n\r\n";
    let (page, end) = get(&lab, &["/page/well?size=40&delay=0.1"]);
    assert!(page.starts_with(head) && page.len() == head.len() + 40 && end == "open", "{page}");
    let half = "<!doctype html>\n<tit";
    for (fault, answer, expected) in [
        ("refuse", String::new(), "closed"),
        ("hang", String::new(), "open"),
        ("404", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into(), "open"),
        ("answer:bytes(a)*3,bytes(\\r\\n),close", "aaa\r\n".into(), "closed"),
        ("answer:half,reset", format!("{head}{half}"), "reset"),
        ("close", format!("{head}{half}"), "closed"),
        ("answer:columns,bytes({}\\n)", format!("{head}{{}}\n"), "open"),
        ("answer:columns,drip(0.001),half,bytes(!),wait(0.01),reset", format!("{head}{half}!"), "reset"),
    ] {
        let quoted: String = fault.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let path = format!("/page/sick?size=40&fault={quoted}");
        assert_eq!(get(&lab, &[&path]), (answer.clone(), expected), "{fault}");
        if expected == "open" && fault != "hang" {
            assert!(get(&lab, &[&path, "/page/well"]).0.starts_with(&(answer + "HTTP/1.1 200")), "{fault}");
        }
    }
    assert_eq!(lab.counts().0, 3, "only the healthy ones are items");
}

#[test]
fn bad_requests_are_told() {
    let lab = lab(&[]);
    for path in [
        "/page/first?delay=-1",
        "/page/first?size=99999999",
        "/page/first?fault=ill",
        "/page/first?dealy=1",
        "/prices?date=2026-02-30",
        "/stretch/-1/prices?date=2026-11-21",
        "/stretch/NaN/prices?date=2026-11-21",
        "/page/first\0",
    ] {
        assert!(get(&lab, &[path]).0.starts_with("HTTP/1.1 400 "), "{path}");
    }
    assert_eq!(lab.counts(), (0, 0));
}
