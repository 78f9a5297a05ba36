//! The MySQL hosts: one server that answers for all of their addresses.

mod login;
mod packets;
mod statement;

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use mysql_common::constants::{CapabilityFlags, Command};
use mysql_common::packets::{ServerError, SqlState};
use mysql_common::proto::codec::{PacketCodec, error::PacketCodecError};

pub use self::login::{Auth, Login};
use self::statement::Reply;
use crate::connection::{Answer, Connection, Item};
use crate::fault::{Fault, Moment};
use crate::listen;

/// The only user and the only database.
pub const USER: &str = "bench";
pub const DATABASE: &str = "bench";

/// Clients take it for a MySQL 8.
const VERSION: &str = "8.0.0-bench-lab";

/// The largest packet that is taken, in bytes.
const MAX_PACKET: usize = 64 << 10;

/// An error as in MySQL's Server Error Message Reference.
fn error(code: u16, state: &[u8; 5], message: impl Into<String>) -> ServerError<'static> {
    ServerError::new(code, Some(SqlState::new(*state)), message.into().into_bytes())
}

/// How values stand in a row: as the answer to a statement, or to a prepared one.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Text,
    Binary,
}

/// A client's connection, with the packet that was read last and the answer not yet sent.
struct Session<'a> {
    connection: &'a mut Connection,
    codec: PacketCodec,
    packet: Vec<u8>,
    payload: Vec<u8>,
    output: BytesMut,
    /// Where the columns of the answer end, and where its last packet begins.
    columns: usize,
    last: usize,
    /// What client and server can both do; empty until the client has said it.
    capabilities: CapabilityFlags,
    /// What the host still does wrong.
    fault: Option<Arc<Fault>>,
    prepared: Vec<Reply>,
}

/// Serves a connection until its client quits or something is wrong.
pub async fn serve(connection: &mut Connection) -> io::Result<()> {
    connection.count();
    let host = connection.host()?;
    let (fault, healthy) = connection.lab.hosts.look_up(listen::host_number(host).unwrap_or(usize::MAX));
    let mut codec = PacketCodec::default();
    codec.max_allowed_packet = MAX_PACKET;
    let mut session = Session {
        connection,
        codec,
        packet: Vec::new(),
        payload: Vec::new(),
        output: BytesMut::new(),
        columns: 0,
        last: 0,
        capabilities: CapabilityFlags::empty(),
        fault,
        prepared: Vec::new(),
    };
    session.log_in().await?;
    loop {
        let Some((reply, format)) = session.next_reply().await? else { return Ok(()) };
        let Some(delay) = reply.delay else {
            session.put_reply(&reply, format);
            session.flush().await?;
            continue;
        };
        if reply.is_call && !session.capabilities.contains(CapabilityFlags::CLIENT_MULTI_RESULTS) {
            let message = format!("PROCEDURE {DATABASE}.p can't return a result set in the given context");
            session.put_error(&error(1312, b"0A000", message));
            session.flush().await?;
            continue;
        }
        session.put_reply(&reply, format);
        let answer = session.take_answer();
        let item = Item { name: host.to_string(), delay, fault: session.fault.clone(), healthy };
        session.connection.serve(item, &answer).await?;
    }
}

impl Session<'_> {
    /// The reply to the next command that has rows or none, and how it is sent; none when the client quits. Answers other
    /// commands itself.
    async fn next_reply(&mut self) -> io::Result<Option<(Reply, Format)>> {
        loop {
            self.codec.reset_seq_id();
            self.next_packet().await?;
            let Some((command, argument)) = self.packet.split_first() else {
                return Err(self.refuse(error(1835, b"HY000", "Malformed communication packet.")).await);
            };
            let reply = match *command {
                QUIT => return Ok(None),
                PING | RESET_CONNECTION => return Ok(Some((Reply::default(), Format::Text))),
                STMT_CLOSE => continue, // has no answer
                QUERY => statement::parse(argument).map(|reply| (reply, Format::Text)),
                STMT_PREPARE => match statement::parse(argument) {
                    Ok(reply) => {
                        self.put_prepared(&reply);
                        self.prepared.push(reply);
                        self.flush().await?;
                        continue;
                    }
                    Err(error) => Err(error),
                },
                STMT_EXECUTE => {
                    let id = argument.first_chunk().map(|id| u32::from_le_bytes(*id) as usize);
                    let reply = id.and_then(|id| self.prepared.get(id)).cloned();
                    reply
                        .map(|reply| (reply, Format::Binary))
                        .ok_or_else(|| error(1243, b"HY000", "Unknown prepared statement handler"))
                }
                _ => Err(error(1047, b"08S01", "Unknown command")),
            };
            match reply {
                Ok(reply) => return Ok(Some(reply)),
                Err(error) => {
                    self.put_error(&error);
                    self.flush().await?;
                }
            }
        }
    }

    /// Reads the next packet.
    async fn next_packet(&mut self) -> io::Result<()> {
        self.packet.clear();
        loop {
            match self.codec.decode(&mut self.connection.input, &mut self.packet) {
                Ok(true) => return Ok(()),
                Ok(false) => self.connection.receive().await?,
                Err(PacketCodecError::PacketTooLarge) => {
                    let message = "Got a packet bigger than 'max_allowed_packet' bytes";
                    return Err(self.refuse(error(1153, b"08S01", message)).await);
                }
                Err(_) => return Err(self.refuse(error(1156, b"08S01", "Got packets out of order")).await),
            }
        }
    }

    /// Tells the client why its connection ends now. One that is gone already misses nothing.
    async fn refuse(&mut self, error: ServerError<'static>) -> io::Error {
        self.put_error(&error);
        let told = self.flush_at(Moment::Login).await;
        told.err().unwrap_or(ErrorKind::ConnectionAborted.into())
    }

    fn take_answer(&mut self) -> Answer {
        let bytes = self.output.split();
        let ends = [self.columns, bytes.len() / 2, self.last, bytes.len()];
        (self.columns, self.last) = (0, 0);
        Answer { bytes, ends }
    }

    async fn flush(&mut self) -> io::Result<()> {
        let answer = self.take_answer();
        self.connection.answer(&answer.bytes).await
    }

    /// Sends the answer, or plays the fault that is due now instead, once.
    async fn flush_at(&mut self, moment: Moment) -> io::Result<()> {
        let answer = self.take_answer();
        match self.fault.take_if(|fault| fault.before == moment) {
            Some(fault) => self.connection.play(&fault.steps, &answer, Duration::ZERO).await,
            None => self.connection.answer(&answer.bytes).await,
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
