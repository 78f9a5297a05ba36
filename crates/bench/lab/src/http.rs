//! The HTTP server: pages, prices, statistics.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bench_data::observed::LabStats;
use futures_lite::stream;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::civil::Date;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::listen;
use crate::network::Way;
use crate::prices::{self, day_number};
use crate::sick::{Kind, SLOWNESS};
use crate::stats::{Counters, Stats};

/// What the HTTP server answers from.
pub struct Site {
    /// How long it takes to answer `/prices`.
    pub prices_delay: Duration,
    /// How a day misbehaves: the entry at its number modulo the length.
    pub sick_days: Vec<Option<Kind>>,
    /// The round-trip time to pages and prices.
    pub rtt: Duration,
    /// Where to count.
    pub stats: Arc<Stats>,
}

/// When a connection was accepted, its way through the network, and which workloads it has been counted for.
struct Connection {
    accepted: Instant,
    way: Way,
    web: AtomicBool,
    prices: AtomicBool,
}

impl Connection {
    /// Hands a response to hyper when its way is over.
    async fn send(&self, response: Response, counters: &Counters) -> Response {
        // What is never answered has no way.
        if response.extensions().get::<NoAnswer>().is_none()
            && let Some(way) = self.way.answer(counters)
        {
            way.await;
        }
        response
    }
}

/// In a response: close the connection and send nothing.
#[derive(Clone, Debug)]
struct NoAnswer;

/// Serves every connection that the listener accepts, for ever.
pub async fn serve(listener: TcpListener, site: Site) {
    let rtt = site.rtt;
    let routes = Router::new()
        .route("/stats", get(report))
        .route("/stats/reset", post(reset_stats))
        .route("/page/{name}", get(page))
        .route("/prices", get(prices_of_day))
        .route("/stretch/{factor}/prices", get(prices_stretched))
        .with_state(Arc::new(site));
    let routes = TowerToHyperService::new(routes);
    loop {
        let stream = listen::accept(&listener).await;
        let routes = routes.clone();
        let accepted = Instant::now();
        let connection =
            Arc::new(Connection { accepted, way: Way::new(rtt), web: false.into(), prices: false.into() });
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Arc::clone(&connection));
            let response = routes.call(request);
            async move {
                let Ok(response) = response.await;
                // hyper closes the connection on an error of its service: axum itself has none.
                match response.extensions().get::<NoAnswer>() {
                    Some(_) => Err("no answer"),
                    None => Ok(response),
                }
            }
        });
        // An error is the client's, or a sickness.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn report(State(site): State<Arc<Site>>) -> Json<LabStats> {
    Json(site.stats.report())
}

async fn reset_stats(State(site): State<Arc<Site>>) {
    site.stats.reset();
}

/// How a page misbehaves: `fault=` in its query.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PageFault {
    #[serde(rename = "404")]
    NotFound,
    #[serde(rename = "500")]
    ServerError,
    /// Closes half-way in the body.
    Close,
    /// Never answers.
    Hang,
    /// Says a longer Content-Length than what it sends.
    Length,
    /// Sends the client to another page.
    Redirect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// Seconds until the answer.
    #[serde(default)]
    delay: f64,
    /// Bytes of the body.
    #[serde(default = "default_page_size")]
    size: usize,
    fault: Option<PageFault>,
}

fn default_page_size() -> usize {
    16 << 10
}

/// The largest page that can be asked for, in bytes.
const MAX_PAGE: usize = 16 << 20;

/// `GET /page/{name}?delay=SECONDS[&size=BYTES][&fault=404|500|close|hang|length|redirect]`
async fn page(
    State(site): State<Arc<Site>>,
    Extension(connection): Extension<Arc<Connection>>,
    Path(name): Path<String>,
    Query(query): Query<PageQuery>,
) -> Response {
    let counters = &site.stats.web;
    count_connection(counters, &connection.web, connection.accepted);
    let trace = site.stats.trace.as_ref();
    let traced = trace.map(|trace| trace.begin("web", name, connection.accepted));
    let response = answer_page(counters, query).await;
    drop(traced);
    connection.send(response, counters).await
}

async fn answer_page(counters: &Counters, query: PageQuery) -> Response {
    let Ok(delay) = Duration::try_from_secs_f64(query.delay) else {
        return bad_request("delay is a number of seconds, 0 or more");
    };
    if query.size > MAX_PAGE {
        return bad_request("size is 16777216 bytes at most");
    }
    let in_flight = counters.received();
    sleep(delay).await;
    let page = page_text(query.size);
    match query.fault {
        None => {
            in_flight.answered(true);
            typed("text/html", page)
        }
        Some(PageFault::NotFound) => StatusCode::NOT_FOUND.into_response(),
        Some(PageFault::ServerError) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(PageFault::Close) => half(page),
        Some(PageFault::Length) => wrong_length(page),
        Some(PageFault::Redirect) => redirect("/page/elsewhere"),
        Some(PageFault::Hang) => pending().await,
    }
}

