//! Host names, within the time limit of the request.

use std::marker::PhantomData;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::Socket;
use crate::transport::{late, time_left};

/// Finds a host's addresses. ureq itself starts a thread for each look-up, even of an IP address, which needs none, and
/// panics where the system starts no more of them.
#[derive(Debug)]
pub struct Names<S>(PhantomData<S>);

impl<S> Default for Names<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S: Socket> Resolver for Names<S> {
    fn resolve(&self, uri: &Uri, _: &Config, limit: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let name = uri.host().ok_or(Error::HostNotFound)?.trim_matches(['[', ']']); // an IPv6 address has them in a URL
        let port = uri.port_u16().unwrap_or(80);
        let addresses = S::look_up((name, port), time_left(limit)?).map_err(|error| late(error, limit))?;
        let mut found = self.empty();
        addresses.into_iter().take(16).for_each(|address| found.push(address)); // it has room for 16
        Ok(found)
    }
}
