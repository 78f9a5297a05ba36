//! The HTTP answers that the programs accept: the same from every client. Nothing here knows a client.

use std::error::Error as StdError;

use anyhow::{Error, Result, anyhow, ensure};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, TRANSFER_ENCODING};
use http::{Response, Version};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Longest head of an answer, in bytes.
pub const MAX_HEAD: usize = 16 << 10;

/// Most lines of a head: hyper's default.
const MAX_LINES: usize = 100;

/// Longest body of an answer, in bytes: ureq's default.
pub const MAX_BODY: usize = 10 << 20;

/// The error of a head that is too long.
pub const LONG_HEAD: &str = "the head of the answer is longer than 16 KiB or 100 lines";

/// The error of a body that is too long.
pub const LONG_BODY: &str = "the answer is longer than 10 MiB";

/// Checks the head of an answer before its body is read.
///
/// # Errors
/// When it is too long, or the body of a success is encoded: no client here asks for that, and none decodes it.
pub fn check<B>(answer: &Response<B>) -> Result<()> {
    let headers = answer.headers();
    let length: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum(); // ": " and CRLF
    ensure!(length <= MAX_HEAD && headers.len() <= MAX_LINES, LONG_HEAD);
    if !answer.status().is_success() {
        return Ok(());
    }
    for (name, plain) in [(CONTENT_ENCODING, "identity"), (TRANSFER_ENCODING, "chunked")] {
        for value in headers.get_all(&name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            ensure!(value.eq_ignore_ascii_case(plain), "{name} is {value}, which was not asked for");
        }
    }
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    ensure!(!chunked || answer.version() != Version::HTTP_10, "HTTP/1.0 has no {TRANSFER_ENCODING}");
    Ok(())
}

/// Checks an answer and reads its body to the end. The body of a failure is left out, for no program looks at it.
///
/// # Errors
/// As [`check`], and when the body is too long or the connection ends before it.
pub async fn read<B>(answer: Response<B>) -> Result<Response<Bytes>>
where
    B: BodyExt<Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    check(&answer)?;
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        return Ok(Response::from_parts(head, Bytes::new()));
    }
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { Error::msg(LONG_BODY) } else { anyhow!(error) }
    })?;
    Ok(Response::from_parts(head, body.to_bytes()))
}
