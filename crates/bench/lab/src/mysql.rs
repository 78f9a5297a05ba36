//! The MySQL hosts: one server that answers for all of their addresses.

mod login;
mod statement;
mod wire;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use mysql_common::constants::{CapabilityFlags, Command};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

pub use self::login::{Auth, Login};
use self::statement::{Item, Reply, SqlError};
use self::wire::{Connection, End, Format};
use crate::fault::{Fault, Moment};
use crate::listen;
use crate::session::Session;
use crate::stats::{Stats, Workload};

/// The only user.
pub const USER: &str = "bench";

/// The only database.
pub const DATABASE: &str = "bench";

/// What all hosts have in common, and which of them are sick.
pub struct Hosts {
    pub login: Login,
    pub sick: HashMap<Ipv4Addr, Arc<Fault>>,
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
        let session = Session::new(Arc::clone(&hosts.stats), hosts.rtt);
        session.connected(Workload::Db);
        let hosts = Arc::clone(&hosts);
        tokio::spawn(async move {
            let fault = hosts.fault(&stream);
            let mut connection = Connection::new(stream, &session, fault);
            if let Err(End::Refused(error)) = hosts.serve(&mut connection, id).await {
                connection.put_error(&error);
                // The connection ends here; a client that is gone already misses nothing.
                let _ = connection.flush_at(Moment::Login).await;
            }
        });
    }
}

impl Hosts {
    /// How the host that the client connected to misbehaves.
    fn fault(&self, stream: &TcpStream) -> Option<&Fault> {
        if self.sick.is_empty() {
            return None; // saves asking the kernel for the address
        }
        match stream.local_addr().ok()?.ip() {
            IpAddr::V4(host) => self.sick.get(&host).map(|fault| &**fault),
            IpAddr::V6(_) => None,
        }
    }

    /// Serves a connection until its client quits or something is wrong.
    async fn serve(&self, connection: &mut Connection<'_>, id: u32) -> Result<(), End> {
        self.login.serve(connection, id).await?;
        let mut prepared = Vec::new();
        loop {
            let (command, argument) = connection.next_command().await?;
            let (reply, format) = match command {
                QUIT => return Ok(()),
                PING | RESET_CONNECTION => (Reply::Ok, Format::Text),
                QUERY => (statement::parse(argument), Format::Text),
                STMT_PREPARE => {
                    let reply = statement::parse(argument);
                    connection.put_prepared(prepared.len() as u32, &reply);
                    prepared.push(reply);
                    connection.flush().await?;
                    continue;
                }
                STMT_EXECUTE => {
                    let statement = argument.first_chunk().map(|id| u32::from_le_bytes(*id) as usize);
                    let statement = statement.and_then(|id| prepared.get(id)).cloned();
                    let unknown = || SqlError::new(1243, b"HY000", "Unknown prepared statement handler");
                    (statement.unwrap_or_else(|| Reply::Error(unknown())), Format::Binary)
                }
                STMT_CLOSE => continue, // has no answer
                _ => (Reply::Error(SqlError::new(1047, b"08S01", "Unknown command")), Format::Text),
            };
            match reply {
                Reply::Item(item) => {
                    answer_item(connection, &item, format).await?;
                    continue;
                }
                Reply::Ok => connection.put_ok(),
                Reply::Rows(rows) => connection.put_rows(&rows, format, false),
                Reply::Error(error) => connection.put_error(&error),
            }
            connection.flush().await?;
        }
    }
}

/// Answers `select sleep(x)` or a call, the item that is counted, as healthily as the host is.
async fn answer_item(connection: &mut Connection<'_>, item: &Item, format: Format) -> Result<(), End> {
    if item.is_call && !connection.capabilities.contains(CapabilityFlags::CLIENT_MULTI_RESULTS) {
        let message = format!("PROCEDURE {DATABASE}.p can't return a result set in the given context");
        connection.put_error(&SqlError::new(1312, b"0A000", message));
        return connection.flush().await;
    }
    let in_flight = connection.session.begin(Workload::Db, || connection.host());
    let fault = connection.fault;
    if fault.is_none_or(|fault| fault.before != Moment::Query) {
        connection.unless_closed(sleep(item.time)).await?;
    }
    connection.put_rows(&item.rows, format, item.is_call);
    if item.is_call {
        connection.put_ok();
    }
    match fault {
        None => {
            in_flight.answered(connection.is_healthy);
            drop(in_flight);
            connection.flush().await
        }
        Some(fault) => {
            let played = connection.play(fault, item.time).await;
            if fault.answers() {
                in_flight.answered(false);
            }
            played
        }
    }
}

const QUIT: u8 = Command::COM_QUIT as u8;
const QUERY: u8 = Command::COM_QUERY as u8;
const PING: u8 = Command::COM_PING as u8;
const STMT_PREPARE: u8 = Command::COM_STMT_PREPARE as u8;
const STMT_EXECUTE: u8 = Command::COM_STMT_EXECUTE as u8;
const STMT_CLOSE: u8 = Command::COM_STMT_CLOSE as u8;
const RESET_CONNECTION: u8 = Command::COM_RESET_CONNECTION as u8;
