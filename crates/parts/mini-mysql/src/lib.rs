//! A MySQL connection over any byte stream: handshake, one text query at a time, goodbye. It knows no event loop, so
//! that the programs on tokio, may, glommio and compio can share it and differ in nothing but how they wait.
//!
//! The packets and their framing are `mysql_common`'s; here is only their order, as in
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anyhow::{Result, bail, ensure};
use bytes::BytesMut;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
pub use mysql_common::Row;
use mysql_common::{
    constants::{CapabilityFlags, Command},
    io::ParseBuf,
    misc::raw::{RawInt, int::LenEnc},
    packets::{
        AuthMoreData, AuthPlugin, AuthSwitchRequest, Column, ErrPacket, HandshakePacket, HandshakeResponse,
    },
    proto::{MySerialize, Text, codec::PacketCodec},
    row::RowDeserializer,
    value::ServerSide,
};

/// The first byte of the packets that may come in place of the expected one.
const OK: u8 = 0x00;
const MORE_DATA: u8 = 0x01;
const LOCAL_INFILE: u8 = 0xfb;
const AUTH_SWITCH_OR_END: u8 = 0xfe;
const ERROR: u8 = 0xff;

/// The server's version decides on nothing here but utf8mb4, which all have since 2010; parsing it takes a regex.
const UTF8MB4_SINCE: (u16, u16, u16) = (5, 5, 3);

/// Longest packet that is accepted, in bytes.
const MAX_PACKET: usize = 1 << 24;

/// An authenticated connection.
pub struct Conn<S> {
    stream: S,
    codec: PacketCodec,
    received: BytesMut,
    capabilities: CapabilityFlags,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conn<S> {
    /// Logs in on a fresh stream. An empty password or database stands for none.
    ///
    /// # Errors
    /// When the stream fails, the server refuses the login, or it wants a way of authentication that
    /// needs TLS: this connection has none.
    pub async fn login(stream: S, user: &str, password: &str, database: &str) -> Result<Self> {
        let mut codec = PacketCodec::default();
        codec.max_allowed_packet = MAX_PACKET;
        let mut connection =
            Self { stream, codec, received: BytesMut::new(), capabilities: CapabilityFlags::empty() };

        let packet = connection.read().await?;
        let handshake: HandshakePacket = ParseBuf(&packet).parse(())?;
        connection.capabilities = handshake.capabilities()
            & (CapabilityFlags::CLIENT_PROTOCOL_41
                | CapabilityFlags::CLIENT_SECURE_CONNECTION
                | CapabilityFlags::CLIENT_PLUGIN_AUTH
                | CapabilityFlags::CLIENT_CONNECT_WITH_DB
                | CapabilityFlags::CLIENT_DEPRECATE_EOF);
        ensure!(
            connection.capabilities.contains(CapabilityFlags::CLIENT_PROTOCOL_41),
            "the server is older than MySQL 4.1"
        );
        let plugin = handshake.auth_plugin().unwrap_or(AuthPlugin::MysqlNativePassword);
        let response = HandshakeResponse::new(
            scramble(&plugin, password, &handshake.nonce())?,
            UTF8MB4_SINCE,
            Some(user.as_bytes()),
            Some(database.as_bytes()).filter(|name| !name.is_empty()),
            Some(plugin.borrow()),
            connection.capabilities,
            None,
            MAX_PACKET as u32,
        );
        let mut packet = Vec::new();
        response.serialize(&mut packet);
        connection.write(&packet).await?;
        connection.authenticate(password).await?;
        Ok(connection)
    }

    /// Answers what the server asks, until it says yes.
    async fn authenticate(&mut self, password: &str) -> Result<()> {
        loop {
            let packet = self.read().await?;
            match packet.first() {
                Some(&OK) => return Ok(()),
                Some(&MORE_DATA) => {
                    let more: AuthMoreData = ParseBuf(&packet).parse(())?;
                    // caching_sha2_password: 3 says that the scramble was right, 4 that the server has to
                    // see the password itself, which only TLS would keep secret.
                    ensure!(
                        more.data() == [3],
                        "the server wants the password over TLS, which is not built in"
                    );
                }
                Some(&AUTH_SWITCH_OR_END) => {
                    let switch: AuthSwitchRequest = ParseBuf(&packet).parse(())?;
                    let answer = scramble(&switch.auth_plugin(), password, switch.plugin_data())?;
                    self.write(&answer.unwrap_or_default()).await?;
                }
                _ => bail!("an unexpected answer to the login"),
            }
        }
    }

    /// Asks, and returns the first row, if there is one; the others are read and dropped.
    ///
    /// # Errors
    /// When the stream fails, or the server answers with an error.
    pub async fn query_first(&mut self, sql: &str) -> Result<Option<Row>> {
        self.command(Command::COM_QUERY, sql.as_bytes()).await?;
        let packet = self.read().await?;
        if packet.first() == Some(&OK) {
            return Ok(None);
        }
        ensure!(packet.first() != Some(&LOCAL_INFILE), "the server wants a local file");
        let count: RawInt<LenEnc> = ParseBuf(&packet).parse(())?;

        let mut columns = Vec::new();
        for _ in 0..*count {
            let packet = self.read().await?;
            columns.push(ParseBuf(&packet).parse::<Column>(())?);
        }
        if !self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF) {
            self.read().await?;
        }
        let columns: Arc<[Column]> = columns.into();
        let mut first = None;
        loop {
            let packet = self.read().await?;
            // A row may begin with the same byte, but only if its first value is longer than 16 MiB.
            if packet.first() == Some(&AUTH_SWITCH_OR_END) && packet.len() < MAX_PACKET - 1 {
                return Ok(first);
            }
            if first.is_none() {
                let row: RowDeserializer<ServerSide, Text> = ParseBuf(&packet).parse(columns.clone())?;
                first = Some(row.into_inner());
            }
        }
    }

