//! Shared by all db programs: arguments, the hosts to ask, and the outcome of each. Nothing here knows a driver or a
//! concurrency model.

use std::fmt::{self, Display, Formatter};
use std::net::{SocketAddr, ToSocketAddrs};
use std::{borrow::Cow, fs, str::FromStr, time::Duration};

use anyhow::{Context, Result, ensure};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
pub use tally::{Tally, catch_panic, catch_panic_async, late};
use url::Url;

/// The arguments that all db programs have.
#[derive(clap::Args)]
#[group(skip)] // its name would be that of each program's own `Args`
pub struct Args {
    /// File with one URL per line, as mysql://user:password@host:port/database
    #[arg(long = "urls", value_name = "FILE", env = "DB_URLS", value_parser = read)]
    pub hosts: Box<[Host]>, // clap would take a Vec for one host per --urls
    /// What to ask each host
    #[arg(long, value_name = "SQL", default_value = "select sleep(0.1)")]
    pub query: String,
    /// How long a host may take to answer
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = limits::seconds)]
    pub timeout: Duration,
}

impl Args {
    /// Counts and prints the rows of these hosts.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn tally(&self) -> Result<Tally> {
        Tally::new(&self.hosts, self.timeout)
    }
}

/// A host to ask, and who asks. It is displayed as `host:port`: its password is never shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct Host(Url);

impl Host {
    /// Its name or IP address.
    pub fn name(&self) -> &str {
        // std and the drivers want an IPv6 address without the brackets that it has in a URL.
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.0.port().unwrap_or(3306)
    }

    /// Its first socket address. A name is looked up by std, which blocks the thread; an IP address is not.
    ///
    /// # Errors
    /// When the name is not known.
    pub fn address(&self) -> Result<SocketAddr> {
        (self.name(), self.port()).to_socket_addrs()?.next().context("its name has no address")
    }

    /// Who logs in.
    pub fn user(&self) -> Cow<'_, str> {
        decode(self.0.username())
    }

    /// The user's password; empty for none.
    pub fn password(&self) -> Cow<'_, str> {
        decode(self.0.password().unwrap_or_default())
    }

    /// The database that is used; empty for none.
    pub fn database(&self) -> Cow<'_, str> {
        decode(self.0.path().trim_start_matches('/'))
    }
}

impl FromStr for Host {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self> {
        let url = Url::parse(url)?;
        ensure!(url.scheme() == "mysql" && url.has_host(), "not a MySQL URL");
        for part in [url.username(), url.password().unwrap_or_default(), url.path()] {
            percent_decode_str(part).decode_utf8()?;
        }
        Ok(Self(url))
    }
}

impl Display for Host {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        write!(formatter, "{}:{}", self.0.host_str().unwrap_or_default(), self.port())
    }
}

fn decode(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

/// Reads the URL file. A bad line is named by its number alone: it may hold a password.
fn read(file: &str) -> Result<Box<[Host]>> {
    let mut hosts = Vec::new();
    for (index, url) in fs::read_to_string(file)?.lines().enumerate() {
        hosts.push(url.parse().ok().with_context(|| format!("line {} is not a MySQL URL", index + 1))?);
    }
    ensure!(!hosts.is_empty(), "the file is empty");
    Ok(hosts.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_all_that_a_driver_needs() {
        let host: Host = "mysql://us%40er:pass%2Fword@[::1]:3307/bench".parse().unwrap();
        assert_eq!((host.name(), host.port(), host.to_string().as_str()), ("::1", 3307, "[::1]:3307"));
        assert_eq!(
            (host.user(), host.password(), host.database()),
            ("us@er".into(), "pass/word".into(), "bench".into())
        );
        let host: Host = "mysql://user@db.test".parse().unwrap();
        assert_eq!(
            (host.to_string().as_str(), host.password(), host.database()),
            ("db.test:3306", "".into(), "".into())
        );
    }

    #[test]
    fn other_urls_are_refused() {
        for url in [
            "",
            "db.test",
            "mysql:user@db.test",
            "mysql:///bench",
            "http://db.test/",
            "mysql://u:%ff@db.test",
        ] {
            assert!(url.parse::<Host>().is_err(), "{url}");
        }
    }
}
