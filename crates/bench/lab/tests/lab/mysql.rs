//! MySQL hosts, well and sick: with drivers, and byte by byte.

use std::io::{Read, Write};
use std::net::TcpStream;

use bench_data::trace::Item;
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Opts, Row};
use mysql_async::prelude::Queryable as _;
use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, HandshakePacket, HandshakeResponse};
use mysql_common::proto::MySerialize;
use mysql_common::scramble::scramble_native;

use crate::lab::{Lab, connect, read};

fn code(error: &Error) -> u16 {
    match error {
        Error::MySqlError(error) => error.code,
        _ => 0,
    }
}

#[tokio::test]
async fn both_drivers_log_in_to_every_account() {
    for account in [
        &["--auth", "native"][..],
        &["--auth", "sha2"],
        &["--auth", "sha2-full"],
        &["--default-plugin", "caching_sha2_password"],
        &["--auth", "sha2-full", "--default-plugin", "mysql_native_password"],
    ] {
        let lab = Lab::start(account);
        let url = lab.urls[9].clone();
        let mut connection = mysql_async::Conn::from_url(&url).await.unwrap();
        assert_eq!(connection.query_first("select sleep(0.01)").await.unwrap(), Some(0), "{account:?}");
        connection.disconnect().await.unwrap();
        let mut connection = Conn::new(url.as_str()).unwrap();
        let row: Row = connection.query_first(" SELECT Sleep(0.01) ; ").unwrap().unwrap();
        assert_eq!((row.columns_ref()[0].name_str(), row.get(0)), ("Sleep(0.01)".into(), Some(0)));
        assert_eq!(lab.counts(), [2, 2, 1], "{account:?}");
        for (url, expected) in [
            (url.replace("//bench:", "//bench:x"), 1045),
            (url.replace("//bench:", "//root:"), 1045),
            (format!("{url}_of_others"), 1049),
        ] {
            assert_eq!(code(&Conn::new(url.as_str()).unwrap_err()), expected, "{account:?}: {url}");
        }
    }
}

#[test]
fn knows_statements_as_text_and_prepared() {
    let lab = Lab::start(&[]);
    let mut connection = Conn::new(lab.urls[0].as_str()).unwrap();
    for (statement, expected) in [
        ("drop table hosts", 1064),
        ("select sleep(-1)", 1210),
        ("select sleep(?)", 1210),
        ("select @@nonsense", 1193),
    ] {
        assert_eq!(code(&connection.query_drop(statement).unwrap_err()), expected, "{statement}");
        assert_eq!(code(&connection.prep(statement).unwrap_err()), expected, "{statement}");
    }
    connection.ping().unwrap();
    connection.query_drop("set names utf8mb4").unwrap();
    connection.exec_drop("set names utf8mb4", ()).unwrap();
    for statement in ["select 7, null, @@version_comment", "select 7, NULL, @@VERSION_COMMENT limit 1"] {
        let expected = (7_i64, None::<i64>, "bench-lab".to_owned());
        assert_eq!(connection.query_first(statement).unwrap(), Some(expected.clone()));
        assert_eq!(connection.exec_first(statement, ()).unwrap(), Some(expected));
    }
    assert_eq!(connection.exec_first("select sleep(0.01)", ()).unwrap(), Some(0));
    assert_eq!(connection.query::<u8, _>("call p(0.01)").unwrap(), [0]);
    assert_eq!(lab.counts(), [1, 2, 1]);
}

#[test]
fn a_trace_has_each_item_when_its_connection_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trace.csv");
    let lab = Lab::start(&["--trace", file.to_str().unwrap()]);
    let mut connection = Conn::new(lab.urls[1].as_str()).unwrap();
    connection.query_drop("select sleep(0)").unwrap();
    ureq::post(format!("{}/stats/reset", lab.base)).send_empty().unwrap(); // forgets the first item
    connection.query_drop("select sleep(0.02)").unwrap();
    let page = ureq::get(format!("{}/page/first?delay=0.01", lab.base)).call().unwrap();
    drop((page, connection));
    let items = loop {
        let items: Vec<Item> = bench_data::files::csv(&file).unwrap();
        if items.len() == 2 {
            break items;
        }
    };
    for (name, seconds) in [("127.0.1.2", 0.02), ("first", 0.01)] {
        let item = items.iter().find(|item| item.item == name).unwrap();
        assert!(item.accepted_s <= item.begin_s, "{items:?}");
        assert!(item.begin_s + seconds <= item.end_s && Some(item.end_s) <= item.closed_s, "{items:?}");
    }
}

