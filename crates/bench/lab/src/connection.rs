//! A client's connection: its bytes, its counters, and the network that the lab plays.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;
use bench_data::trace;
use bytes::{Buf, BytesMut};
use mysql_common::proto::codec::packet_to_chunks;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::Lab;
use crate::fault::{Fault, Moment, Part, Step};

/// A slow item takes this many times its delay.
const SLOWNESS: u32 = 10;

/// MySQL's error 1105 in a packet.
const SICK_HOST: &[u8] = b"\xff\x51\x04#HY000This host is sick";

/// The first read takes at most this many bytes: more than a login, a short query or a request has.
const READ_BUFFER: usize = 512;

/// A client that sends more bytes than this before it is their turn is cut off.
const MAX_UNREAD: usize = 128 << 10;

pub struct Connection {
    pub lab: Rc<Lab>,
    /// Received bytes that no parser has taken yet.
    pub input: BytesMut,
    stream: TcpStream,
    accepted: Instant,
    is_counted: bool,
    is_answered: bool,
    /// From its request read to just before its answer is sent.
    in_flight: Option<(Item, Instant)>,
    /// Its items for the trace.
    ended: Vec<trace::Item>,
}

/// An item of a workload: a host's `select sleep(x)`, a page, a day of prices.
pub struct Item {
    pub name: String,
    pub delay: Duration,
    pub fault: Option<Arc<Fault>>,
    /// The number of healthy items, where others are sick and this one is not.
    pub healthy: Option<u64>,
}

/// The answer of a healthy server.
pub struct Answer {
    pub bytes: BytesMut,
    /// Where each [`Part`] ends.
    pub ends: [usize; 4],
}

impl Connection {
    pub fn new(lab: Rc<Lab>, stream: TcpStream) -> Self {
        let input = BytesMut::with_capacity(READ_BUFFER);
        let (accepted, in_flight, ended) = (Instant::now(), None, Vec::new());
        Self { lab, input, stream, accepted, is_counted: false, is_answered: false, in_flight, ended }
    }

    /// The address that the client connected to.
    pub fn host(&self) -> io::Result<IpAddr> {
        Ok(self.stream.local_addr()?.ip())
    }

    /// Counts the connection, once.
    pub fn count(&mut self) {
        if !mem::replace(&mut self.is_counted, true) {
            self.lab.stats.borrow_mut().connected(self.accepted);
        }
    }

