//! The HTTP server: pages, prices, statistics. It writes its responses itself, because faults begin in the middle of them;
//! hyper keeps to the protocol.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Buf;
use httparse::{EMPTY_HEADER, Header, Request, Status};
use jiff::civil::Date;
use serde::Deserialize;

use crate::Lab;
use crate::connection::{Answer, Connection, Item};
use crate::prices;

/// The size of a page, and the largest that can be asked for, in bytes.
const PAGE: usize = 16 << 10;
const MAX_PAGE: usize = 16 << 20;

const MAX_HEADERS: usize = 100;

struct Response {
    status: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
    /// The counted item with its delay; none in an answer about the lab itself.
    item: Option<Item>,
}

/// Serves a connection until its client closes it or something is wrong.
pub async fn serve(connection: &mut Connection) -> io::Result<()> {
    loop {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = Request::new(&mut headers);
        let (length, is_last, response) = match request.parse(&connection.input) {
            Ok(Status::Complete(length)) => (length, is_last(&request), respond(&connection.lab, &request)),
            Ok(Status::Partial) => {
                connection.receive().await?;
                continue;
            }
            Err(error) => (0, true, Err(error.into())),
        };
        connection.input.advance(length);
        let Response { status, content_type, body, item } = response.unwrap_or_else(|error| {
            let message = format!("{error:#}\n").into();
            Response { status: "400 Bad Request", ..Response::new("text/plain", message) }
        });
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
        let bytes = [head.as_bytes(), &body].concat().as_slice().into();
        let answer = Answer { bytes, ends: [0, length / 2, length, length].map(|end| head.len() + end) };
        match item {
            Some(item) => connection.serve(item, &answer).await?,
            None => connection.send(&answer.bytes).await?,
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Whether the request is the last on this connection.
fn is_last(request: &Request<'_, '_>) -> bool {
    let closes = |header: &Header<'_>| {
        header.name.eq_ignore_ascii_case("connection") && header.value.eq_ignore_ascii_case(b"close")
    };
    request.version == Some(0) || request.headers.iter().any(closes)
}

/// The answer of a healthy server. Errors are the client's.
fn respond(lab: &Lab, request: &Request<'_, '_>) -> Result<Response> {
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    Ok(match (request.method.unwrap_or_default(), segments.as_slice()) {
        ("GET", ["stats"]) => {
            Response::new("application/json", serde_json::to_vec(&lab.stats.borrow().report())?)
        }
        ("POST", ["stats", "reset"]) => {
            lab.stats.borrow_mut().reset();
            Response::new("text/plain", Vec::new())
        }
        ("GET", ["page", name]) => page(name, serde_urlencoded::from_str(query)?)?,
        ("GET", ["prices"]) => prices_of_day(lab, query, 1.0)?,
        ("GET", ["stretch", factor, "prices"]) => prices_of_day(lab, query, factor.parse()?)?,
        _ => Response { status: "404 Not Found", ..Response::new("text/plain", Vec::new()) },
    })
}

impl Response {
    fn new(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: "200 OK", content_type, body, item: None }
    }
}

/// `/page/{name}?delay=SECONDS[&size=BYTES][&fault=FAULT]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    delay: Option<f64>,
    size: Option<usize>,
    fault: Option<String>,
}

fn page(name: &str, query: Page) -> Result<Response> {
    const HEAD: &str = "<!doctype html>\n<title>A page of the lab</title>\n";
    const LINE: &str = "<p>This page is as long as it was asked to be.</p>\n";
    let delay = Duration::try_from_secs_f64(query.delay.unwrap_or_default())
        .context("delay is a number of seconds, 0 or more")?;
    let size = query.size.unwrap_or(PAGE);
    ensure!(size <= MAX_PAGE, "size is {MAX_PAGE} bytes at most");
    let fault = query.fault.map(|text| text.parse()).transpose().context("fault")?.map(Arc::new);
    let mut body = [HEAD, &LINE.repeat(size / LINE.len() + 1)].concat().into_bytes();
    body.truncate(size);
    let item = Item { name: name.to_owned(), delay, fault, healthy: None };
    Ok(Response { item: Some(item), ..Response::new("text/html", body) })
}

/// `/prices?date=YYYY-MM-DD`, and the same below `/stretch/{factor}`, after `factor` times the delay.
fn prices_of_day(lab: &Lab, query: &str, factor: f64) -> Result<Response> {
    let date: Date = query.strip_prefix("date=").context("prices of no date=YYYY-MM-DD")?.parse()?;
    let delay = Duration::try_from_secs_f64(lab.args.prices_delay.as_secs_f64() * factor)
        .context("the factor is a number, 0 or more")?;
    let (fault, healthy) =
        lab.days.look_up(prices::place(date).rem_euclid(lab.days.faults.len() as i32) as usize);
    let body = serde_json::to_vec(&prices::of_day(date))?;
    let item = Item { name: date.to_string(), delay, fault, healthy };
    Ok(Response { item: Some(item), ..Response::new("application/json", body) })
}
