//! Packets in a stream of bytes: three bytes of length, and the packet's number in the exchange.

use anyhow::{Result, ensure};
use mysql_common::constants::Command;

/// Fewest bytes that are received at a time: a login or an answer of one row fits in.
const CHUNK: usize = 512;

/// Longest packet that is read: a longer one continues in the next.
const LONGEST: usize = (1 << 24) - 2;

/// Longest first packet: a greeting has about a hundred bytes.
const LONGEST_GREETING: usize = 4 << 10;

/// The bytes received and not yet looked at.
#[derive(Default)]
pub struct Frames {
    buffer: Vec<u8>,
    /// Where the next packet begins, and where the received bytes end.
    start: usize,
    end: usize,
    /// The number of the next packet that is sent.
    number: u8,
    greeted: bool,
}

impl Frames {
    /// Space for the next bytes.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.drain(..self.start);
        self.end -= self.start;
        self.start = 0;
        // Grows with the bytes that came, and not to the length that a server claims.
        self.buffer.resize(self.end + self.end.max(CHUNK), 0);
        &mut self.buffer[self.end..]
    }

    /// Takes over the bytes that came into that space.
    pub fn received(&mut self, length: usize) {
        self.end += length;
    }

    /// The next packet, once it is whole.
    ///
    /// # Errors
    /// When it is too long, or the first one comes from no MySQL server.
    pub fn packet(&mut self) -> Result<Option<&[u8]>> {
        let received = &self.buffer[self.start..self.end];
        let Some(&[low, middle, high, number]) = received.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
        if !self.greeted {
            // A greeting begins with the version of the protocol, and an error may come instead of it.
            let begins = received.get(4).is_none_or(|first| [10, 0xff].contains(first));
            let says = String::from_utf8_lossy(received.get(..40).unwrap_or(received));
            ensure!(
                begins && number == 0 && length <= LONGEST_GREETING,
                "no MySQL server there, what answers says {says:?}"
            );
        }
        ensure!(length <= LONGEST, "the server sent a packet of 16 MiB, which is not built in");
        let (start, end) = (self.start + 4, self.start + 4 + length);
        if end > self.end {
            return Ok(None);
        }
        (self.start, self.number, self.greeted) = (end, number.wrapping_add(1), true);
        Ok(Some(&self.buffer[start..end]))
    }

    /// The packet that answers the one that came last.
    pub fn answer(&self, payload: Vec<u8>) -> Vec<u8> {
        framed(self.number, payload)
    }
}

/// The packet that asks a question, which begins an exchange.
pub fn question(sql: &str) -> Vec<u8> {
    let mut payload = Vec::with_capacity(5 + sql.len());
    payload.push(Command::COM_QUERY as u8);
    payload.extend_from_slice(sql.as_bytes());
    framed(0, payload)
}

/// A packet in the memory of its payload, if that has room for four bytes more.
fn framed(number: u8, mut payload: Vec<u8>) -> Vec<u8> {
    let [low, middle, high, _] = (payload.len() as u32).to_le_bytes();
    payload.splice(..0, [low, middle, high, number]);
    payload
}