/// A page of so many bytes.
fn page_text(size: usize) -> Bytes {
    const HEAD: &str = "<!doctype html>\n<title>A page of the lab</title>\n";
    const LINE: &str = "<p>This page is as long as it was asked to be.</p>\n";
    HEAD.bytes().chain(LINE.bytes().cycle()).take(size).collect()
}

#[derive(Deserialize)]
struct PricesQuery {
    date: Date,
}

/// `GET /prices?date=YYYY-MM-DD`
async fn prices_of_day(
    site: State<Arc<Site>>,
    connection: Extension<Arc<Connection>>,
    query: Query<PricesQuery>,
) -> Response {
    prices_after(site.prices_delay, site, connection, query).await
}

/// The most that `/stretch/{factor}` multiplies the delay by.
const MAX_STRETCH: f64 = 10.0;

/// `GET /stretch/{factor}/prices?date=YYYY-MM-DD`: as above, after `factor` times the delay.
async fn prices_stretched(
    Path(factor): Path<f64>,
    site: State<Arc<Site>>,
    connection: Extension<Arc<Connection>>,
    query: Query<PricesQuery>,
) -> Response {
    if !(f64::MIN_POSITIVE..=MAX_STRETCH).contains(&factor) {
        return bad_request("the factor is a number above 0, 10 at most");
    }
    let delay = site.prices_delay.as_secs_f64() * factor;
    prices_after(Duration::try_from_secs_f64(delay).unwrap_or(Duration::MAX), site, connection, query).await
}

async fn prices_after(
    delay: Duration,
    State(site): State<Arc<Site>>,
    Extension(connection): Extension<Arc<Connection>>,
    Query(query): Query<PricesQuery>,
) -> Response {
    let counters = &site.stats.prices;
    count_connection(counters, &connection.prices, connection.accepted);
    let trace = site.stats.trace.as_ref();
    let traced = trace.map(|trace| trace.begin("prices", query.date.to_string(), connection.accepted));
    let response = answer_prices(&site, query.date, delay).await;
    drop(traced);
    connection.send(response, counters).await
}

async fn answer_prices(site: &Site, date: Date, delay: Duration) -> Response {
    let in_flight = site.stats.prices.received();
    let day = day_number(date).rem_euclid(site.sick_days.len() as i32);
    let sick = site.sick_days[day as usize];
    match sick {
        Some(Kind::Refuse) => return no_answer(),
        Some(Kind::Hang) => pending().await,
        Some(Kind::Slow) => sleep(delay.saturating_mul(SLOWNESS)).await,
        _ => sleep(delay).await,
    }
    let mut prices = prices::of_day(date);
    if sick == Some(Kind::NoPrice) {
        prices.departures[0].price = None;
    }
    let Ok(json) = serde_json::to_vec(&prices).map(Bytes::from) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match sick {
        Some(Kind::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Kind::NotJson) => typed("text/html", page_text(default_page_size())),
        Some(Kind::NoPrice) => typed("application/json", json),
        Some(Kind::Close) => half(json),
        Some(Kind::Length) => wrong_length(json),
        Some(Kind::Redirect) => redirect("/prices?date=2000-01-01"),
        _ => {
            in_flight.answered(sick.is_none());
            typed("application/json", json)
        }
    }
}

fn count_connection(counters: &Counters, counted: &AtomicBool, accepted: Instant) {
    if !counted.swap(true, Relaxed) {
        counters.connected(accepted);
    }
}

fn typed(content_type: &'static str, body: Bytes) -> Response {
    ([(CONTENT_TYPE, content_type)], body).into_response()
}

fn bad_request(message: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, message).into_response()
}

fn redirect(location: &'static str) -> Response {
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

fn no_answer() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(NoAnswer);
    response
}

/// The first half of the body, and then the connection closes.
fn half(body: Bytes) -> Response {
    cut(body.len(), body.slice(..body.len() / 2))
}

/// All of the body, but the header says that there is more of it, and then the connection closes.
fn wrong_length(body: Bytes) -> Response {
    cut(body.len() + 100, body)
}

/// A body that ends before the Content-Length says so. hyper closes the connection when a body
/// ends in an error; the pause lets it send what came before.
fn cut(content_length: usize, sent: Bytes) -> Response {
    let end = stream::once_future(async {
        sleep(Duration::from_millis(10)).await;
        Err(io::Error::other("cut"))
    });
    let body = stream::StreamExt::chain(stream::once(Ok(sent)), Box::pin(end));
    ([(CONTENT_LENGTH, content_length)], Body::from_stream(body)).into_response()
}
