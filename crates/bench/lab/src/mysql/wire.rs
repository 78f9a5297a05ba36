//! A connection of the MySQL protocol as the server sees it: packets in, answers out.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Instant;

use bytes::BytesMut;
use mysql_common::collations::CollationId;
use mysql_common::constants::{CapabilityFlags, ColumnType, StatusFlags};
use mysql_common::io::BufMutExt;
use mysql_common::packets::{Column, ErrPacket, ServerError, SqlState};
use mysql_common::proto::MySerialize;
use mysql_common::proto::codec::PacketCodec;
use mysql_common::proto::codec::error::PacketCodecError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{MAX_PACKET, Rows, SqlError, Value};
use crate::network::Way;
use crate::stats::Counters;

/// What is read at once to begin with, in bytes: more than a login or a short query takes.
const READ_BUFFER: usize = 512;

/// The first byte of a packet that ends columns or rows.
const END: u8 = 0xFE;

/// The text protocol's NULL.
const NULL: u8 = 0xFB;

/// Why a connection ends before its client quits.
pub enum End {
    /// The client is gone.
    Closed,
    /// The client broke the protocol or may not log in; it is told why.
    Refused(SqlError),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

impl From<PacketCodecError> for End {
    fn from(error: PacketCodecError) -> Self {
        Self::Refused(match error {
            PacketCodecError::PacketTooLarge => SqlError::packet_too_large(),
            _ => SqlError::new(1156, b"08S01", "Got packets out of order"),
        })
    }
}

/// A client's connection, with the packet that was read last and the answers not yet sent.
pub struct Connection<'a> {
    stream: TcpStream,
    /// When it was accepted.
    pub accepted: Instant,
    way: Way,
    counters: &'a Counters,
    codec: PacketCodec,
    input: BytesMut,
    packet: Vec<u8>,
    payload: Vec<u8>,
    output: BytesMut,
    /// What client and server can both do; empty until the client has said it.
    pub capabilities: CapabilityFlags,
}

impl<'a> Connection<'a> {
    /// A connection that was just accepted, whose round trips are counted in `counters`.
    pub fn new(stream: TcpStream, accepted: Instant, way: Way, counters: &'a Counters) -> Self {
        let mut codec = PacketCodec::default();
        codec.max_allowed_packet = MAX_PACKET;
        Self {
            stream,
            accepted,
            way,
            counters,
            codec,
            input: BytesMut::with_capacity(READ_BUFFER),
            packet: Vec::new(),
            payload: Vec::new(),
            output: BytesMut::new(),
            capabilities: CapabilityFlags::empty(),
        }
    }

    /// The address that the client connected to.
    pub fn host(&self) -> String {
        self.stream.local_addr().map(|address| address.ip().to_string()).unwrap_or_default()
    }

    /// Reads the next packet.
    pub async fn next_packet(&mut self) -> Result<&mut [u8], End> {
        self.packet.clear();
        while !self.codec.decode(&mut self.input, &mut self.packet)? {
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(End::Closed);
            }
        }
        Ok(&mut self.packet)
    }

    /// Reads the next command: its code and its argument.
    pub async fn next_command(&mut self) -> Result<(u8, &[u8]), End> {
        self.codec.reset_seq_id();
        match self.next_packet().await? {
            [command, argument @ ..] => Ok((*command, argument)),
            [] => Err(End::Refused(SqlError::new(1835, b"HY000", "Malformed communication packet."))),
        }
    }

    /// Waits, unless the client closes the connection meanwhile. What it sends is kept for later.
    pub async fn unless_closed<T>(&mut self, wait: impl Future<Output = T>) -> Result<T, End> {
        let mut wait = pin!(wait);
        loop {
            tokio::select! {
                biased;
                done = &mut wait => return Ok(done),
                read = self.stream.read_buf(&mut self.input) => match read? {
                    0 => return Err(End::Closed),
                    _ if self.input.len() > MAX_PACKET => {
                        return Err(End::Refused(SqlError::packet_too_large()));
                    }
                    _ => {}
                },
            }
        }
    }

    /// Sends the answers when their way is over: one system call for all of them.
    pub async fn flush(&mut self) -> Result<(), End> {
        if let Some(way) = self.way.answer(self.counters) {
            self.unless_closed(way).await?;
        }
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        Ok(())
    }

    /// Sends the first half of the answers only.
    pub async fn flush_half(&mut self) -> Result<(), End> {
        self.output.truncate(self.output.len() / 2);
        self.flush().await
    }

    /// Answers with a packet.
    pub fn put(&mut self, packet: &impl MySerialize) {
        packet.serialize(&mut self.payload);
        self.put_payload();
    }

    /// Answers that the statement succeeded.
    pub fn put_ok(&mut self) {
        self.payload.extend([0x00, 0, 0]); // no rows affected, no row inserted
        self.put_status_and_warnings();
    }

    /// Answers with the end of columns or rows, for clients that want it the old way.
    pub fn put_eof(&mut self) {
        let [low, high] = status().to_le_bytes();
        self.payload.extend([END, 0, 0, low, high]);
        self.put_payload();
    }

    /// Answers with an error.
    pub fn put_error(&mut self, error: &SqlError) {
        // A client that has not yet said what it can do is not told the SQL state.
        let state = self
            .capabilities
            .contains(CapabilityFlags::CLIENT_PROTOCOL_41)
            .then(|| SqlState::new(error.state));
        self.put(&ErrPacket::Error(ServerError::new(error.code, state, error.message.as_bytes())));
    }

    /// Answers with a whole result set in the text protocol.
    pub fn put_rows(&mut self, rows: &Rows) {
        let deprecate_eof = self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF);
        self.payload.put_lenenc_int(rows.columns.len() as u64);
        self.put_payload();
        for column in &rows.columns {
            self.put(&definition(&column.name, &column.value));
        }
        if !deprecate_eof {
            self.put_eof();
        }
        if !rows.is_empty {
            for column in &rows.columns {
                match &column.value {
                    Value::Null => self.payload.push(NULL),
                    Value::Int(int) => self.payload.put_lenenc_str(int.to_string().as_bytes()),
                    Value::Text(text) => self.payload.put_lenenc_str(text.as_bytes()),
                }
            }
            self.put_payload();
        }
        if deprecate_eof {
            self.payload.extend([END, 0, 0]);
            self.put_status_and_warnings();
        } else {
            self.put_eof();
        }
    }

    fn put_status_and_warnings(&mut self) {
        self.payload.extend(status().to_le_bytes());
        self.payload.extend([0, 0]);
        self.put_payload();
    }

    fn put_payload(&mut self) {
        // Cannot fail: answers are about as long as the question, which was short enough.
        let encoded = self.codec.encode(&mut self.payload.as_slice(), &mut self.output);
        debug_assert!(encoded.is_ok());
        self.payload.clear();
    }
}

/// The server's status in every answer.
fn status() -> u16 {
    StatusFlags::SERVER_STATUS_AUTOCOMMIT.bits()
}

/// The definition of a result's column.
fn definition(name: &str, value: &Value) -> Column {
    let (column_type, character_set) = match value {
        Value::Int(_) => (ColumnType::MYSQL_TYPE_LONGLONG, CollationId::BINARY),
        _ => (ColumnType::MYSQL_TYPE_VAR_STRING, CollationId::UTF8MB4_GENERAL_CI),
    };
    Column::new(column_type)
        .with_name(name.as_bytes())
        .with_column_length(256)
        .with_character_set(character_set as u16)
}
