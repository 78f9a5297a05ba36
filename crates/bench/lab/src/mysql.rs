//! The MySQL hosts: one server that answers for all of their addresses.

mod answer;
mod handshake;
mod query;
mod wire;

use std::collections::HashMap;
use std::future::pending;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_common::constants::Command;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use self::answer::SqlError;
pub use self::answer::{DATABASE, USER};
pub use self::handshake::Auth;
use self::query::Reply;
use self::wire::{Connection, End};
use crate::listen;
use crate::network::Way;
use crate::sick::{Kind, SLOWNESS};
use crate::stats::Stats;

/// What all hosts have in common, and which of them are sick.
pub struct Hosts {
    /// The password of [`USER`].
    pub password: String,
    /// How it is checked.
    pub auth: Auth,
    /// The hosts that misbehave.
    pub sick: HashMap<Ipv4Addr, Kind>,
    /// The round-trip time to them.
    pub rtt: Duration,
    /// Where to count.
    pub stats: Arc<Stats>,
}

/// Serves every connection that the listener accepts, for ever.
pub async fn serve(listener: TcpListener, hosts: Arc<Hosts>) {
    let mut id = 0_u32;
    loop {
        id = id.wrapping_add(1);
        let stream = listen::accept(&listener).await;
        let accepted = Instant::now();
        hosts.stats.db.connected(accepted);
        let hosts = Arc::clone(&hosts);
        tokio::spawn(async move {
            let sick = hosts.sickness(&stream);
            let mut connection = Connection::new(stream, accepted, Way::new(hosts.rtt), &hosts.stats.db);
            if let Err(End::Refused(error)) = hosts.serve(&mut connection, id, sick).await {
                connection.put_error(&error);
                // The connection ends here; a client that is gone already misses nothing.
                let _ = connection.flush().await;
            }
        });
    }
}

impl Hosts {
    /// How the host that the client connected to misbehaves.
    fn sickness(&self, stream: &TcpStream) -> Option<Kind> {
        if self.sick.is_empty() {
            return None; // saves asking the kernel for the address
        }
        match stream.local_addr().ok()?.ip() {
            IpAddr::V4(host) => self.sick.get(&host).copied(),
            IpAddr::V6(_) => None,
        }
    }

    /// Serves a connection until its client quits or something is wrong.
    async fn serve(&self, connection: &mut Connection<'_>, id: u32, sick: Option<Kind>) -> Result<(), End> {
        if sick == Some(Kind::Hang) {
            return connection.unless_closed(pending()).await;
        }
        handshake::serve(connection, id, self.auth, &self.password).await?;
        loop {
            let (command, argument) = connection.next_command().await?;
            match command {
                QUIT => return Ok(()),
                QUERY => match query::parse(argument) {
                    Reply::Ok => connection.put_ok(),
                    Reply::Rows(rows) => connection.put_rows(&rows),
                    Reply::Error(error) => connection.put_error(&error),
                    Reply::Sleep(column, time) => self.sleep(connection, column, time, sick).await?,
                },
                PING | RESET_CONNECTION => connection.put_ok(),
                SET_OPTION => connection.put_eof(),
                INIT_DB => match handshake::check_database(Some(argument)) {
                    Ok(()) => connection.put_ok(),
                    Err(error) => connection.put_error(&error),
                },
                STMT_PREPARE => connection.put_error(&SqlError::new(
                    1295,
                    b"HY000",
                    "This command is not supported in the prepared statement protocol yet",
                )),
                STMT_CLOSE => continue, // has no answer
                _ => connection.put_error(&SqlError::new(1047, b"08S01", "Unknown command")),
            }
            connection.flush().await?;
        }
    }

    /// Answers `select sleep(x)`, the item that is counted, as healthily as the host is.
    async fn sleep(
        &self,
        connection: &mut Connection<'_>,
        column: String,
        time: Duration,
        sick: Option<Kind>,
    ) -> Result<(), End> {
        let in_flight = self.stats.db.received();
        let trace = self.stats.trace.as_ref();
        let _traced = trace.map(|trace| trace.begin("db", connection.host(), connection.accepted));
        let slowness = if sick == Some(Kind::Slow) { SLOWNESS } else { 1 };
        connection.unless_closed(sleep(time.saturating_mul(slowness))).await?;
        if sick == Some(Kind::Error) {
            connection.put_error(&SqlError::new(1105, b"HY000", "This host is sick"));
            return Ok(());
        }
        connection.put_rows(&query::slept(column));
        if sick == Some(Kind::Close) {
            connection.flush_half().await?;
            return Err(End::Closed);
        }
        in_flight.answered(sick.is_none());
        Ok(())
    }
}

const QUIT: u8 = Command::COM_QUIT as u8;
const INIT_DB: u8 = Command::COM_INIT_DB as u8;
const QUERY: u8 = Command::COM_QUERY as u8;
const PING: u8 = Command::COM_PING as u8;
const STMT_PREPARE: u8 = Command::COM_STMT_PREPARE as u8;
const STMT_CLOSE: u8 = Command::COM_STMT_CLOSE as u8;
const SET_OPTION: u8 = Command::COM_SET_OPTION as u8;
const RESET_CONNECTION: u8 = Command::COM_RESET_CONNECTION as u8;