/// A connection that speaks the protocol by itself.
struct Raw {
    stream: TcpStream,
    password: String,
    nonce: Vec<u8>,
}

impl Raw {
    /// Connects to the sixth of ten hosts, the one that is sick, and reads the greeting.
    fn greeted(lab: &Lab) -> Self {
        let options = Opts::from_url(&lab.urls[5]).unwrap();
        let stream = connect(&format!("{}:{}", options.get_ip_or_hostname(), options.get_tcp_port()));
        let mut raw = Self { stream, password: options.get_pass().unwrap().to_owned(), nonce: Vec::new() };
        let (_, greeting) = raw.packet();
        raw.nonce = ParseBuf(&greeting).parse::<HandshakePacket<'_>>(()).unwrap().nonce();
        raw
    }

    fn log_in(lab: &Lab, capabilities: CapabilityFlags) -> Self {
        let mut raw = Self::greeted(lab);
        raw.send(1, &raw.login(capabilities));
        raw
    }

    fn login(&self, capabilities: CapabilityFlags) -> Vec<u8> {
        let (proof, user) = (scramble_native(&self.nonce, self.password.as_bytes()), Some(&b"bench"[..]));
        let capabilities =
            capabilities | CapabilityFlags::CLIENT_PROTOCOL_41 | CapabilityFlags::CLIENT_SECURE_CONNECTION;
        let plugin = Some(AuthPlugin::MysqlNativePassword);
        let login = HandshakeResponse::new(
            proof.map(Vec::from),
            (8, 0, 0),
            user,
            None::<&[u8]>,
            plugin,
            capabilities,
            None,
            1 << 24,
        );
        let mut packet = Vec::new();
        login.serialize(&mut packet);
        packet
    }

    fn send(&mut self, sequence: u8, payload: &[u8]) {
        let [a, b, c, _] = (payload.len() as u32).to_le_bytes();
        let _ = self.stream.write_all(&[&[a, b, c, sequence], payload].concat());
    }

    /// The next packet's number and payload.
    fn packet(&mut self) -> (u8, Vec<u8>) {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).unwrap();
        let mut payload = vec![0; u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize];
        self.stream.read_exact(&mut payload).unwrap();
        (header[3], payload)
    }
}

/// The packets' numbers and first bytes, and how the rest ends.
fn packets(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut packets = Vec::new();
    while let Some((&[a, b, c, number], rest)) = bytes.split_first_chunk() {
        let (payload, rest) = rest.split_at(rest.len().min(u32::from_le_bytes([a, b, c, 0]) as usize));
        packets.push((number, &payload[..payload.len().min(9)]));
        bytes = rest;
    }
    packets
}

