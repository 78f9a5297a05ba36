//! Plays a fault to a client.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::BytesMut;
use mysql_common::proto::codec::packet_to_chunks;

use crate::fault::{Fault, Part, Step};

/// A slow item takes this many times its delay.
const SLOWNESS: u32 = 10;

/// A client, as a fault sees it.
pub trait Peer: Send {
    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits, unless the client closes the connection meanwhile.
    fn pause(&mut self, time: Duration) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits for the client's next packet, and returns its sequence number.
    fn read(&mut self) -> impl Future<Output = io::Result<u8>> + Send;

    /// What tells the client that something failed.
    fn error(&self, status: u16) -> Step;

    /// Makes the end of the connection a RST.
    fn reset(&self);
}

/// The answer that a healthy server would give.
pub struct Answer<'a> {
    whole: &'a [u8],
    half: usize,
    /// Where each of its packets ends.
    ends: Vec<usize>,
    /// Packets before the first row.
    columns: usize,
    /// Sequence number of its first packet.
    sequence: u8,
    /// How long the item takes.
    delay: Duration,
}

impl<'a> Answer<'a> {
    /// The answer of a MySQL host.
    pub fn packets(whole: &'a [u8], old_eof: bool, delay: Duration) -> Self {
        let mut ends = Vec::new();
        let mut end = 0;
        while let Some(&[a, b, c, _]) = whole[end..].first_chunk() {
            end += 4 + u32::from_le_bytes([a, b, c, 0]) as usize;
            ends.push(end);
        }
        let columns = match whole.get(4) {
            Some(&columns @ 1..=0xFA) if ends.len() > 1 => 1 + usize::from(columns) + usize::from(old_eof),
            _ => 0, // no rows
        };
        let sequence = whole.get(3).copied().unwrap_or_default();
        Self { whole, half: whole.len() / 2, columns: columns.min(ends.len()), ends, sequence, delay }
    }

    /// The response of the HTTP server, or its body alone.
    pub fn text(whole: &'a [u8], half: usize, delay: Duration) -> Self {
        Self { whole, half, ends: vec![whole.len()], columns: 0, sequence: 0, delay }
    }

    /// A part, and how many packets it is.
    fn part(&self, part: Part) -> (&[u8], u8) {
        let packets = match part {
            Part::Half => return (&self.whole[..self.half], 0),
            Part::Columns => self.columns,
            Part::Rows => self.ends.len().saturating_sub(1),
            Part::Whole => self.ends.len(),
        };
        let end = packets.checked_sub(1).map_or(0, |last| self.ends[last]);
        (&self.whole[..end], packets as u8)
    }
}

impl Fault {
    /// Plays the steps. It is an error that ends the connection.
    pub async fn play(&self, peer: &mut impl Peer, answer: &Answer<'_>) -> io::Result<()> {
        let mut sequence = answer.sequence;
        let mut drip = None;
        for step in &self.steps {
            let error;
            let step = match step {
                Step::Status(status) => {
                    error = peer.error(*status);
                    &error
                }
                step => step,
            };
            let bytes = match step {
                Step::Refuse | Step::Close => return Err(ErrorKind::ConnectionAborted.into()),
                Step::Reset => {
                    peer.reset();
                    return Err(ErrorKind::ConnectionReset.into());
                }
                Step::Hang => {
                    peer.pause(Duration::MAX).await?;
                    continue;
                }
                Step::Wait(time) => {
                    peer.pause(*time).await?;
                    continue;
                }
                Step::Slow => {
                    peer.pause(answer.delay.saturating_mul(SLOWNESS)).await?;
                    continue;
                }
                Step::Drip(pause) => {
                    drip = Some(*pause);
                    continue;
                }
                Step::Read => {
                    sequence = peer.read().await?.wrapping_add(1);
                    continue;
                }
                Step::Part(part) => {
                    let (bytes, packets) = answer.part(*part);
                    sequence = sequence.wrapping_add(packets);
                    Cow::Borrowed(bytes)
                }
                Step::Bytes(bytes) => Cow::Borrowed(bytes.as_slice()),
                Step::Packet(payload) => {
                    let mut packets = BytesMut::new();
                    sequence = packet_to_chunks(sequence, &mut payload.as_slice(), &mut packets);
                    Cow::Owned(packets.to_vec())
                }
                Step::Status(_) => continue, // is bytes or a packet by now
            };
            match drip {
                None => peer.send(&bytes).await?,
                Some(pause) => {
                    for byte in bytes.iter() {
                        peer.pause(pause).await?;
                        peer.send(&[*byte]).await?;
                    }
                }
            }
        }
        Ok(())
    }
}
