//! A connection of the MySQL protocol as the server sees it: packets in, answers out.

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use mysql_common::collations::CollationId;
use mysql_common::constants::{CapabilityFlags, ColumnType, StatusFlags};
use mysql_common::io::BufMutExt;
use mysql_common::packets::{Column, ErrPacket, ServerError, SqlState};
use mysql_common::proto::MySerialize;
use mysql_common::proto::codec::PacketCodec;
use mysql_common::proto::codec::error::PacketCodecError;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::statement::{Item, Reply, Rows, SqlError, Value};
use crate::fault::{Fault, Moment, Step};
use crate::play::{Answer, Peer};
use crate::session::Session;
use crate::stats::Workload;

/// The largest packet that is taken, in bytes, and the most that is kept unread.
pub const MAX_PACKET: usize = 64 << 10;

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
            PacketCodecError::PacketTooLarge => packet_too_large(),
            _ => SqlError::new(1156, b"08S01", "Got packets out of order"),
        })
    }
}

fn packet_too_large() -> SqlError {
    SqlError::new(1153, b"08S01", "Got a packet bigger than 'max_allowed_packet' bytes")
}

/// How values stand in a row: as the answer to a statement, or to a prepared one.
#[derive(Clone, Copy, PartialEq)]
pub enum Format {
    Text,
    Binary,
}

/// A client's connection, with the packet that was read last and the answers not yet sent.
pub struct Connection<'a> {
    stream: TcpStream,
    pub session: &'a Session,
    codec: PacketCodec,
    input: BytesMut,
    packet: Vec<u8>,
    payload: Vec<u8>,
    output: BytesMut,
    /// What client and server can both do; empty until the client has said it.
    pub capabilities: CapabilityFlags,
    /// What the host still does wrong.
    pub fault: Option<&'a Fault>,
    /// Whether it does all right.
    pub is_healthy: bool,
}

