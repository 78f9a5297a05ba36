//! reqwest's client as the programs make it, and the causes of its errors.

use std::error::Error as StdError;

use anyhow::{Error, Result};
use http_answers::LONG_HEAD;
use hyper::body::Bytes;
use reqwest::{Body, Client, Response, redirect::Policy};

/// The HTTP client: a connection for each request, no redirects, no proxy.
///
/// # Errors
/// When reqwest cannot be set up.
pub fn client() -> reqwest::Result<Client> {
    Client::builder().pool_max_idle_per_host(0).redirect(Policy::none()).no_proxy().build()
}

/// Reads an answer's body to its end.
///
/// # Errors
/// When the connection ends before it, or the answer is not one that [`http_answers`] accepts.
pub async fn body(answer: Response) -> Result<Bytes> {
    Ok(http_answers::read::<Body>(answer.into()).await?.into_body())
}

/// The cause of reqwest's error. Where hyper says "too large", it names the limit.
pub fn cause(error: reqwest::Error) -> Error {
    let error = Error::from(error.without_url()); // the line begins with it
    let too_large =
        |cause: &(dyn StdError + 'static)| cause.downcast_ref().is_some_and(hyper::Error::is_parse_too_large);
    if error.chain().any(too_large) { Error::msg(LONG_HEAD) } else { error }
}
