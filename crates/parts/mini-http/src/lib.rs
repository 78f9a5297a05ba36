//! An HTTP/1.1 request over any byte stream: hyper brings the protocol, the program brings the stream. It knows no
//! event loop, so that the programs on smol, glommio and compio can share it and differ in nothing but the loop.

use std::{io, net::SocketAddr, pin::pin};

use anyhow::{Error, Result};
use futures_lite::{AsyncRead, AsyncWrite, future};
use http_answers::{LONG_HEAD, MAX_HEAD};
use http_body_util::Empty;
use hyper::{Request, Response, body::Bytes, client::conn::http1, header::HOST};
use smol_hyper::rt::FuturesIo;
use url::{Position, Url};

/// Opens a stream to the host of an `http://` URL: see [`connect::connect`].
///
/// # Errors
/// When the name is unknown, or its last address does not answer.
pub async fn connect<S, E: Into<io::Error>>(
    url: &Url,
    open: impl AsyncFn(SocketAddr) -> Result<S, E>,
) -> io::Result<S> {
    let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']); // an IPv6 address has them in a URL
    connect::connect((name, url.port_or_known_default().unwrap_or(80)), open).await
}

/// Asks for an `http://` URL on a fresh stream, and returns the answer, of a success with its whole body. The stream
/// closes after that.
///
/// # Errors
/// When the server does not answer to the end, or the answer is not one that [`http_answers`] accepts. A status of any
/// kind is an answer.
pub async fn get(stream: impl AsyncRead + AsyncWrite, url: &Url) -> Result<Response<Bytes>> {
    let mut http = http1::Builder::new();
    http.max_buf_size(MAX_HEAD);
    let stream = pin!(stream);
    let (mut sender, connection) = http.handshake(FuturesIo::new(stream)).await?;

    let exchange = async {
        let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
            .body(Empty::<Bytes>::new())?;
        let answer =
            sender.send_request(request).await.map_err(|error| match error.is_parse_too_large() {
                true => Error::msg(LONG_HEAD), // hyper does not say how large is too large
                false => error.into(),
            })?;
        http_answers::read(answer).await
    };
    // The connection moves the bytes, and the exchange ends with its error, too: so only the exchange decides when
    // both are over.
    let traffic = async {
        let _ = connection.await;
        future::pending().await
    };
    future::or(exchange, traffic).await
}
