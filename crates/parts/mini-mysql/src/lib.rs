//! A MySQL connection over any byte stream: handshake, one text query at a time, goodbye. It knows no event loop, so
//! that the programs on tokio, smol, may, glommio and compio can share it and differ in nothing but how they wait.
//!
//! The conversation stands once, in [`Session`], which does no I/O. [`Conn`] moves its bytes over an asynchronous
//! stream, [`blocking::Conn`] over one that blocks. The packets are `mysql_common`'s; only their order stands here, as in
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>.

pub mod blocking;
mod frames;
mod login;
mod query;
mod session;

use std::borrow::Cow;

use anyhow::Result;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
pub use mysql_common::Row;
pub use session::{Session, Step};

/// An authenticated connection.
pub struct Conn<'a, S> {
    stream: S,
    session: Session<'a>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Conn<'a, S> {
    /// Logs in on a fresh stream. An empty password or database stands for none.
    ///
    /// # Errors
    /// When the stream fails, the server refuses the login, or it wants a way of authentication that is not built in.
    pub async fn login(
        stream: S,
        user: Cow<'a, str>,
        password: Cow<'a, str>,
        database: Cow<'a, str>,
    ) -> Result<Self> {
        let session = Session::new(user, password, database);
        let mut connection = Self { stream, session };
        connection.exchange().await?;
        Ok(connection)
    }

    /// Asks, reads the whole answer, and returns its first row, if there is one.
    ///
    /// # Errors
    /// When the stream fails, or the server answers with an error, before or after the first row.
    pub async fn query_first(&mut self, sql: &str) -> Result<Option<Row>> {
        let question = self.session.query(sql);
        self.send(&question).await?;
        self.exchange().await?;
        Ok(self.session.take_row())
    }

    /// Says goodbye. A goodbye that the server does not take is no failure, for the answer is in. Dropping the stream
    /// closes it, which saves the system call that shuts it down first.
    pub async fn disconnect(mut self) {
        let _ = self.send(session::QUIT).await;
    }

    /// Sends and receives until the session is done.
    async fn exchange(&mut self) -> Result<()> {
        loop {
            match self.session.step()? {
                Step::Done => return Ok(()),
                Step::Send(packet) => self.send(&packet).await?,
                Step::Receive => {
                    let length = self.stream.read(self.session.space()).await?;
                    self.session.received(length)?;
                }
            }
        }
    }

    async fn send(&mut self, packet: &[u8]) -> Result<()> {
        self.stream.write_all(packet).await?;
        Ok(self.stream.flush().await?) // a stream may hold bytes back, as compio's does
    }
}