#[test]
fn faults_of_an_answer() {
    let [count, column, row] = [(1, &b"\x01"[..]), (2, b"\x03def\0\0\0\x08s"), (3, b"\x010")];
    let (end, old_end) = ((4, &b"\xfe\0\0\x02\0\0\0"[..]), b"\xfe\0\0\x02\0");
    for (fault, expected, then) in [
        ("query:slow", &[count, column, row, end][..], "open"),
        ("query:packet()", &[(1, b"")], "open"),
        ("query:packet(\\xfe\\0\\0\\0\\0\\0\\x01\\0\\0)", &[(1, b"\xfe\0\0\0\0\0\x01\0\0")], "open"),
        ("query:bytes(\\x01\\0\\0\\0a),close", &[(0, b"a")], "closed"),
        ("query:packet(abcdefghi)*9000", &[(1, b"abcdefghi")], "open"),
        ("query:status", &[(1, b"\xff\x51\x04#HY000")], "open"),
        ("answer:columns,packet()", &[count, column, (3, b"")], "open"),
        (
            "answer:rows,packet(\\xff\\x25\\x05#70100c)",
            &[count, column, row, (4, b"\xff\x25\x05#70100")],
            "open",
        ),
        ("answer:whole,reset", &[count, column, row, end], "reset"),
        ("answer:drip(0.0001)", &[count, column, row, end], "open"),
        ("answer:reset", &[], "reset"),
        ("hang", &[], "open"),
    ] {
        let lab = Lab::start(&["--sick", &format!("{fault}=1")]);
        if fault == "hang" {
            let address = lab.urls[5].split(['@', '/']).nth(3).unwrap().to_owned();
            assert_eq!(read(&mut connect(&address)), (vec![], "open"));
            continue;
        }
        let mut raw = Raw::log_in(&lab, CapabilityFlags::CLIENT_DEPRECATE_EOF);
        assert_eq!(raw.packet().1[0], 0, "logged in");
        raw.send(0, b"\x03select sleep(0)");
        let (bytes, ended) = read(&mut raw.stream);
        assert_eq!((packets(&bytes), ended), (expected.to_vec(), then), "{fault}");
        let is_item = u64::from(expected.len() == 4 && expected[3] == end);
        assert_eq!(lab.counts()[..2], [1, is_item], "{fault}");
    }
    let lab = Lab::start(&["--sick", "answer:columns,packet()=1"]);
    let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
    raw.packet();
    raw.send(0, b"\x03select sleep(0)");
    let (bytes, _) = read(&mut raw.stream);
    assert_eq!(packets(&bytes), [count, column, (3, old_end), (4, b"")], "the old end of columns");
    raw.send(0, b"\x03call p()");
    let (number, error) = raw.packet();
    assert_eq!((number, &error[..9]), (1, &b"\xff\x20\x05#0A000"[..]), "no CLIENT_MULTI_RESULTS");
}

#[test]
fn faults_of_a_login() {
    let lab = Lab::start(&["--sick", "greeting:bytes(SSH-2.0-x\\r\\n),hang=1"]);
    let address = lab.urls[5].split(['@', '/']).nth(3).unwrap().to_owned();
    assert_eq!(read(&mut connect(&address)), (b"SSH-2.0-x\r\n".to_vec(), "open"));
    let dialogue = "login:packet(\\xfeother\\0),read,packet(\\x01\\x04),read,packet(\\x01no pem),close=1";
    let lab = Lab::start(&["--sick", dialogue]);
    let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
    assert_eq!(raw.packet(), (2, b"\xfeother\0".to_vec()));
    raw.send(3, b"");
    assert_eq!(raw.packet(), (4, b"\x01\x04".to_vec()));
    raw.send(5, b"\x02");
    assert_eq!(raw.packet(), (6, b"\x01no pem".to_vec()));
    assert_eq!(read(&mut raw.stream).1, "closed");
}

#[test]
fn survives_noise() {
    let lab = Lab::start(&[]);
    let login = Raw::greeted(&lab).login(CapabilityFlags::CLIENT_PLUGIN_AUTH);
    let mut noise = 1_u64;
    for length in 0..login.len() {
        let mut flipped = login.clone();
        flipped[length] ^= 0xFF;
        for packet in [&login[..length], &flipped] {
            let mut raw = Raw::greeted(&lab);
            raw.send(1, packet);
            assert!([0xFE, 0xFF].contains(&raw.packet().1[0]), "{packet:?}");
        }
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Raw::log_in(&lab, CapabilityFlags::empty()).send(0, &noise.to_le_bytes().repeat(length)[..length]);
    }
    // The wrong number, too much, no command; and a query that is flooded beyond what is kept.
    for (bytes, expected) in
        [(&b"\x05\0\0\x07hello"[..], 1156), (b"\xff\xff\xff\0hello", 1153), (b"\0\0\0\0", 1835)]
    {
        let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
        raw.packet();
        raw.stream.write_all(bytes).unwrap();
        let (_, error) = raw.packet();
        assert_eq!(u16::from_le_bytes([error[1], error[2]]), expected, "{bytes:?}");
    }
    let mut raw = Raw::log_in(&lab, CapabilityFlags::empty());
    raw.send(0, b"\x03select sleep(1000)");
    while raw.stream.write_all(&[7; 1000]).is_ok() {}
    assert_eq!(Conn::new(lab.urls[0].as_str()).unwrap().query_first("select sleep(0)").unwrap(), Some(0));
}
