//! The HTTP server: pages, prices, statistics.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::{IncomingStream, Listener};
use axum::{Json, Router};
use bench_data::lab::LabStats;
use jiff::civil::Date;
use serde::Deserialize;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::fault::{Fault, Moment, Step};
use crate::listen;
use crate::play::{Answer, Peer};
use crate::prices;
use crate::session::Session;
use crate::stats::{Stats, Workload};

/// What the HTTP server answers from.
pub struct Site {
    /// How long it takes to answer `/prices`.
    pub prices_delay: Duration,
    /// How a day misbehaves: the entry at its number modulo the length.
    pub sick_days: Vec<Option<Arc<Fault>>>,
    /// The round-trip time to pages and prices.
    pub rtt: Duration,
    /// Where to count.
    pub stats: Arc<Stats>,
}

/// Serves every connection that the listener accepts, for ever.
pub async fn serve(listener: TcpListener, site: Site) -> io::Result<()> {
    let site = Arc::new(site);
    let routes = Router::new()
        .route("/stats", get(report))
        .route("/stats/reset", post(reset_stats))
        .route("/page/{name}", get(page))
        .route("/prices", get(prices_of_day))
        .route("/stretch/{factor}/prices", get(prices_stretched))
        .with_state(Arc::clone(&site));
    axum::serve(Door { listener, site }, routes.into_make_service_with_connect_info::<Client>()).await
}

async fn report(State(site): State<Arc<Site>>) -> Json<LabStats> {
    Json(site.stats.report())
}

async fn reset_stats(State(site): State<Arc<Site>>) {
    site.stats.reset();
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
    fault: Option<String>,
}

fn default_page_size() -> usize {
    16 << 10
}

/// The largest page that can be asked for, in bytes.
const MAX_PAGE: usize = 16 << 20;

/// `GET /page/{name}?delay=SECONDS[&size=BYTES][&fault=FAULT]`
async fn page(
    ConnectInfo(client): ConnectInfo<Client>,
    Path(name): Path<String>,
    Query(query): Query<PageQuery>,
) -> Response {
    let Ok(delay) = Duration::try_from_secs_f64(query.delay) else {
        return bad_request("delay is a number of seconds, 0 or more");
    };
    if query.size > MAX_PAGE {
        return bad_request("size is 16777216 bytes at most");
    }
    let fault = match query.fault.as_deref().map(Fault::of_page).transpose() {
        Ok(Some(None)) => return bad_request("a fault of hosts"),
        Ok(fault) => fault.flatten(),
        Err(error) => return bad_request(format!("fault: {error:#}")),
    };
    client.answer(Workload::Web, name, delay, fault.as_ref(), "text/html", page_text(query.size)).await
}

/// A page of this many bytes.
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
    State(site): State<Arc<Site>>,
    ConnectInfo(client): ConnectInfo<Client>,
    Query(query): Query<PricesQuery>,
) -> Response {
    client.answer_prices(&site, query.date, site.prices_delay).await
}

/// The most that `/stretch/{factor}` multiplies the delay by.
const MAX_STRETCH: f64 = 10.0;

/// `GET /stretch/{factor}/prices?date=YYYY-MM-DD`: as above, after `factor` times the delay.
async fn prices_stretched(
    Path(factor): Path<f64>,
    State(site): State<Arc<Site>>,
    ConnectInfo(client): ConnectInfo<Client>,
    Query(query): Query<PricesQuery>,
) -> Response {
    if !(f64::MIN_POSITIVE..=MAX_STRETCH).contains(&factor) {
        return bad_request("the factor is a number above 0, 10 at most");
    }
    let delay = site.prices_delay.as_secs_f64() * factor;
    client.answer_prices(&site, query.date, Duration::try_from_secs_f64(delay).unwrap_or(Duration::MAX)).await
}

fn bad_request(message: impl Into<String>) -> Response {
    (StatusCode::BAD_REQUEST, message.into()).into_response()
}

/// The listener, and what its connections are counted in.
struct Door {
    listener: TcpListener,
    site: Arc<Site>,
}

impl Listener for Door {
    type Io = Client;
    type Addr = ();

