//! An HTTP/1.1 request over any byte stream: hyper brings the protocol, the program brings the stream. It knows no
//! event loop, so that the programs on glommio and compio can share it and differ in nothing but the loop.

use std::{io, net::SocketAddr, pin::pin};

use anyhow::Result;
use futures_lite::{AsyncRead, AsyncWrite, future};
use http_body_util::{BodyExt, Empty};
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
    connect::connect(name, url.port_or_known_default().unwrap_or(80), open).await
}

/// Asks for an `http://` URL on a fresh stream, and returns the answer with its whole body. The stream closes after
/// that.
///
/// # Errors
/// When the server does not answer to the end. A status of any kind is an answer.
pub async fn get(stream: impl AsyncRead + AsyncWrite, url: &Url) -> Result<Response<Bytes>> {
    let mut http = http1::Builder::new();
    // As large as ureq's in the other programs; hyper's 8 KiB would be touched to the end: `FuturesIo` clears it.
    http.read_buf_exact_size(Some(4 << 10));
    let stream = pin!(stream);
    let (mut sender, connection) = http.handshake(FuturesIo::new(stream)).await?;

    let exchange = async {
        let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
            .body(Empty::<Bytes>::new())?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    };
    // The connection moves the bytes, and the exchange ends with its error, too: so only the exchange decides when
    // both are over.
    let traffic = async {
        let _ = connection.await;
        future::pending().await
    };
    future::or(exchange, traffic).await
}
