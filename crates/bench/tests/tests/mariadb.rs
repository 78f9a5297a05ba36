//! The db programs and bench-observe, through their command lines, with a real server; and `scripts/mariadb.sh` itself:
//! where it listens, whose its files are, and that it leaves nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use behaviour_tests::matrix::{Program, each, programs};
use behaviour_tests::{
    Lab, Run, alive, finish, kill, mariadb, password, program, run, scratch, spawn, start, until, with_each,
};
use bench_data::{files, runs::Run as Record};

/// One server at 12 addresses for all tests that do it no harm; gone with the last of them.
fn shared() -> Arc<Lab> {
    static SERVER: Mutex<Weak<Lab>> = Mutex::new(Weak::new());
    let mut server = SERVER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    server.upgrade().unwrap_or_else(|| {
        let new = Arc::new(Lab::mariadb(&scratch(), &["12"]).expect("a server"));
        *server = Arc::downgrade(&new);
        new
    })
}

fn ask(program: &str, urls: &str, sql: &str) -> Run {
    run(program, &["--urls", urls, "--query", sql])
}

/// How many of these hosts have one line of stderr that begins with their name.
fn named(run: &Run, hosts: &[String]) -> usize {
    let lines = |host: &String| run.err.iter().filter(|line| line.starts_with(host)).count();
    hosts.iter().filter(|host| lines(host) == 1).count()
}

/// Asserts that each host of this server failed, and said this.
fn assert_all_failed(run: &Run, hosts: &[String], cause: &str, what: &str) {
    run.ended(0, hosts.len(), what);
    run.was(named(run, hosts) == hosts.len() && run.failures(cause) == hosts.len(), what);
}

