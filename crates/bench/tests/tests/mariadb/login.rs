//! Ways to log in: those that the server offers, and those that are refused or unknown.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use behaviour_tests::with_each;
use tempfile::TempDir;

use super::script::Script;
use super::{ask, clients, named, read, shared};

#[test]
fn every_way_to_log_in_that_the_server_offers() {
    for plugin in ["ed25519", "caching_sha2_password"] {
        let dir = TempDir::new().unwrap();
        let mut server = match Script::try_start(dir.path(), &["8", &format!("--auth={plugin}")]) {
            Ok(server) => server,
            Err(run) => {
                assert!(run.code == 2 && run.out.is_empty() && run.err.len() == 1, "{run:?}");
                let told = format!("the server does not make its accounts with the plugin {plugin}");
                assert!(run.err[0].contains(&told), "{run:?}");
                eprintln!("this server does not offer {plugin}: not tested");
                continue;
            }
        };
        with_each(clients(), |program| {
            let run = ask(&program.name, dir.path().join("db.urls").to_str().unwrap(), "select 1");
            assert!(run.ends_with(8, 0) && run.code == 0, "{program} {plugin}: {run:?}");
        });
        drop(server.process.stdin.take());
        assert_eq!(server.end().0, 0);
    }
}

#[test]
fn a_way_to_log_in_that_is_refused_or_unknown_is_told_in_a_line() {
    for plugin in ["client_ed25519", "parsec", "mysql_clear_password", "mysql_old_password", "dialog"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming() {
                let _ = switch_to(plugin, client.unwrap()); // the client may have had enough
            }
        });
        let dir = TempDir::new().unwrap();
        let urls = dir.path().join("urls");
        fs::write(&urls, format!("mysql://bench:swordfish@{address}/bench")).unwrap();
        with_each(clients(), |program| {
            let run = ask(&program.name, urls.to_str().unwrap(), "select 1");
            assert!(
                run.code == 1 && run.ends_with(0, 1) && run.err.len() == 1,
                "{program} {plugin}: {run:?}"
            );
            assert_eq!(named(&run), [address.to_string()].into(), "{program} {plugin}");
            assert!(!run.err[0].contains("swordfish"), "{program} {plugin}: {run:?}");
        });
    }
}

/// Greets as MariaDB does, has the client log in by another plugin, and refuses it.
fn switch_to(plugin: &str, mut client: TcpStream) -> io::Result<()> {
    // Version, connection, nonce, capabilities (protocol 4.1, database, plugins), the rest of the nonce.
    let greeting = [
        b"\x0a10.11.0-MariaDB\0\x01\0\0\0AAAAAAAA\0".as_slice(),
        b"\x08\x82\x2d\x02\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0BBBBBBBBBBBB\0mysql_native_password\0",
    ];
    send(&mut client, 0, &greeting.concat())?;
    receive(&mut client)?;
    send(&mut client, 2, &[b"\xfe", plugin.as_bytes(), b"\0CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"].concat())?;
    receive(&mut client)?;
    if plugin == "parsec" {
        send(&mut client, 4, b"\x01P\0DDDDDDDDDDDDDDDDDD")?;
        receive(&mut client)?;
    }
    send(&mut client, if plugin == "parsec" { 6 } else { 4 }, b"\xff\x15\x04#28000Access denied")
}

fn send(client: &mut TcpStream, number: u8, packet: &[u8]) -> io::Result<()> {
    client.write_all(&[&[u8::try_from(packet.len()).expect("a short packet"), 0, 0, number], packet].concat())
}

fn receive(client: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 4];
    client.read_exact(&mut head)?;
    io::copy(&mut client.take(u64::from(head[0]) + (u64::from(head[1]) << 8)), &mut io::sink())?;
    Ok(())
}

#[test]
fn nobody_logs_in_without_a_password() {
    let server = shared();
    let urls = read(&server, "db.urls");
    let host = urls.lines().next().unwrap().split(['@', '/']).nth(3).unwrap();
    for user in ["root", "mysql", "nobody", "admin", ""] {
        let file = server.file("open.urls");
        fs::write(&file, format!("mysql://{user}@{host}/")).unwrap();
        let run = ask("db-glommio", &file, "select 1");
        assert!(run.code == 1 && run.err[0].contains("Access denied"), "{user}: {run:?}");
    }
}
