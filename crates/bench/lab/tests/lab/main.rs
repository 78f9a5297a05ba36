//! The lab from outside, byte by byte. That programs get what they ask for, log in to every account, wait for as many
//! round trips as are counted and meet every fault as it is written is shown by the behaviour tests of the workspace.

mod http;
mod mysql;
mod process;

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use behaviour_tests::Lab;

/// Starts a lab of ten hosts.
fn lab(args: &[&str]) -> Lab {
    Lab::start(&[&["--hosts", "10"], args].concat())
}

/// A connection whose reads end after 0.3 s.
fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    stream
}

/// What comes, until nothing comes any more; and whether the connection is then "open", "closed" or "reset".
fn read(stream: &mut TcpStream) -> (Vec<u8>, &'static str) {
    let mut bytes = Vec::new();
    let end = match stream.read_to_end(&mut bytes) {
        Ok(_) => "closed",
        Err(error) if error.kind() == ErrorKind::ConnectionReset => "reset",
        Err(_) => "open",
    };
    (bytes, end)
}
