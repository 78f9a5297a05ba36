//! A host's connection and its state.

use std::{io, mem, net::SocketAddr, time::Instant, vec::IntoIter};

use anyhow::{Context, Error, Result, bail};
use db_hosts::Host;
use mysql_common::packets::{Column, CommonOkPacket, ResultSetTerminator};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::packets;

/// The packet that a connection waits for, in this order.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Waits {
    Greeting,
    Welcome,
    /// The number of columns, or that there are none.
    Answer,
    Columns(u64),
    Rows,
}

pub struct Connection<'a> {
    pub host: &'a Host,
    pub deadline: Instant,
    epoll: &'a OwnedFd,
    number: EventData,
    socket: OwnedFd,
    /// Addresses not yet tried.
    addresses: IntoIter<SocketAddr>,
    waits: Waits,
    received: Vec<u8>,
    unsent: Vec<u8>,
    columns: Vec<Column>,
    row: Option<String>,
}

impl<'a> Connection<'a> {
    /// Begins to connect. `epoll` reports its events under this number.
    pub fn open(
        host: &'a Host,
        addresses: io::Result<Vec<SocketAddr>>,
        epoll: &'a OwnedFd,
        number: usize,
        deadline: Instant,
    ) -> Result<Self> {
        let (mut addresses, number) = (addresses?.into_iter(), EventData::new_u64(number as u64));
        let socket = socket(&mut addresses, epoll, number, None)?;
        Ok(Self {
            host,
            deadline,
            epoll,
            number,
            socket,
            addresses,
            waits: Waits::Greeting,
            received: Vec::new(),
            unsent: Vec::new(),
            columns: Vec::new(),
            row: None,
        })
    }

    /// Whether it is not logged in yet.
    pub fn is_opening(&self) -> bool {
        self.waits < Waits::Answer
    }

    /// Receives, and answers each whole packet. Returns the row once the result is complete.
    pub fn advance(&mut self, query: &[u8]) -> Result<Option<String>> {
        if !self.unsent.is_empty() {
            epoll::modify(self.epoll, &self.socket, self.number, EventFlags::IN)?;
            let unsent = mem::take(&mut self.unsent);
            self.send(&unsent)?;
        }
        self.received.reserve(self.received.len().max(512));
        match net::recv(&self.socket, spare_capacity(&mut self.received), RecvFlags::empty()) {
            Ok((0, _)) => bail!("the server closed the connection"),
            Ok(_) => {}
            Err(Errno::AGAIN) => return Ok(None), // the event said: writable
            Err(error) if self.waits == Waits::Greeting && self.received.is_empty() => {
                self.socket = socket(&mut self.addresses, self.epoll, self.number, Some(error.into()))?;
                return Ok(None);
            }
            Err(error) => bail!(error),
        }
        if self.waits == Waits::Greeting {
            packets::ensure_greeting(&self.received)?;
        }
        let received = mem::take(&mut self.received);
        let mut rest = &received[..];
        while let Some((number, packet)) = packets::next(&mut rest)? {
            if self.take(number, packet, query)? {
                let _ = self.send(packets::QUIT); // the answer is in: a failed goodbye is no failure
                return self.row.take().context("no row").map(Some);
            }
        }
        let taken = received.len() - rest.len();
        self.received = received;
        self.received.drain(..taken);
        Ok(None)
    }

    /// Handles a packet. Returns whether it is the last of the answer.
    fn take(&mut self, number: u8, packet: &[u8], query: &[u8]) -> Result<bool> {
        match (self.waits, packet) {
            (_, []) => bail!("the server sent an empty packet"),
            (_, [0xff, ..]) => bail!(packets::error(packet)?),
            (Waits::Greeting, _) => {
                self.send(&packets::login(self.host, packet)?)?;
                self.waits = Waits::Welcome;
            }
            (Waits::Welcome, [0x00, ..]) => {
                self.send(query)?;
                self.waits = Waits::Answer;
            }
            (Waits::Welcome, _) => self.send(&packets::switched_login(self.host, number, packet)?)?,
            (Waits::Answer, [0x00, ..]) => return Ok(!packets::more_results::<CommonOkPacket>(packet)?),
            (Waits::Answer, [0xfb, ..]) => bail!("the server wants a local file"),
            (Waits::Answer, _) => self.waits = Waits::Columns(packets::columns(packet)?),
            (Waits::Columns(left), _) => {
                self.columns.push(packets::column(packet)?);
                self.waits = if left > 1 { Waits::Columns(left - 1) } else { Waits::Rows };
            }
            (Waits::Rows, [0xfe, ..]) => {
                self.waits = Waits::Answer;
                return Ok(!packets::more_results::<ResultSetTerminator>(packet)?);
            }
            (Waits::Rows, _) if self.row.is_some() => {}
            (Waits::Rows, _) => self.row = Some(packets::row(packet, &mut self.columns)?),
        }
        Ok(false)
    }

    /// Sends a packet, which is usually short enough for the kernel to take whole.
    fn send(&mut self, packet: &[u8]) -> Result<()> {
        let sent = match net::send(&self.socket, packet, SendFlags::NOSIGNAL) {
            Err(Errno::AGAIN) => 0,
            sent => sent?,
        };
        if sent < packet.len() {
            self.unsent.extend(&packet[sent..]);
            epoll::modify(self.epoll, &self.socket, self.number, EventFlags::IN | EventFlags::OUT)?;
        }
        Ok(())
    }
}

/// Begins to connect to the next address that can be tried.
fn socket(
    addresses: &mut IntoIter<SocketAddr>,
    epoll: &OwnedFd,
    number: EventData,
    failed: Option<Error>,
) -> Result<OwnedFd> {
    let mut result = Err(failed.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotFound).into()));
    for address in addresses {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
        match net::connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {
                // The server speaks first, so it need not be writable. A refused connect is reported as well.
                epoll::add(epoll, &socket, number, EventFlags::IN)?;
                return Ok(socket);
            }
            Err(error) => result = Err(error.into()),
        }
    }
    result
}
