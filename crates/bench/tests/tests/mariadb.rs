//! The db programs, bench-observe and scripts/mariadb.sh, through their command lines, with a real server.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use behaviour_tests::{Lab, Run, finish, for_each, mariadb, run, start};
use serde_json::Value;
use tempfile::TempDir;

const PROGRAMS: [&str; 7] = [
    "db-sequential",
    "db-multiprocess",
    "db-threaded",
    "db-tokio",
    "db-tokio-mini",
    "db-glommio",
    "db-compio",
];

/// One server at 12 addresses for all tests that do it no harm; gone with the last of them.
fn shared() -> Arc<Lab> {
    static SERVER: Mutex<Weak<Lab>> = Mutex::new(Weak::new());
    let mut server = SERVER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    server.upgrade().unwrap_or_else(|| {
        let new = Arc::new(Lab::mariadb(&["12"]));
        *server = Arc::downgrade(&new);
        new
    })
}

fn ask(program: &str, urls: &str, sql: &str) -> Run {
    run(program, &["--urls", urls, "--query", sql])
}

fn read(lab: &Lab, name: &str) -> String {
    fs::read_to_string(lab.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Host and port of each URL in this text: what a failure begins with.
fn hosts(urls: &str) -> BTreeSet<String> {
    urls.lines().filter_map(|url| url.split(['@', '/']).nth(3)).map(String::from).collect()
}

/// The hosts that the lines of stderr begin with, each once.
fn named(run: &Run) -> BTreeSet<String> {
    let host =
        |line: &String| line.split(['/', ' ']).next().map(|host| host.trim_end_matches(':').to_owned());
    let named: BTreeSet<String> = run.err.iter().filter_map(host).collect();
    assert_eq!(named.len(), run.err.len(), "a line for each: {run:?}");
    named
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().expect("kill").success(), "no process {pid}");
}

/// Whether it becomes true within 2 s.
fn soon(holds: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(2);
    while !holds() && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    holds()
}

fn runs(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn every_program_gets_its_rows() {
    let server = shared();
    for_each(&PROGRAMS, |program| {
        let run = ask(program, &server.file("db.urls"), "select sleep(0.05)");
        assert_eq!(run.code, 0, "{program}: {run:?}");
        assert_eq!(run.count(r#"Row { sleep(0.05): Bytes("0") }"#), 12, "{program}: {run:?}");
        assert!(run.ends_with(12, 0) && run.out.len() == 13 && run.err.is_empty(), "{program}: {run:?}");

        // More than the lab answers: columns, NULL, and a second row, which is dropped.
        let run = ask(
            program,
            &server.file("db.urls"),
            "select 7 as a, null as b, 'x' as c union select 8, 9, 'y'",
        );
        let row = r#"Row { a: Bytes("7"), b: Null, c: Bytes("x") }"#;
        assert!(run.count(row) == 12 && run.ends_with(12, 0), "{program}: {run:?}");

        // Larger than the buffers on the way.
        let run =
            ask(program, &server.file("db.urls"), "select length(repeat('x', 100000)), repeat('x', 100000)");
        assert!(run.count("Row {") == 12 && run.ends_with(12, 0), "{program}: code {}", run.code);
    });
}

#[test]
fn a_server_error_names_each_host() {
    let server = shared();
    let good = server.file("db.urls");
    let edit = |name: &str, edit: &dyn Fn(&str) -> String| {
        let urls: Vec<String> = read(&server, "db.urls").lines().map(edit).collect();
        fs::write(server.file(name), urls.join("\n")).unwrap();
        server.file(name)
    };
    let wrong = edit("wrong.urls", &|url| {
        let (user, host) = url.rsplit_once('@').expect("a password");
        format!("{}:swordfish@{host}", user.rsplit_once(':').expect("a password").0)
    });
    let unknown =
        edit("unknown.urls", &|url| format!("{}nowhere", url.strip_suffix("bench").expect("a database")));
    let password = good_password(&good);
    for_each(&PROGRAMS, |program| {
        for (urls, sql, cause) in [
            (&wrong, "select 1", "Access denied for user 'bench'"),
            (&unknown, "select 1", "Access denied for user 'bench'@'127.%' to database 'nowhere'"),
            (&good, "select nonsense", "Unknown column 'nonsense'"),
            (&good, "select user from mysql.user", "denied"),
            (&good, "do 1", "no row"),
        ] {
            let run = ask(program, urls, sql);
            assert!(run.code == 1 && run.ends_with(0, 12), "{program} {sql}: {run:?}");
            assert_eq!(named(&run), hosts(&read(&server, "db.urls")), "{program} {sql}");
            assert!(run.err.iter().all(|line| line.contains(cause)), "{program} {sql}: {run:?}");
            let told = run.err.concat();
            assert!(!told.contains("swordfish") && !told.contains(&password), "{program}: {run:?}");
        }
    });
}

fn good_password(urls: &str) -> String {
    let text = fs::read_to_string(urls).unwrap();
    text.split([':', '@']).nth(2).expect("a password").to_owned()
}

#[test]
fn listens_on_loopback_only() {
    let server = shared();
    let urls = read(&server, "db.urls");
    let port: u16 = urls.lines().next().unwrap().split([':', '/']).nth(5).unwrap().parse().unwrap();
    // sl, local address, remote address, state: 0A listens. 127.0.1.1 is 0101007F.
    let listening = |table: &str| -> Vec<String> {
        let text = fs::read_to_string(table).unwrap_or_default();
        let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let ours = words.filter(|words| words[1].ends_with(&format!(":{port:04X}")) && words[3] == "0A");
        ours.map(|words| words[1].to_owned()).collect()
    };
    let addresses = listening("/proc/net/tcp");
    assert_eq!(addresses.len(), 12, "{addresses:?}");
    assert!(addresses.iter().all(|address| address[..8].ends_with("7F")), "{addresses:?}");
    assert_eq!(listening("/proc/net/tcp6"), [""; 0]);
}

#[test]
fn its_files_are_its_owners() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let server = shared();
    for name in ["db.urls", "admin.url"] {
        assert_eq!(fs::metadata(server.file(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let pid = read(&server, "pid");
    assert_ne!(fs::metadata(format!("/proc/{}", pid.trim())).unwrap().uid(), 0, "it is not root's");
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", pid.trim())).unwrap();
    assert!(!arguments.contains(&good_password(&server.file("db.urls"))), "{arguments}");
    assert!(!Path::new(&server.file("mariadb/init.sql")).exists(), "it holds the passwords");
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

#[test]
fn too_many_connections_fail_alone() {
    // The fewest that MariaDB takes is 10.
    let server = Lab::mariadb(&["16", "--max-connections=10"]);
    let urls = server.file("db.urls");
    for program in ["db-threaded", "db-tokio", "db-glommio", "db-compio", "db-multiprocess"] {
        let arguments = ["--urls", &urls, "--query", "select sleep(1)", "--concurrency", "16"];
        let run = run(program, &arguments);
        // About 10: those that are being refused take a place meanwhile.
        let (ok, failed) = (run.count("Row {"), run.err.len());
        assert!(run.code == 1 && ok > 0 && failed > 0, "{program}: {run:?}");
        assert!(ok + failed == 16 && run.ends_with(ok, failed), "{program}: {run:?}");
        assert!(named(&run).is_subset(&hosts(&read(&server, "db.urls"))), "{program}: {run:?}");
        assert!(run.err.iter().all(|line| line.contains("Too many connections")), "{program}: {run:?}");
    }
}

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
        for_each(&PROGRAMS, |program| {
            let run = ask(program, dir.path().join("db.urls").to_str().unwrap(), "select 1");
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
        for_each(&PROGRAMS, |program| {
            let run = ask(program, urls.to_str().unwrap(), "select 1");
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
fn its_status_is_in_the_record_and_its_death_in_every_line() {
    let dir = TempDir::new().unwrap();
    let mut server = Script::start(dir.path(), &["12"]);
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let urls = file("db.urls");
    for (program, query, at_once) in
        [("db-tokio", "select sleep(0.5)", 12..=12), ("db-sequential", "select sleep(0.05)", 1..=2)]
    {
        let command = behaviour_tests::program(program);
        let record = file("observed.json");
        let options = ["--out", &record, "--time", &file("time.txt"), "--database", &file("admin.url")];
        let pid = file("pid");
        let rest = ["--server-pid", &pid, "--", command.to_str().unwrap(), "--urls", &urls, "--query", query];
        let observed = run("bench-observe", &[options.as_slice(), &rest].concat());
        assert_eq!(observed.code, 0, "{observed:?}");
        let record: Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
        let lab = &record["lab"];
        assert_eq!((&lab["connections"], &lab["items"]), (&12.into(), &12.into()), "{program}: {lab}");
        // The server may still be closing one connection when it takes the next.
        assert!(at_once.contains(&lab["max_in_flight"].as_u64().unwrap()), "{program}: {lab}");
        assert_eq!(record["in_flight"], lab["max_in_flight"]);
        let cpu = lab["cpu_s"].as_f64().unwrap();
        assert!(cpu > 0.0 && cpu < 1.0, "{program}: {lab}");
    }

    let programs =
        PROGRAMS.map(|program| (program, start(program, &["--urls", &urls, "--query", "select sleep(9)"])));
    thread::sleep(Duration::from_millis(700));
    kill("-KILL", server.pid.trim());
    for (program, running) in programs {
        let run = finish(running);
        assert!(run.code == 1 && run.ends_with(0, 12), "{program}: {run:?}");
        assert_eq!(named(&run), hosts(&server.urls), "{program}: {run:?}");
    }
    let (code, told) = server.end();
    assert_eq!((code, told.as_str()), (1, "mariadb.sh: the server died with exit code 137\n"));
    assert!(!Path::new(&urls).exists() && !dir.path().join("mariadb").exists());
}

/// A running script, and what is in its files.
struct Script {
    process: Child,
    pid: String,
    urls: String,
}

impl Script {
    fn start(dir: &Path, args: &[&str]) -> Self {
        Self::try_start(dir, args).unwrap_or_else(|run| panic!("{run:?}"))
    }

    /// Starts it, with its input open, and waits until it is ready or has given up.
    fn try_start(dir: &Path, args: &[&str]) -> Result<Self, Run> {
        let mut command = mariadb(dir);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("scripts/mariadb.sh");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line != "ready\n" {
            return Err(finish(process));
        }
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
        Ok(Self { process, pid: read("pid").trim().to_owned(), urls: read("db.urls") })
    }

    /// Waits for its end; its exit code and what it said on stderr.
    fn end(&mut self) -> (i32, String) {
        let mut told = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (self.process.wait().unwrap().code().unwrap_or(-1), told)
    }
}

#[test]
fn leaves_nothing_however_it_ends() {
    let dir = TempDir::new().unwrap();
    let empty = || fs::read_dir(dir.path()).unwrap().next().is_none();

    let mut script = Script::start(dir.path(), &["2"]);
    let second = Script::try_start(dir.path(), &[]).err().expect("no second one");
    assert!(second.code == 2 && second.out.is_empty() && second.err.len() == 1, "{second:?}");
    assert!(second.err[0].contains(&format!(
        "a server still runs in {}: pid {}",
        dir.path().display(),
        script.pid
    )));
    assert!(runs(&script.pid), "the first goes on");

    // Killed, it takes the server along; the files stay.
    script.process.kill().unwrap();
    script.process.wait().unwrap();
    assert!(soon(|| !runs(&script.pid)) && dir.path().join("mariadb/data").exists());

    // The next start does away with them.
    fs::write(dir.path().join("mariadb/data/old"), "").unwrap();
    let old = script.pid;
    let mut script = Script::start(dir.path(), &["2"]);
    assert!(script.pid != old && !dir.path().join("mariadb/data/old").exists());
    drop(script.process.stdin.take());
    assert_eq!(script.end(), (0, String::new()));
    assert!(!runs(&script.pid) && empty());

    let mut script = Script::start(dir.path(), &["2"]);
    kill("-TERM", &script.process.id().to_string());
    assert_eq!(script.end(), (0, String::new()));
    assert!(!runs(&script.pid) && empty());
}

#[test]
fn leaves_nothing_when_told_to_end_while_it_starts() {
    let dir = TempDir::new().unwrap();
    for (wait, signal) in [(0, "-TERM"), (100, "-INT"), (300, "-TERM"), (600, "-INT")] {
        let mut command = mariadb(dir.path());
        let script = command
            .arg("2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(wait));
        let told = Instant::now();
        kill(signal, &script.id().to_string());
        let run = finish(script);
        assert!(told.elapsed() < Duration::from_secs(2), "after {wait} ms");
        assert!([0, -1].contains(&run.code) && run.err.is_empty(), "after {wait} ms: {run:?}");
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "after {wait} ms: {left:?}");
    }
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    let dir = TempDir::new().unwrap();
    for (args, message) in [
        (vec!["0"], "HOSTS must be a number"),
        (vec!["many"], "HOSTS must be a number"),
        (vec!["2", "--auth=x'; --"], "cannot be the name of a plugin"),
        (vec!["2", "--nonsense"], "unknown option '--nonsense'"),
    ] {
        let run = Script::try_start(dir.path(), &args).err().expect("no server");
        assert!(run.code == 2 && run.err.len() == 1 && run.err[0].contains(message), "{args:?}: {run:?}");
    }
}