#[test]
fn every_program_gets_its_rows() {
    let server = shared();
    each("db", Program::is_client, |program| {
        for (query, row) in [
            ("select sleep(0.05)", r#"Row { sleep(0.05): Bytes("0") }"#),
            // More than the lab answers: columns, NULL, and a second row, which is dropped.
            (
                "select 7 as a, null as b, 'x' as c union select 8, 9, 'y'",
                r#"Row { a: Bytes("7"), b: Null, c: Bytes("x") }"#,
            ),
            // Larger than the buffers on the way.
            ("select repeat('x', 100000) as a", "Row { a: Bytes(\"xxx"),
        ] {
            let run = ask(&program.name, &server.file("db.urls"), query);
            run.ended(12, 0, program);
            assert!(run.count(row) == 12 && run.out.len() == 13, "{program}: {query}");
        }
    });
}

#[test]
fn a_server_error_names_each_host() {
    let server = shared();
    let good = server.file("db.urls");
    let wrong = server.urls("wrong.urls", |url| url.replace(password(url), "swordfish"));
    let unknown = server
        .urls("unknown.urls", |url| format!("{}nowhere", url.strip_suffix("bench").expect("a database")));
    let text = server.read("db.urls");
    each("db", Program::is_client, |program| {
        for (urls, sql, cause) in [
            (&wrong, "select 1", "Access denied for user 'bench'"),
            (&unknown, "select 1", "Access denied for user 'bench'@'127.%' to database 'nowhere'"),
            (&good, "select nonsense", "Unknown column 'nonsense'"),
            (&good, "select user from mysql.user", "denied"),
            (&good, "do 1", "no row"),
        ] {
            let run = ask(&program.name, urls, sql);
            assert_all_failed(&run, &server.hosts(), cause, &format!("{program} {sql}"));
            run.was(run.failures("swordfish") + run.failures(password(&text)) == 0, program);
        }
    });
}

#[test]
fn too_many_connections_fail_alone() {
    // The fewest that MariaDB takes is 10.
    let server = Lab::mariadb(&scratch(), &["16", "--max-connections=10"]).expect("a server");
    for program in programs("db", Program::is_client).into_iter().filter(Program::is_concurrent) {
        let query = ["--urls", &server.file("db.urls"), "--query", "select sleep(1)", "--concurrency", "16"];
        let run = run(&program.name, &query);
        // About 10: those that are being refused take a place meanwhile.
        let (ok, failed) = (run.count("Row {"), run.err.len());
        run.ended(ok, failed, &program);
        run.was(ok > 0 && failed > 0 && ok + failed == 16, &program);
        let told = run.failures("Too many connections") == failed;
        run.was(told && named(&run, &server.hosts()) == failed, &program);
    }
}

#[test]
fn its_status_is_in_the_record_and_its_death_in_every_line() {
    let dir = scratch();
    let server = Lab::mariadb(&dir, &["12"]).expect("a server");
    let (urls, hosts) = (server.file("db.urls"), server.hosts());
    for (name, query) in [("db-tokio", "select sleep(0.5)"), ("db-sequential", "select sleep(0.05)")] {
        let (record, path) = (server.file("observed.csv"), program(name).display().to_string());
        let files = [server.file("admin.url"), server.file("pid")];
        let options = ["--out", &record, "--database", &files[0], "--server-pid", &files[1], "--", &path];
        let observed =
            run("bench-observe", &[options.as_slice(), &["--urls", &urls, "--query", query]].concat());
        observed.was(observed.code == 0, name);
        let records: Vec<Record> = files::csv(Path::new(&record)).unwrap();
        let seen = &records[0];
        assert_eq!((seen.connections, seen.items), (Some(12), Some(12)), "{name}: {seen:?}");
        assert!(seen.server_cpu_s > Some(0.0), "{name}: {seen:?}");
    }

    let query = ["--urls", &urls, "--query", "select sleep(9)"];
    let clients = programs("db", Program::is_client).into_iter();
    let running: Vec<_> = clients.map(|program| (start(&program.name, &query), program)).collect();
    thread::sleep(Duration::from_millis(700));
    kill("-KILL", server.read("pid"));
    for (running, program) in running {
        assert_all_failed(&finish(running), &hosts, "", &program.name);
    }
    let ended = server.end();
    let said = ended.err == ["mariadb.sh: the server died with exit code 137"];
    ended.was(ended.code == 1 && said && !Path::new(&urls).exists() && is_empty(&dir, "mariadb"), "killed");
}

fn is_empty(dir: &Arc<tempfile::TempDir>, below: &str) -> bool {
    fs::read_dir(dir.path().join(below)).map_or(0, Iterator::count) == 0
}

#[test]
fn every_way_to_log_in_that_the_server_offers() {
    with_each(["ed25519", "caching_sha2_password"], |plugin| {
        let server = match Lab::mariadb(&scratch(), &["8", &format!("--auth={plugin}")]) {
            Ok(server) => server,
            Err(run) => {
                let told = format!("the server does not make its accounts with the plugin {plugin}");
                run.refused(2, &told, plugin);
                return eprintln!("this server does not offer {plugin}: not tested");
            }
        };
        each("db", Program::is_client, |program| {
            let run = ask(&program.name, &server.file("db.urls"), "select 1");
            run.ended(8, 0, format!("{program} {plugin}"));
        });
    });
}

#[test]
fn nobody_logs_in_without_a_password() {
    let server = shared();
    for user in ["root", "mysql", "nobody", "admin", ""] {
        let urls = server.urls(&format!("{user}.urls"), |url| {
            format!("mysql://{user}@{}/", url.split(['@', '/']).nth(3).expect("a host"))
        });
        let run = ask("db-glommio", &urls, "select 1");
        assert_all_failed(&run, &server.hosts(), "Access denied", user);
    }
}

#[test]
fn listens_on_loopback_only_and_its_files_are_its_owners() {
    let server = shared();
    let port: u16 =
        server.hosts()[0].split(':').next_back().and_then(|port| port.parse().ok()).expect("a port");
    // sl, local address, remote address, state: 0A listens. 127.0.1.1 is 0101007F.
    let listening = |table: &str| -> Vec<String> {
        let text = fs::read_to_string(table).unwrap_or_default();
        let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let ours = words.filter(|words| words[1].ends_with(&format!(":{port:04X}")) && words[3] == "0A");
        ours.map(|words| words[1].to_owned()).collect()
    };
    let addresses = listening("/proc/net/tcp");
    let on_loopback = addresses.iter().all(|address| address[..8].ends_with("7F"));
    assert!(addresses.len() == 12 && on_loopback, "{addresses:?}");
    assert_eq!(listening("/proc/net/tcp6"), [""; 0]);

    for name in ["db.urls", "admin.url"] {
        assert_eq!(fs::metadata(server.file(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let process = format!("/proc/{}", server.read("pid"));
    assert_ne!(fs::metadata(&process).unwrap().uid(), 0, "it is not root's");
    let arguments = fs::read_to_string(format!("{process}/cmdline")).unwrap();
    assert!(!arguments.contains(password(&server.read("db.urls"))), "{arguments}");
    assert!(!Path::new(&server.file("mariadb/init.sql")).exists(), "it holds the passwords");
}

#[test]
fn leaves_nothing_however_it_ends() {
    let dir = scratch();
    let mut first = Lab::mariadb(&dir, &["2"]).expect("a server");
    let pid = first.read("pid");
    let told = format!("a server still runs in {}: pid {pid}", dir.path().display());
    Lab::mariadb(&dir, &[]).err().expect("no second one").refused(2, &told, "a second one");
    assert!(alive(&pid), "the first goes on");

    // Killed, it takes the server along; the files stay.
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    until("the server ends", || !alive(&pid));
    let data = dir.path().join("mariadb/data");
    assert!(data.exists());

    // The next start does away with them.
    fs::write(data.join("old"), "").unwrap();
    for signal in [None, Some("-TERM")] {
        let mut server = Lab::mariadb(&dir, &["2"]).expect("a server");
        let new = server.read("pid");
        assert!(new != pid && !data.join("old").exists());
        match signal {
            None => drop(server.process.stdin.take()),
            Some(signal) => kill(signal, server.process.id()),
        }
        let run = server.end();
        run.was(run.code == 0 && run.err.is_empty() && !alive(&new) && is_empty(&dir, ""), "its end");
    }
}

#[test]
fn leaves_nothing_when_told_to_end_while_it_starts() {
    with_each([(0, "-TERM"), (100, "-INT"), (300, "-TERM"), (600, "-INT")], |(wait, signal)| {
        let dir = scratch();
        let script = spawn(mariadb(dir.path()).arg("2").stdin(Stdio::piped()));
        thread::sleep(Duration::from_millis(*wait));
        let told = Instant::now();
        kill(signal, script.id());
        let run = finish(script);
        let soon = told.elapsed() < Duration::from_secs(10);
        let quiet = [0, -1].contains(&run.code) && run.err.is_empty();
        run.was(soon && quiet && is_empty(&dir, ""), format!("after {wait} ms"));
    });
}

#[test]
fn bad_arguments_are_told_in_a_line() {
    for (args, message) in [
        (vec!["0"], "HOSTS must be a number"),
        (vec!["many"], "HOSTS must be a number"),
        (vec!["2", "--auth=x'; --"], "cannot be the name of a plugin"),
        (vec!["2", "--nonsense"], "unknown option '--nonsense'"),
    ] {
        let run = Lab::mariadb(&scratch(), &args).err().expect("no server");
        run.refused(2, message, format!("{args:?}"));
        run.was(run.err.len() == 1, format!("{args:?}"));
    }
}
