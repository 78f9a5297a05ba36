//! An HTTP/1.1 request by hyper over a socket of compio: hyper brings the protocol, and neither an event loop
//! nor a client.

use anyhow::{Context, Result, ensure};
use compio::{io::compat::AsyncStream, net::TcpStream, runtime};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Uri, body::Bytes, client::conn::http1, header::HOST};
use smol_hyper::rt::FuturesIo;

/// Opens a connection, asks for an `http://` URL, and returns the body. The connection closes after that.
///
/// To be called on an event loop of compio.
///
/// # Errors
/// When the connection fails, or the server does not answer with a whole body and a status of 2xx.
pub async fn get(url: &str) -> Result<Bytes> {
    let url: Uri = url.parse()?;
    let host = url.authority().context("no host")?;
    let stream = TcpStream::connect((host.host().trim_matches(['[', ']']), host.port_u16().unwrap_or(80)));
    let stream = stream.await?;
    stream.set_nodelay(true)?;
    // The kernel fills and empties buffers of the stream's own: 8 KiB each way by default.
    let stream = Box::pin(AsyncStream::with_capacity(512, stream));
    // As large as ureq's in the other programs; hyper's 8 KiB would be touched to the end, for `FuturesIo` clears it.
    let mut http = http1::Builder::new();
    http.read_buf_exact_size(Some(4 << 10));
    let (mut sender, connection) = http.handshake(FuturesIo::new(stream)).await?;
    // It moves the bytes, as long as the sender or the body is there. Its error comes out of those, too.
    runtime::spawn(connection).detach();

    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(HOST, host.as_str()).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    ensure!(response.status().is_success(), "{}", response.status());
    Ok(response.into_body().collect().await?.to_bytes())
}
