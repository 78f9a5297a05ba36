//! Shared by all db programs: arguments, the hosts to ask, and the outcome of each. Nothing here knows a driver or a
//! concurrency model.

use std::fmt::{self, Display, Formatter};
use std::{borrow::Cow, fs, str::FromStr, time::Duration};

use anyhow::{Context, Result, anyhow, ensure};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
pub use tally::{Tally, catch_panic, catch_panic_async};
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
    /// How long a host may take: look-up, connect, login and answer
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

/// A host to ask, with its account. It is displayed as `host:port`: its password is never shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct Host(Url);

impl Host {
    /// Its name or IP address, and its TCP port.
    pub fn address(&self) -> (&str, u16) {
        // std and the drivers want an IPv6 address without the brackets that it has in a URL.
        (self.0.host_str().unwrap_or_default().trim_matches(['[', ']']), self.0.port().unwrap_or(3306))
    }

    /// The user that logs in.
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

    /// The error names no part of the URL: any may belong to a password.
    fn from_str(text: &str) -> Result<Self> {
        ensure!(!text.starts_with('\u{feff}'), "it begins with a byte-order mark: save the file without");
        ensure!(!text.contains(char::is_control), "it has a control character: end lines with \\n or \\r\\n");
        let url = Url::parse(text).map_err(|error| anyhow!("not a MySQL URL: {error}{REMEDY}"))?;
        ensure!(
            url.scheme() == "mysql" && url.has_host(),
            "not a MySQL URL: mysql://user:password@host:port/database"
        );
        ensure!(url.fragment().is_none(), "# begins a fragment{REMEDY}");
        let misplaced = url.path().contains('@') || url.query().is_some_and(|query| query.contains('@'));
        ensure!(!misplaced, "@ after / or ?{REMEDY}");
        ensure!(
            url.query().is_none(),
            "parameters after ? have no effect here (there is no TLS): remove them"
        );
        ensure!(!url.path().trim_start_matches('/').contains('/'), "more than one / after the host{REMEDY}");
        for part in [url.username(), url.password().unwrap_or_default(), url.path()] {
            let part = percent_decode_str(part).decode_utf8().context("a %-escape is not UTF-8")?;
            ensure!(!part.contains(char::is_control), "a %-escape is a control character");
        }
        Ok(Self(url))
    }
}

const REMEDY: &str = "; in a password, write # as %23, / as %2F, ? as %3F, @ as %40 and : as %3A";

impl Display for Host {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        write!(formatter, "{}:{}", self.0.host_str().unwrap_or_default(), self.address().1)
    }
}

fn decode(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

/// Reads a URL file. A bad line is refused with its number and the remedy. No part of it is quoted: it may hold a
/// password.
///
/// # Errors
/// When there is no such file, it is empty, or a line is no MySQL URL.
pub fn read(file: &str) -> Result<Box<[Host]>> {
    let mut hosts = Vec::new();
    for (index, url) in fs::read_to_string(file)?.lines().enumerate() {
        hosts.push(url.parse().map_err(|error| anyhow!("line {}: {error}", index + 1))?);
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
        assert_eq!((host.address(), host.to_string().as_str()), (("::1", 3307), "[::1]:3307"));
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
    fn other_urls_are_refused_without_a_part_of_the_password() {
        for (url, reason) in [
            ("", "not a MySQL URL"),
            ("db.test", "not a MySQL URL"),
            ("mysql:user@db.test", "not a MySQL URL"),
            ("mysql:///bench", "not a MySQL URL"),
            ("http://db.test/", "not a MySQL URL"),
            ("mysql://u:%ff@db.test", "a %-escape is not UTF-8"),
            ("mysql://u:12#s3cret@db.test:3306/x", "write # as %23"),
            ("mysql://u:12/s3cret@db.test/x", "write # as %23, / as %2F"),
            ("mysql://u:12?s3cret@db.test/x", "? as %3F"),
            ("mysql://u:s3cret/12@db.test/x", "not a MySQL URL: invalid port number; in a password"),
            ("mysql://u:s3cret@db.test/x?ssl-mode=REQUIRED", "there is no TLS"),
            ("\u{feff}mysql://u:s3cret@db.test/x", "byte-order mark"),
            ("mysql://u:s3cret@db.test/x\rmysql://u:s3cret@db.test/x", "a control character"),
            ("mysql://u:s3cret%00@db.test/x", "a control character"),
        ] {
            let error = url.parse::<Host>().err().unwrap_or_else(|| panic!("{url}")).to_string();
            assert!(error.contains(reason) && !error.contains("s3cret"), "{url}: {error}");
        }
    }
}