    /// Reads more bytes from the client.
    pub async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ if self.input.len() > MAX_UNREAD => Err(ErrorKind::InvalidData.into()),
            _ => Ok(()),
        }
    }

    /// Waits, unless the client closes the connection meanwhile. Bytes that it sends are kept for later.
    async fn wait<T>(&mut self, end: impl Future<Output = T>) -> io::Result<()> {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                biased;
                _ = &mut end => return Ok(()),
                received = self.receive() => received?,
            }
        }
    }

    /// Counts the round trips that the client waits for its next answer, and holds the answer back for them. The first
    /// answer of a connection takes two: one is TCP's own handshake, which loopback does at once.
    async fn travel(&mut self) -> io::Result<()> {
        let trips = if mem::replace(&mut self.is_answered, true) { 1 } else { 2 };
        self.lab.stats.borrow_mut().waited(trips);
        match self.lab.args.rtt {
            Duration::ZERO => Ok(()),
            rtt => self.wait(Timer::after(rtt.saturating_mul(trips))).await,
        }
    }

    /// Sends bytes at once.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends an answer over the network, with one system call.
    pub async fn answer(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.travel().await?;
        self.send(bytes).await
    }

    /// Answers an item, or plays its fault.
    pub async fn serve(&mut self, item: Item, answer: &Answer) -> io::Result<()> {
        let (delay, fault) = (item.delay, item.fault.clone());
        self.count();
        self.lab.stats.borrow_mut().began();
        self.in_flight = Some((item, Instant::now()));
        let served = async {
            if fault.as_ref().is_none_or(|fault| fault.before == Moment::Answer) {
                self.wait(sleep(delay)).await?;
            }
            let steps = fault.as_ref().map_or(&[Step::Part(Part::Whole)][..], |fault| &fault.steps);
            self.play(steps, answer, delay).await
        };
        let served = served.await;
        self.end(false);
        served
    }

    fn end(&mut self, is_answered: bool) {
        let Some((Item { name, healthy, .. }, begin)) = self.in_flight.take() else { return };
        let mut stats = self.lab.stats.borrow_mut();
        stats.ended(is_answered, healthy);
        if let Some(trace) = &stats.trace {
            let moments = [self.accepted, begin, Instant::now()];
            let [accepted_s, begin_s, end_s] = moments.map(|moment| trace.seconds(moment));
            self.ended.push(trace::Item { item: name, accepted_s, begin_s, end_s, closed_s: None });
        }
    }

    /// Plays the steps. An error ends the connection.
    pub async fn play(&mut self, steps: &[Step], answer: &Answer, delay: Duration) -> io::Result<()> {
        let (mut sent, mut number) = (0, answer.bytes.get(3).copied().unwrap_or_default());
        let (mut drip, mut is_first) = (None, true);
        for step in steps {
            let bytes = match step {
                Step::Refuse | Step::Close => return Err(ErrorKind::ConnectionAborted.into()),
                Step::Reset => {
                    // Makes the end of the connection a RST; one that cannot be reset is gone already.
                    let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
                    return Err(ErrorKind::ConnectionReset.into());
                }
                Step::Drip(pause) => {
                    drip = Some(*pause);
                    continue;
                }
                Step::Wait(time) => {
                    self.wait(sleep(*time)).await?;
                    continue;
                }
                Step::Slow => {
                    self.wait(sleep(delay.saturating_mul(SLOWNESS))).await?;
                    continue;
                }
                Step::Read => {
                    number = self.next_number().await?;
                    continue;
                }
                Step::Part(part) => {
                    if *part == Part::Whole {
                        self.end(true);
                    }
                    let bytes = &answer.bytes[sent..answer.ends[*part as usize].max(sent)];
                    (sent, number) = (sent + bytes.len(), number.wrapping_add(packets(bytes)));
                    Cow::Borrowed(bytes)
                }
                Step::Status(status) if answer.bytes.starts_with(b"HTTP") => {
                    Cow::Owned(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into())
                }
                Step::Bytes(bytes) => Cow::Borrowed(bytes.as_slice()),
                Step::Status(_) | Step::Packet(_) => {
                    let payload = if let Step::Packet(payload) = step { payload } else { SICK_HOST };
                    let mut packets = BytesMut::new();
                    number = packet_to_chunks(number, &mut &payload[..], &mut packets);
                    Cow::Owned(packets.to_vec())
                }
            };
            if mem::take(&mut is_first) {
                self.travel().await?;
            }
            match drip {
                None => self.send(&bytes).await?,
                Some(pause) => {
                    for byte in bytes.chunks(1) {
                        self.wait(sleep(pause)).await?;
                        self.send(byte).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits for the client's next packet, and returns the number that the answer to it has.
    async fn next_number(&mut self) -> io::Result<u8> {
        loop {
            if let Some((header, end)) = packet_end(&self.input)
                && self.input.len() >= end
            {
                let number = header[3].wrapping_add(1);
                self.input.advance(end);
                return Ok(number);
            }
            self.receive().await?;
        }
    }

    /// Writes its items into the trace.
    pub fn close(self) {
        self.lab.stats.borrow_mut().closed(self.ended);
    }
}

/// The header of a packet, and where the packet ends.
fn packet_end(bytes: &[u8]) -> Option<([u8; 4], usize)> {
    let header = *bytes.first_chunk()?;
    let [low, middle, high, _] = header;
    Some((header, 4 + u32::from_le_bytes([low, middle, high, 0]) as usize))
}

/// How many packets begin in these bytes.
fn packets(mut bytes: &[u8]) -> u8 {
    let mut count = 0_u8;
    while let Some((_, end)) = packet_end(bytes) {
        (count, bytes) = (count.wrapping_add(1), bytes.get(end..).unwrap_or_default());
    }
    count
}