impl<'a> Connection<'a> {
    /// A connection to a host that misbehaves in this way.
    pub fn new(stream: TcpStream, session: &'a Session, fault: Option<&'a Fault>) -> Self {
        let mut codec = PacketCodec::default();
        codec.max_allowed_packet = MAX_PACKET;
        Self {
            stream,
            session,
            codec,
            input: BytesMut::with_capacity(READ_BUFFER),
            packet: Vec::new(),
            payload: Vec::new(),
            output: BytesMut::new(),
            capabilities: CapabilityFlags::empty(),
            fault,
            is_healthy: fault.is_none(),
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

    /// The packet that was read last.
    pub fn packet(&self) -> &[u8] {
        &self.packet
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
                    _ if self.input.len() > MAX_PACKET => return Err(End::Refused(packet_too_large())),
                    _ => {}
                },
            }
        }
    }

    /// Sends the answers when their way is over: one system call for all of them.
    pub async fn flush(&mut self) -> Result<(), End> {
        if let Some(way) = self.session.answer(Workload::Db) {
            self.unless_closed(way).await?;
        }
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        Ok(())
    }

    /// Sends the answers, or plays the fault that is due now instead, once.
    pub async fn flush_at(&mut self, moment: Moment) -> Result<(), End> {
        match self.fault.take_if(|fault| fault.before == moment) {
            Some(fault) => self.play(fault, Duration::ZERO).await,
            None => self.flush().await,
        }
    }

    /// Plays a fault instead of the answers.
    pub async fn play(&mut self, fault: &Fault, delay: Duration) -> Result<(), End> {
        if fault.sends()
            && let Some(way) = self.session.answer(Workload::Db)
        {
            self.unless_closed(way).await?;
        }
        let answers = self.output.split();
        let old_eof = !self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF);
        Ok(fault.play(self, &Answer::packets(&answers, old_eof, delay)).await?)
    }

    /// Answers with a packet.
    pub fn put(&mut self, packet: &impl MySerialize) {
        packet.serialize(&mut self.payload);
        self.put_payload();
    }

    /// Answers that the statement succeeded.
    pub fn put_ok(&mut self) {
        self.payload.extend([0x00, 0, 0]); // no rows affected, no row inserted
        self.put_status_and_warnings(StatusFlags::empty());
    }

    /// Answers with an error.
    pub fn put_error(&mut self, error: &SqlError) {
        self.payload = self.error_payload(error);
        self.put_payload();
    }

    fn error_payload(&self, error: &SqlError) -> Vec<u8> {
        // A client that has not yet said what it can do is not told the SQL state.
        let state = self
            .capabilities
            .contains(CapabilityFlags::CLIENT_PROTOCOL_41)
            .then(|| SqlState::new(error.state));
        let mut payload = Vec::new();
        ErrPacket::Error(ServerError::new(error.code, state, error.message.as_bytes()))
            .serialize(&mut payload);
        payload
    }

    /// Answers with a whole result set, the last one unless `more` follow.
    pub fn put_rows(&mut self, rows: &Rows, format: Format, more: bool) {
        let more = if more { StatusFlags::SERVER_MORE_RESULTS_EXISTS } else { StatusFlags::empty() };
        self.payload.put_lenenc_int(rows.columns.len() as u64);
        self.put_payload();
        self.put_columns(rows, more);
        if !rows.is_empty {
            if format == Format::Binary {
                let nulls = rows.columns.iter().map(|(_, value)| *value == Value::Null);
                let mut bits = vec![0; (rows.columns.len() + 9) / 8];
                nulls.enumerate().for_each(|(i, null)| bits[(i + 2) / 8] |= u8::from(null) << ((i + 2) % 8));
                self.payload.push(0);
                self.payload.extend(bits);
            }
            for (_, value) in &rows.columns {
                match value {
                    Value::Null if format == Format::Binary => {}
                    Value::Null => self.payload.push(NULL),
                    Value::Int(int) if format == Format::Binary => self.payload.extend(int.to_le_bytes()),
                    Value::Int(int) => self.payload.put_lenenc_str(int.to_string().as_bytes()),
                    Value::Text(text) => self.payload.put_lenenc_str(text.as_bytes()),
                }
            }
            self.put_payload();
        }
        if self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF) {
            self.payload.extend([END, 0, 0]);
            self.put_status_and_warnings(more);
        } else {
            self.put_eof(more);
        }
    }

    /// Answers that a statement is prepared, with its columns.
    pub fn put_prepared(&mut self, id: u32, reply: &Reply) {
        let none = Rows::default();
        let rows = match reply {
            Reply::Error(error) => return self.put_error(error),
            Reply::Ok => &none,
            Reply::Rows(rows) | Reply::Item(Item { rows, .. }) => rows,
        };
        self.payload.push(0);
        self.payload.extend(id.to_le_bytes());
        self.payload.extend((rows.columns.len() as u16).to_le_bytes());
        self.payload.extend([0; 5]); // no parameters, no warnings
        self.put_payload();
        if !rows.columns.is_empty() {
            self.put_columns(rows, StatusFlags::empty());
        }
    }

    /// The definitions of columns, and their end for clients that want it the old way.
    fn put_columns(&mut self, rows: &Rows, status: StatusFlags) {
        for (name, value) in &rows.columns {
            let (column_type, character_set) = match value {
                Value::Int(_) => (ColumnType::MYSQL_TYPE_LONGLONG, CollationId::BINARY),
                _ => (ColumnType::MYSQL_TYPE_VAR_STRING, CollationId::UTF8MB4_GENERAL_CI),
            };
            let column = Column::new(column_type).with_name(name.as_bytes()).with_column_length(256);
            self.put(&column.with_character_set(character_set as u16));
        }
        if !self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF) {
            self.put_eof(status);
        }
    }

    fn put_eof(&mut self, status: StatusFlags) {
        let [low, high] = (StatusFlags::SERVER_STATUS_AUTOCOMMIT | status).bits().to_le_bytes();
        self.payload.extend([END, 0, 0, low, high]);
        self.put_payload();
    }

    fn put_status_and_warnings(&mut self, status: StatusFlags) {
        self.payload.extend((StatusFlags::SERVER_STATUS_AUTOCOMMIT | status).bits().to_le_bytes());
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

impl Peer for Connection<'_> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    async fn pause(&mut self, time: Duration) -> io::Result<()> {
        self.unless_closed(sleep(time)).await.map_err(|_| ErrorKind::UnexpectedEof.into())
    }

    async fn read(&mut self) -> io::Result<u8> {
        loop {
            if let Some(&[a, b, c, sequence]) = self.input.first_chunk() {
                let end = 4 + u32::from_le_bytes([a, b, c, 0]) as usize;
                if self.input.len() >= end {
                    self.input.advance(end);
                    return Ok(sequence);
                }
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn error(&self, _: u16) -> Step {
        Step::Packet(self.error_payload(&SqlError::new(1105, b"HY000", "This host is sick")))
    }

    fn reset(&self) {
        // A connection that cannot be reset is gone already.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}
