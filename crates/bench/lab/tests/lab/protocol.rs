//! The MySQL protocol byte by byte: what well-behaved clients never send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, HandshakePacket, HandshakeResponse};
use mysql_common::proto::MySerialize;
use mysql_common::scramble::{scramble_native, scramble_sha256};

use crate::lab::Lab;

/// A connection to a host of the lab.
struct Raw {
    stream: TcpStream,
    password: String,
    nonce: Vec<u8>,
}

impl Raw {
    /// Connects and reads the greeting.
    fn connect(lab: &Lab) -> Self {
        let options = mysql::Opts::from_url(&lab.urls[0]).unwrap();
        let address = (options.get_ip_or_hostname().into_owned(), options.get_tcp_port());
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let password = options.get_pass().unwrap().to_owned();
        let mut raw = Self { stream, password, nonce: Vec::new() };
        let (_, greeting) = raw.read().unwrap();
        let greeting: HandshakePacket<'_> = ParseBuf(&greeting).parse(()).unwrap();
        raw.nonce = greeting.nonce();
        raw
    }

    /// Logs in by native password.
    fn log_in(lab: &Lab, capabilities: CapabilityFlags) -> Self {
        let mut raw = Self::connect(lab);
        let proof = scramble_native(&raw.nonce, raw.password.as_bytes()).unwrap();
        raw.write(1, &raw.response(&proof, AuthPlugin::MysqlNativePassword, capabilities));
        assert_eq!(raw.read().unwrap().1[0], 0x00);
        raw
    }

    fn response(&self, proof: &[u8], plugin: AuthPlugin<'_>, capabilities: CapabilityFlags) -> Vec<u8> {
        let mut packet = Vec::new();
        HandshakeResponse::new(
            Some(proof.to_vec()),
            (8, 0, 0),
            Some(b"bench".to_vec()),
            None::<Vec<u8>>,
            Some(plugin),
            CapabilityFlags::CLIENT_PROTOCOL_41 | CapabilityFlags::CLIENT_SECURE_CONNECTION | capabilities,
            None,
            1 << 24,
        )
        .serialize(&mut packet);
        packet
    }

    fn write(&mut self, sequence: u8, payload: &[u8]) {
        let [a, b, c, _] = (payload.len() as u32).to_le_bytes();
        self.stream.write_all(&[&[a, b, c, sequence], payload].concat()).unwrap();
    }

    /// The next packet's number and payload; none at the end.
    fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).ok()?;
        let mut payload = vec![0; u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize];
        self.stream.read_exact(&mut payload).ok()?;
        Some((header[3], payload))
    }

    /// The number of the MySQL error that comes next.
    fn error(&mut self) -> Option<u16> {
        let (_, payload) = self.read()?;
        assert_eq!(payload[0], 0xFF, "{payload:?}");
        Some(u16::from_le_bytes([payload[1], payload[2]]))
    }
}

#[test]
fn switches_to_its_own_plugin() {
    for (auth, other) in
        [("native", AuthPlugin::CachingSha2Password), ("sha2", AuthPlugin::MysqlNativePassword)]
    {
        let lab = Lab::start(&["--auth", auth]);
        for right in [true, false] {
            let mut raw = Raw::connect(&lab);
            raw.write(1, &raw.response(&[], other.clone(), CapabilityFlags::empty()));
            let (number, request) = raw.read().unwrap();
            assert_eq!((number, request[0]), (2, 0xFE));
            assert!(request.ends_with(&[&raw.nonce[..], &[0]].concat()));
            let password = if right { raw.password.as_bytes() } else { b"wrong" };
            let proof = match auth {
                "native" => scramble_native(&raw.nonce, password).unwrap().to_vec(),
                _ => scramble_sha256(&raw.nonce, password).unwrap().to_vec(),
            };
            raw.write(3, &proof);
            if !right {
                assert_eq!(raw.error(), Some(1045));
                continue;
            }
            if auth == "sha2" {
                assert_eq!(raw.read().unwrap().1, [1, 3]);
            }
            assert_eq!(raw.read().unwrap().1[0], 0x00);
        }
    }
}

