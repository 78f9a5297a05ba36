//! ureq as the programs use it, however they wait: one agent for each, with the reasons here and not in the lessons.

mod transport;

use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::time::Duration;

use connect::Socket;
use http_answers::{LONG_BODY, LONG_HEAD, MAX_HEAD};
use ureq::config::Config;
use ureq::http::Request;
use ureq::middleware::MiddlewareNext;
use ureq::{Agent, Error, SendBody};

use transport::{Over, Stream};

/// An agent that blocks the thread that asks, for at most `timeout`: from looking the name up to the last byte of the
/// answer.
pub fn agent(timeout: Duration) -> Agent {
    agent_over::<Stream>(timeout)
}

/// An agent over sockets of another kind.
pub fn agent_over<S: Socket>(timeout: Duration) -> Agent {
    let config = Config::builder()
        .timeout_global(Some(timeout))
        .max_idle_connections(0) // a connection for each request, so that every model waits for the same round trips
        .max_redirects(0) // another host may be behind one
        .http_status_as_error(false) // the program sees each status
        .proxy(None) // the environment may name one
        .max_response_header_size(MAX_HEAD)
        .input_buffer_size(4 << 10) // 128 KiB by default, all of which is touched; the transport enlarges it for a long head
        .output_buffer_size(4 << 10)
        .middleware(|request: Request<SendBody>, next: MiddlewareNext| {
            let answer = next.handle(request)?;
            http_answers::check(&answer).map_err(|error| Error::Other(error.into()))?;
            Ok(answer)
        })
        .build();
    Agent::with_parts(config, Over::<S>(PhantomData), Over::<S>(PhantomData))
}

/// The cause of ureq's error, as an error of std's, by whose kind a time-out is recognised.
pub fn cause(error: Error) -> io::Error {
    match error {
        Error::Timeout(_) => io::Error::new(ErrorKind::TimedOut, error),
        Error::LargeResponseHeader(..) | Error::Protocol(ureq_proto::Error::HttpParseTooManyHeaders) => {
            io::Error::other(LONG_HEAD)
        }
        Error::BodyExceedsLimit(_) => io::Error::other(LONG_BODY),
        Error::Other(error) => io::Error::other(error),
        error => error.into_io(),
    }
}
