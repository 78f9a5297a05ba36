//! MySQL hosts, well and sick.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::{fs, iter};

use behaviour_tests::{Lab, password, run};
use bench_data::files;
use bench_data::trace::Item;
use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, HandshakePacket, HandshakeResponse};
use mysql_common::proto::MySerialize;

use crate::{connect, lab};

const OLD: CapabilityFlags =
    CapabilityFlags::CLIENT_PROTOCOL_41.union(CapabilityFlags::CLIENT_SECURE_CONNECTION);
const NEW: CapabilityFlags = OLD.union(CapabilityFlags::CLIENT_DEPRECATE_EOF);

/// A connection to the sixth of ten hosts, the one that is sick.
struct Client(TcpStream);

impl Client {
    /// Reads the greeting and sends the answer to it, edited.
    fn greeted(lab: &Lab, capabilities: CapabilityFlags, edit: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut client = Self(connect(&lab.hosts()[5]));
        let (_, greeting) = client.packet().unwrap();
        let nonce = ParseBuf(&greeting).parse::<HandshakePacket<'_>>(()).unwrap().nonce();
        let (plugin, urls) = (AuthPlugin::MysqlNativePassword, lab.read("db.urls"));
        let proof = plugin.gen_data(Some(password(&urls)), &nonce).map(|proof| proof.to_vec());
        let (user, name) = (Some(&b"bench"[..]), None::<&[u8]>);
        let login =
            HandshakeResponse::new(proof, (8, 0, 0), user, name, Some(plugin), capabilities, None, 1 << 24);
        let mut payload = Vec::new();
        login.serialize(&mut payload);
        edit(&mut payload);
        client.send(1, &payload);
        client
    }

    fn logged_in(lab: &Lab, capabilities: CapabilityFlags) -> Self {
        let mut client = Self::greeted(lab, capabilities, |_| ());
        assert_eq!(client.packet().unwrap().1[0], 0, "logged in");
        client
    }

    fn send(&mut self, number: u8, payload: &[u8]) {
        let [a, b, c, _] = (payload.len() as u32).to_le_bytes();
        let _ = self.0.write_all(&[&[a, b, c, number], payload].concat());
    }

    /// The next packet's number and payload.
    fn packet(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut header = [0; 4];
        self.0.read_exact(&mut header)?;
        let [a, b, c, number] = header;
        let mut payload = vec![0; u32::from_le_bytes([a, b, c, 0]) as usize];
        self.0.read_exact(&mut payload)?;
        Ok((number, payload))
    }

    /// The numbers and first bytes of the packets that answer a statement.
    fn ask(&mut self, statement: &str) -> Vec<(u8, Vec<u8>)> {
        self.send(0, format!("\x03{statement}").as_bytes());
        let packets = iter::from_fn(|| self.packet().ok());
        packets.map(|(number, payload)| (number, payload[..payload.len().min(9)].to_vec())).collect()
    }
}

#[test]
fn knows_items_and_what_clients_ask_by_themselves_and_nothing_else() {
    let lab = lab(&[]);
    let packet = |number, bytes: &[u8]| (number, bytes.to_vec());
    let [count, column] = [packet(1, b"\x01"), packet(2, b"\x03def\0\0\0\x08s")];
    let expected = [count.clone(), column.clone(), packet(3, b"\x010"), packet(4, b"\xfe\0\0\x02\0\0\0")];
    assert_eq!(Client::logged_in(&lab, NEW).ask(" select sleep(0) ; "), expected);
    let mut old = Client::logged_in(&lab, OLD);
    let old_end = |number| packet(number, b"\xfe\0\0\x02\0");
    assert_eq!(old.ask("select sleep(0)"), [count, column, old_end(3), packet(4, b"\x010"), old_end(5)]);
    assert_eq!(old.ask("call p()"), [packet(1, b"\xff\x20\x05#0A000")], "no CLIENT_MULTI_RESULTS");
    let mut new = Client::logged_in(&lab, NEW | CapabilityFlags::CLIENT_MULTI_RESULTS);
    for (statement, expected) in [
        ("set names utf8mb4", &b"\0\0\0\x02\0\0\0"[..]),
        ("select 7, null, @@version_comment limit 1", b"\x03"),
        ("drop table hosts", b"\xff\x28\x04#42000"),
        ("select sleep(-1)", b"\xff\xba\x04#HY000"),
        ("select sleep(?)", b"\xff\xba\x04#HY000"),
        ("select @@nonsense", b"\xff\xa9\x04#HY000"),
        ("call p()", b"\x01"),
    ] {
        assert_eq!(new.ask(statement)[0], packet(1, expected), "{statement}");
    }
}

#[test]
fn a_trace_has_each_item_when_its_connection_is_closed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lab = lab(&["--trace", file.path().to_str().unwrap()]);
    let mut client = Client::logged_in(&lab, NEW);
    client.ask("select sleep(0)");
    lab.stats(); // forgets the first item
    client.ask("select sleep(0.02)");
    drop(client);
    assert!(run("web-tokio", &[&format!("{}/page/first?delay=0.01", lab.http())]).ends_with(1, 0));
    behaviour_tests::until("two items", || fs::read_to_string(&file).unwrap().lines().count() == 3);
    let items: Vec<Item> = files::csv(file.path()).unwrap();
    for (name, seconds) in [("127.0.1.6", 0.02), ("first", 0.01)] {
        let item = items.iter().find(|item| item.item == name).unwrap();
        assert!(item.accepted_s <= item.begin_s && item.begin_s + seconds <= item.end_s, "{items:?}");
        assert!(Some(item.end_s) <= item.closed_s, "{items:?}");
    }
}

#[test]
fn survives_noise() {
    let lab = lab(&[]);
    let mut noise = 1_u64;
    for length in 0..60 {
        let cut = |login: &mut Vec<u8>| login.truncate(length);
        let turn = |login: &mut Vec<u8>| login.get_mut(length).into_iter().for_each(|byte| *byte ^= 0xFF);
        for mut client in [Client::greeted(&lab, OLD, cut), Client::greeted(&lab, OLD, turn)] {
            assert!([0, 0xFE, 0xFF].contains(&client.packet().unwrap().1[0]), "{length}");
        }
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Client::logged_in(&lab, OLD).send(0, &noise.to_le_bytes().repeat(length)[..length]);
    }
    // The wrong number, too much, no command; and a query that is flooded beyond what is kept.
    for (bytes, expected) in
        [(&b"\x05\0\0\x07hello"[..], 1156), (b"\xff\xff\xff\0hello", 1153), (b"\0\0\0\0", 1835)]
    {
        let mut client = Client::logged_in(&lab, OLD);
        client.0.write_all(bytes).unwrap();
        let (_, error) = client.packet().unwrap();
        assert_eq!(u16::from_le_bytes([error[1], error[2]]), expected, "{bytes:?}");
    }
    let mut client = Client::logged_in(&lab, OLD);
    client.send(0, b"\x03select sleep(1000)");
    while client.0.write_all(&[7; 1000]).is_ok() {}
    assert_eq!(Client::logged_in(&lab, NEW).ask("select sleep(0)").len(), 4);
}
