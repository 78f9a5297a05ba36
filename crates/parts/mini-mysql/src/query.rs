//! The answer to a query: to its end, for an error may follow the first row.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use mysql_common::constants::{CapabilityFlags, StatusFlags};
use mysql_common::io::ParseBuf;
use mysql_common::misc::raw::{RawInt, int::LenEnc};
use mysql_common::packets::{
    Column, CommonOkPacket, OkPacketDeserializer, OkPacketKind, OldEofPacket, ResultSetTerminator,
};
use mysql_common::proto::Text;
use mysql_common::{Row, row::RowDeserializer, value::ServerSide};

use crate::session::Step;

/// More columns than any server allows.
const MOST_COLUMNS: u64 = 1 << 16;

/// An answer, and how far it is.
pub struct Query {
    capabilities: CapabilityFlags,
    expected: Expected,
    columns: Vec<Column>,
    /// The first row, once it has come.
    pub first: Option<Row>,
}

enum Expected {
    /// A number of columns, or that there are none.
    Head,
    /// The number of columns that are still to come.
    Columns(u64),
    EndOfColumns,
    /// Rows with these columns, and an end.
    Rows(Arc<[Column]>),
}

impl Query {
    pub fn new(capabilities: CapabilityFlags) -> Self {
        Self { capabilities, expected: Expected::Head, columns: Vec::new(), first: None }
    }

    /// Looks at the next packet, and returns the next step.
    pub fn take(&mut self, packet: &[u8]) -> Result<Step> {
        let short_end = self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF);
        match (&mut self.expected, packet) {
            (Expected::Head, [0x00, ..]) => return self.end::<CommonOkPacket>(packet),
            (Expected::Head, [0xfb, ..]) => bail!("the server wants a local file"),
            (Expected::Head, _) => {
                let count: RawInt<LenEnc> = ParseBuf(packet).parse(())?;
                ensure!((1..=MOST_COLUMNS).contains(&*count), "the server announced {} columns", *count);
                self.expected = Expected::Columns(*count);
            }
            (Expected::Columns(left), _) => {
                self.columns.push(ParseBuf(packet).parse(())?);
                *left -= 1;
                if *left == 0 {
                    self.expected = if short_end { self.rows() } else { Expected::EndOfColumns };
                }
            }
            (Expected::EndOfColumns, _) => self.expected = self.rows(),
            // A row begins with the same byte only if its first value is of 16 MiB.
            (Expected::Rows(_), [0xfe, ..]) if short_end => return self.end::<ResultSetTerminator>(packet),
            (Expected::Rows(_), [0xfe, ..]) => return self.end::<OldEofPacket>(packet),
            (Expected::Rows(columns), _) => {
                if self.first.is_none() {
                    let row: RowDeserializer<ServerSide, Text> = ParseBuf(packet).parse(columns.clone())?;
                    self.first = Some(row.into_inner());
                }
            }
        }
        Ok(Step::Receive)
    }

    fn rows(&mut self) -> Expected {
        Expected::Rows(self.columns.drain(..).collect())
    }

    /// The end of one result. `CALL` may have several.
    fn end<T: OkPacketKind>(&mut self, packet: &[u8]) -> Result<Step> {
        let end: OkPacketDeserializer<T> = ParseBuf(packet).parse(self.capabilities)?;
        self.expected = Expected::Head;
        let more = end.into_inner().status_flags().contains(StatusFlags::SERVER_MORE_RESULTS_EXISTS);
        Ok(if more { Step::Receive } else { Step::Done })
    }
}
