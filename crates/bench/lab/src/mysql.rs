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

pub use self::login::{Auth, random};
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

/// A client's connection, with the last packet that it read and the answer that it has not sent yet.
struct Session<'a> {
    connection: &'a mut Connection,
    codec: PacketCodec,
    packet: Vec<u8>,
    payload: Vec<u8>,
    output: BytesMut,
    /// Where the columns of the answer end, and where its last packet begins.
    columns: usize,
    last: usize,
    /// Capabilities that client and server share; empty until the client has sent its own.
    capabilities: CapabilityFlags,
    /// The host's fault, until it is played.
    fault: Option<Arc<Fault>>,
}

/// Serves a connection until its client quits or something is wrong.
pub async fn serve(connection: &mut Connection) -> io::Result<()> {
    connection.count();
    let host = connection.host()?;
    let (fault, healthy) = connection.lab.hosts.look_up(listen::host_number(host).unwrap_or(usize::MAX));
    let mut codec = PacketCodec::default();
    codec.max_allowed_packet = MAX_PACKET;
    let (packet, payload, output, columns, last) = Default::default();
    let capabilities = CapabilityFlags::empty();
    let mut session =
        Session { connection, codec, packet, payload, output, columns, last, capabilities, fault };
    session.log_in().await?;
    loop {
        session.codec.reset_seq_id();
        session.next_packet().await?;
        let reply = match session.packet.split_first() {
            Some((&QUIT, _)) => return Ok(()),
            Some((&(PING | RESET_CONNECTION), _)) => Ok(Reply::default()),
            Some((&QUERY, statement)) => statement::parse(statement, session.capabilities),
            Some(_) => Err(error(1047, b"08S01", "Unknown command")),
            None => {
                return Err(session.refuse(error(1835, b"HY000", "Malformed communication packet.")).await);
            }
        };
        let delay = reply.as_ref().ok().and_then(|reply| reply.delay);
        match reply {
            Ok(reply) => session.put_reply(&reply),
            Err(error) => session.put_error(&error),
        }
        let answer = session.take_answer();
        match delay {
            None => session.connection.answer(&answer.bytes).await?,
            Some(delay) => {
                let item = Item { name: host.to_string(), delay, fault: session.fault.clone(), healthy };
                session.connection.serve(item, &answer).await?;
            }
        }
    }
}

impl Session<'_> {
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

    /// Tells the client why its connection ends now, if it is still there.
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

    /// Sends the answer, or once plays the fault of this moment instead.
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
const RESET_CONNECTION: u8 = Command::COM_RESET_CONNECTION as u8;