    /// Says goodbye. The stream closes as it is dropped, which saves a system call to shut it down before.
    ///
    /// # Errors
    /// When the stream fails.
    pub async fn disconnect(mut self) -> Result<()> {
        self.command(Command::COM_QUIT, &[]).await
    }

    /// Sends a command, which starts a new sequence of packets.
    async fn command(&mut self, command: Command, argument: &[u8]) -> Result<()> {
        self.codec.reset_seq_id();
        self.write(&[&[command as u8], argument].concat()).await
    }

    /// Sends one packet.
    async fn write(&mut self, mut packet: &[u8]) -> Result<()> {
        let mut framed = BytesMut::new();
        self.codec.encode(&mut packet, &mut framed)?;
        self.stream.write_all(&framed).await?;
        Ok(self.stream.flush().await?) // a stream may hold back what it was given, as compio's does
    }

    /// Receives one packet; the server's error becomes an `Err`.
    async fn read(&mut self) -> Result<Vec<u8>> {
        let mut packet = Vec::new();
        while !self.codec.decode(&mut self.received, &mut packet)? {
            let mut chunk = [0; 512];
            let length = self.stream.read(&mut chunk).await?;
            ensure!(length > 0, "the server closed the connection");
            self.received.extend_from_slice(&chunk[..length]);
        }
        if packet.first() == Some(&ERROR) {
            let error: ErrPacket = ParseBuf(&packet).parse(self.capabilities)?;
            bail!("{error}");
        }
        Ok(packet)
    }
}

/// Runs a future to its end whose stream blocks where others wait: it is ready when it is first polled.
///
/// Executors do the same, but many borrow a thread-local meanwhile, which coroutines on one thread would share.
///
/// # Panics
/// When the future waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the stream does not block"),
    }
}

/// What proves that we know the password, without sending it; `None` for an empty password.
fn scramble(plugin: &AuthPlugin, password: &str, nonce: &[u8]) -> Result<Option<Vec<u8>>> {
    match plugin {
        AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519 => {
            Ok(plugin.gen_data(Some(password), nonce).map(|data| data.to_vec()))
        }
        other => {
            bail!("the server wants {}, which is not built in", String::from_utf8_lossy(other.as_bytes()))
        }
    }
}