    async fn accept(&mut self) -> (Client, ()) {
        let stream = listen::accept(&self.listener).await;
        let session = Session::new(Arc::clone(&self.site.stats), self.site.rtt);
        (Client(Arc::new(Connection { stream, session, mute: false.into() })), ())
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection, in the hands of hyper and of whoever answers.
#[derive(Clone)]
struct Client(Arc<Connection>);

struct Connection {
    stream: TcpStream,
    session: Session,
    /// A fault has answered: what hyper writes is not sent.
    mute: AtomicBool,
}

impl Connected<IncomingStream<'_, Door>> for Client {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().clone()
    }
}

impl Client {
    async fn answer_prices(self, site: &Site, date: Date, delay: Duration) -> Response {
        let place = prices::place(date).rem_euclid(site.sick_days.len() as i32);
        let fault = site.sick_days[place as usize].as_deref();
        match serde_json::to_vec(&prices::of_day(date)) {
            Ok(json) => {
                self.answer(Workload::Prices, date.to_string(), delay, fault, "application/json", json.into())
                    .await
            }
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    /// Answers after a delay, as healthily as it can.
    async fn answer(
        mut self,
        workload: Workload,
        item: String,
        delay: Duration,
        fault: Option<&Fault>,
        content_type: &'static str,
        body: Bytes,
    ) -> Response {
        let connection = Arc::clone(&self.0);
        connection.mute.store(false, Relaxed);
        let in_flight = connection.session.begin(workload, || item);
        if fault.is_none_or(|fault| fault.before != Moment::Accept) {
            sleep(delay).await;
        }
        let Some(fault) = fault else {
            in_flight.answered(true);
            drop(in_flight);
            if let Some(way) = connection.session.answer(workload) {
                way.await;
            }
            return ([(CONTENT_TYPE, content_type)], body).into_response();
        };
        if fault.sends()
            && let Some(way) = connection.session.answer(workload)
        {
            way.await;
        }
        let played = self.play(fault, content_type, &body, delay).await;
        if fault.answers() {
            in_flight.answered(false);
        }
        connection.mute.store(true, Relaxed);
        match played {
            Ok(()) => ().into_response(),
            Err(_) => [(CONNECTION, "close")].into_response(),
        }
    }

    async fn play(
        &mut self,
        fault: &Fault,
        content_type: &str,
        body: &[u8],
        delay: Duration,
    ) -> io::Result<()> {
        // What the head says of the length is true for a body, and for bytes in its place.
        let length = |step: &Step| match step {
            Step::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        let length = match fault.steps.iter().any(|step| matches!(step, Step::Part(_))) {
            true => body.len(),
            false if fault.before == Moment::Body => fault.steps.iter().map(length).sum(),
            false => body.len(),
        };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
        if fault.before == Moment::Body {
            self.send(head.as_bytes()).await?;
            return fault.play(self, &Answer::text(body, body.len() / 2, delay)).await;
        }
        let whole = [head.as_bytes(), body].concat();
        fault.play(self, &Answer::text(&whole, head.len() + body.len() / 2, delay)).await
    }
}

impl Peer for Client {
    async fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.0.stream.writable().await?;
            match self.0.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// hyper watches the connection, and drops the answer with it.
    async fn pause(&mut self, time: Duration) -> io::Result<()> {
        sleep(time).await;
        Ok(())
    }

    async fn read(&mut self) -> io::Result<u8> {
        Err(ErrorKind::Unsupported.into())
    }

    fn error(&self, status: u16) -> Step {
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let reason = reason.unwrap_or_default();
        Step::Bytes(format!("HTTP/1.1 {status} {reason}\r\ncontent-length: 0\r\n\r\n").into())
    }

    fn reset(&self) {
        // A connection that cannot be reset is gone already.
        let _ = SockRef::from(&self.0.stream).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for Client {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_read_ready(context))?;
            match stream.try_read(buffer.initialize_unfilled()) {
                Ok(read) => {
                    buffer.advance(read);
                    if read > 0 && buffer.remaining() > 0 {
                        // All was read: saves the system call that would find nothing.
                        let _ =
                            stream.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Client {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.0.mute.load(Relaxed) {
            return Poll::Ready(Ok(bytes.len()));
        }
        loop {
            ready!(self.0.stream.poll_write_ready(context))?;
            match self.0.stream.try_write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // After a fault nothing but its own end follows: a RST where it is one.
        Poll::Ready(match self.0.mute.load(Relaxed) {
            true => Ok(()),
            false => SockRef::from(&self.0.stream).shutdown(std::net::Shutdown::Write),
        })
    }
}