#[test]
fn ends_rows_in_the_old_and_in_the_new_way() {
    let lab = Lab::start(&[]);
    for (capabilities, ends) in [
        (CapabilityFlags::empty(), [false, false, true, false, true].as_slice()),
        (CapabilityFlags::CLIENT_DEPRECATE_EOF, &[false, false, false, true]),
    ] {
        let mut raw = Raw::log_in(&lab, capabilities);
        raw.write(0, b"\x03select sleep(0)");
        for (i, end) in ends.iter().enumerate() {
            let (number, payload) = raw.read().unwrap();
            assert_eq!(usize::from(number), i + 1);
            assert_eq!(payload[0] == 0xFE, *end);
        }
        raw.write(0, b"\x0e");
        assert_eq!(raw.read().unwrap().1[0], 0x00);
    }
}

#[test]
fn two_statements_at_once_are_answered_in_turn() {
    let lab = Lab::start(&[]);
    let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
    raw.stream.write_all(b"\x12\0\0\0\x03select sleep(0.1)\x01\0\0\0\x0e").unwrap();
    assert_eq!(raw.read().unwrap().1, [1]);
    while raw.read().unwrap().1[0] != 0x00 {}
}

#[test]
fn a_query_ends_when_its_client_is_gone() {
    let lab = Lab::start(&[]);
    let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
    raw.write(0, b"\x03select sleep(1e18)");
    while lab.stat("db/max_in_flight") == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(raw);
    while lab.stat("db/max_in_flight") == 1 {
        thread::sleep(Duration::from_millis(5));
        lab.reset();
    }
}

#[test]
fn bad_packets_end_the_connection() {
    let lab = Lab::start(&[]);
    // Before the login: a request for TLS, nothing, too little, the wrong number, too much.
    for (bytes, code) in [
        (&b"\x20\0\0\x01\x00\x0a\0\0aaaabbbbccccddddeeeeffffgggg"[..], 1043),
        (b"\0\0\0\x01", 1043),
        (b"\x05\0\0\x01hello", 1043),
        (b"\x05\0\0\x09hello", 1156),
        (b"\xff\xff\xff\x01hello", 1153),
    ] {
        let mut raw = Raw::connect(&lab);
        raw.stream.write_all(bytes).unwrap();
        assert_eq!(raw.error(), Some(code), "{bytes:?}");
        assert_eq!(raw.read(), None);
    }
    for (bytes, code) in
        [(&b"\0\0\0\0"[..], 1835), (b"\x05\0\0\x07hello", 1156), (b"\xff\xff\xff\0hello", 1153)]
    {
        let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
        raw.stream.write_all(bytes).unwrap();
        assert_eq!(raw.error(), Some(code), "{bytes:?}");
        assert_eq!(raw.read(), None);
    }
    // Bytes that are no text, and a command that is none, are errors to go on after.
    let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
    raw.write(0, b"\x03select \xff\xfe");
    assert_eq!(raw.error(), Some(1064));
    raw.write(0, b"\x77what");
    assert_eq!(raw.error(), Some(1047));
    raw.write(0, b"\x0e");
    assert_eq!(raw.read().unwrap().1[0], 0x00);
}

#[test]
fn damaged_logins_are_answered() {
    let lab = Lab::start(&[]);
    let raw = Raw::connect(&lab);
    let good = raw.response(&[7; 20], AuthPlugin::MysqlNativePassword, CapabilityFlags::CLIENT_PLUGIN_AUTH);
    for i in 0..good.len() {
        let mut flipped = good.clone();
        flipped[i] ^= 0xFF;
        for packet in [&good[..i], &flipped] {
            let mut raw = Raw::connect(&lab);
            raw.write(1, packet);
            let (_, answer) = raw.read().unwrap();
            assert!([0xFE, 0xFF].contains(&answer[0]), "{packet:?}: {answer:?}");
        }
    }
}

#[test]
fn survives_noise() {
    let lab = Lab::start(&[]);
    let mut noise = 1_u64;
    for length in 0..200 {
        let payload: Vec<u8> = (0..length)
            .map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (noise >> 56) as u8
            })
            .collect();
        Raw::connect(&lab).write(1, &payload);
        Raw::log_in(&lab, CapabilityFlags::empty()).write(0, &payload);
        // Flooding a query that waits, beyond what is kept.
        if length % 50 == 0 {
            let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
            raw.write(0, b"\x03select sleep(1000)");
            while raw.stream.write_all(&[length; 1000]).is_ok() {}
        }
    }
    let mut connection = mysql::Conn::new(lab.urls[0].as_str()).unwrap();
    assert_eq!(connection.query_first("select sleep(0)").unwrap(), Some(0));
}
