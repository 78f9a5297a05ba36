//! What the programs with ureq need besides it, however they wait.

use std::io::{self, ErrorKind};
use std::net::IpAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Finds a host's addresses. With a time limit ureq starts a thread for each look-up, even of an IP address, which
/// needs none: here only names have one.
#[derive(Debug)]
pub struct Names;

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, limit: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let limit = if is_address(uri) { NextTimeout::default() } else { limit }; // the default is none
        DefaultResolver::default().resolve(uri, config, limit)
    }
}

/// Whether the host is an IP address.
pub fn is_address(uri: &Uri) -> bool {
    uri.host().is_some_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
}

/// What went wrong, as an error of std's: by its kind a time-out is recognised.
pub fn cause(error: Error) -> io::Error {
    match error {
        Error::Timeout(_) => io::Error::new(ErrorKind::TimedOut, error),
        error => error.into_io(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_addresses_from_names() {
        let is = |uri: &str| is_address(&uri.parse().unwrap());
        assert!(is("http://127.0.0.1:8000/page") && is("http://[::1]/"));
        assert!(!is("http://localhost:8000/page") && !is("http://127.0.0.1.example/"));
    }
}
