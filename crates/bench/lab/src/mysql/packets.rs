//! The packets of an answer. `mysql_common` writes the packets for which it has a type; it reads
//! rows and their end, and does not write them.

use mysql_common::Value;
use mysql_common::collations::CollationId;
use mysql_common::constants::{CapabilityFlags, ColumnType, StatusFlags};
use mysql_common::io::BufMutExt;
use mysql_common::packets::{Column, ErrPacket, ServerError};
use mysql_common::proto::MySerialize;

use super::Session;
use super::statement::Reply;

/// The first byte of success, and of a packet that ends columns or rows.
const OK: u8 = 0x00;
const END: u8 = 0xFE;

/// The text protocol's NULL.
const NULL: u8 = 0xFB;

impl Session<'_> {
    pub fn put(&mut self, packet: &impl MySerialize) {
        packet.serialize(&mut self.payload);
        self.put_payload();
    }

    pub fn put_ok(&mut self) {
        self.put_end(OK, StatusFlags::empty(), true);
    }

    pub fn put_error(&mut self, error: &ServerError<'_>) {
        // A client gets the SQL state only after it has sent its capabilities.
        let knows_state = self.capabilities.contains(CapabilityFlags::CLIENT_PROTOCOL_41);
        let state = error.sql_state_ref().copied().filter(|_| knows_state);
        self.put(&ErrPacket::Error(ServerError::new(error.error_code(), state, error.message_ref())));
    }

    pub fn put_reply(&mut self, reply: &Reply) {
        if reply.columns.is_empty() {
            return self.put_ok();
        }
        let more = if reply.is_call { StatusFlags::SERVER_MORE_RESULTS_EXISTS } else { StatusFlags::empty() };
        self.payload.put_lenenc_int(reply.columns.len() as u64);
        self.put_payload();
        for (name, value) in &reply.columns {
            let (column_type, character_set) = match value {
                Value::Int(_) => (ColumnType::MYSQL_TYPE_LONGLONG, CollationId::BINARY),
                _ => (ColumnType::MYSQL_TYPE_VAR_STRING, CollationId::UTF8MB4_GENERAL_CI),
            };
            let column = Column::new(column_type).with_name(name.as_bytes()).with_column_length(256);
            self.put(&column.with_character_set(character_set as u16));
        }
        let has_new_end = self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF);
        if !has_new_end {
            self.put_end(END, more, false);
        }
        self.columns = self.output.len();
        for (_, value) in &reply.columns {
            match value {
                Value::Bytes(text) => self.payload.put_lenenc_str(text),
                Value::Int(int) => self.payload.put_lenenc_str(int.to_string().as_bytes()),
                _ => self.payload.push(NULL),
            }
        }
        self.put_payload();
        self.put_end(END, more, has_new_end);
        if reply.is_call {
            self.put_ok();
        }
    }

    /// An OK has no rows affected, none inserted, the status and no warnings; an older end no warnings and the status.
    fn put_end(&mut self, header: u8, status: StatusFlags, is_ok: bool) {
        self.payload.extend([header, 0, 0]);
        self.payload.extend((StatusFlags::SERVER_STATUS_AUTOCOMMIT | status).bits().to_le_bytes());
        self.payload.extend(is_ok.then_some([0, 0]).into_iter().flatten());
        self.put_payload();
    }

    fn put_payload(&mut self) {
        self.last = self.output.len();
        // Cannot fail: answers are about as long as their questions, which are within the limit.
        let encoded = self.codec.encode(&mut self.payload.as_slice(), &mut self.output);
        debug_assert!(encoded.is_ok());
        self.payload.clear();
    }
}
