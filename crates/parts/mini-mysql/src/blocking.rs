//! The connection over a stream that blocks its thread, or its coroutine.

use std::borrow::Cow;
use std::io::{Read, Write};

use anyhow::Result;

use crate::{Row, Session, Step, session};

/// An authenticated connection: see [`crate::Conn`].
pub struct Conn<'a, S> {
    stream: S,
    session: Session<'a>,
}

impl<'a, S: Read + Write> Conn<'a, S> {
    /// Logs in on a fresh stream: see [`crate::Conn::login`].
    ///
    /// # Errors
    /// As [`crate::Conn::login`].
    pub fn login(
        stream: S,
        user: Cow<'a, str>,
        password: Cow<'a, str>,
        database: Cow<'a, str>,
    ) -> Result<Self> {
        let session = Session::new(user, password, database);
        let mut connection = Self { stream, session };
        connection.exchange()?;
        Ok(connection)
    }

    /// Asks, reads the whole answer, and returns its first row, if there is one.
    ///
    /// # Errors
    /// When the stream fails, or the server answers with an error, before or after the first row.
    pub fn query_first(&mut self, sql: &str) -> Result<Option<Row>> {
        let question = self.session.query(sql);
        self.stream.write_all(&question)?;
        self.exchange()?;
        Ok(self.session.take_row())
    }

    /// Says goodbye: see [`crate::Conn::disconnect`].
    pub fn disconnect(mut self) {
        let _ = self.stream.write_all(session::QUIT);
    }

    fn exchange(&mut self) -> Result<()> {
        loop {
            match self.session.step()? {
                Step::Done => return Ok(()),
                Step::Send(packet) => self.stream.write_all(&packet)?,
                Step::Receive => {
                    let length = self.stream.read(self.session.space())?;
                    self.session.received(length)?;
                }
            }
        }
    }
}
