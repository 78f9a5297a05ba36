//! The conversation on a connection, without any I/O.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};
use mysql_common::Row;
use mysql_common::constants::{CapabilityFlags, Command};
use mysql_common::{io::ParseBuf, packets::ErrPacket};

use crate::frames::{self, Frames};
use crate::{login::Login, query::Query};

/// The packet that ends a connection.
pub const QUIT: &[u8] = &[1, 0, 0, 0, Command::COM_QUIT as u8];

/// The caller's next action.
pub enum Step {
    /// Receive into [`Session::space`], and pass the number of bytes to [`Session::received`].
    Receive,
    /// Send these bytes.
    Send(Vec<u8>),
    /// Nothing: the server has let the user in, or the answer is whole.
    Done,
}

/// A connection's side of the conversation: first the login, then one query after the other.
pub struct Session<'a> {
    frames: Frames,
    login: Login<'a>,
    /// None before the first query.
    query: Option<Query>,
}

impl<'a> Session<'a> {
    /// Begins with the login. An empty password or database stands for none.
    pub fn new(user: Cow<'a, str>, password: Cow<'a, str>, database: Cow<'a, str>) -> Self {
        Self { frames: Frames::default(), login: Login::new(user, password, database), query: None }
    }

    /// Begins a query: the packet that asks.
    pub fn query(&mut self, sql: &str) -> Vec<u8> {
        self.query = Some(Query::new(self.login.capabilities));
        frames::question(sql)
    }

    /// The first row of the answer, if it has one.
    pub fn take_row(&mut self) -> Option<Row> {
        self.query.take()?.first
    }

    /// Space for the next bytes.
    pub fn space(&mut self) -> &mut [u8] {
        self.frames.space()
    }

    /// Takes over the bytes that came into [`Session::space`].
    ///
    /// # Errors
    /// When nothing came: the server has closed the connection.
    pub fn received(&mut self, length: usize) -> Result<()> {
        ensure!(length > 0, "the server closed the connection");
        self.frames.received(length);
        Ok(())
    }

    /// Looks at the packets that have come.
    ///
    /// # Errors
    /// When the server answers with an error, or with a packet out of place.
    pub fn step(&mut self) -> Result<Step> {
        while let Some(packet) = self.frames.packet()? {
            let step = match (packet, &mut self.query) {
                ([], _) => bail!("the server sent an empty packet"),
                ([0xff, ..], _) => bail!(server_error(packet)?),
                (_, Some(query)) => query.take(packet)?,
                (_, None) => self.login.take(packet)?,
            };
            match step {
                Step::Receive => (), // it may have come already
                Step::Send(payload) => return Ok(Step::Send(self.frames.answer(payload))),
                Step::Done => return Ok(Step::Done),
            }
        }
        Ok(Step::Receive)
    }
}

/// The server's own words. Before the login the state, marked by #, may be missing.
fn server_error(packet: &[u8]) -> Result<String> {
    let stated = packet.get(3) == Some(&b'#');
    let protocol = if stated { CapabilityFlags::CLIENT_PROTOCOL_41 } else { CapabilityFlags::empty() };
    Ok(ParseBuf(packet).parse::<ErrPacket>(protocol)?.to_string())
}
