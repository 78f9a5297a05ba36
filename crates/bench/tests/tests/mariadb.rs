//! The db programs and bench-observe, through their command lines, with a real server.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use behaviour_tests::matrix::{Program, programs};
use behaviour_tests::{Lab, Run, finish, kill, run, start, with_each};
use bench_data::{files, runs::Run as Record};
use tempfile::TempDir;

use self::script::Script;

mod login;
mod script;

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

/// Every program with a MySQL client. The baseline has none: it knows one query and one way to log in.
fn clients() -> Vec<Program> {
    programs("db").into_iter().filter(|program| program.model != "baseline").collect()
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

#[test]
fn every_program_gets_its_rows() {
    let server = shared();
    with_each(clients(), |program| {
        let run = ask(&program.name, &server.file("db.urls"), "select sleep(0.05)");
        assert_eq!(run.code, 0, "{program}: {run:?}");
        assert_eq!(run.count(r#"Row { sleep(0.05): Bytes("0") }"#), 12, "{program}: {run:?}");
        assert!(run.ends_with(12, 0) && run.out.len() == 13 && run.err.is_empty(), "{program}: {run:?}");

        // More than the lab answers: columns, NULL, and a second row, which is dropped.
        let run = ask(
            &program.name,
            &server.file("db.urls"),
            "select 7 as a, null as b, 'x' as c union select 8, 9, 'y'",
        );
        let row = r#"Row { a: Bytes("7"), b: Null, c: Bytes("x") }"#;
        assert!(run.count(row) == 12 && run.ends_with(12, 0), "{program}: {run:?}");

        // Larger than the buffers on the way.
        let run = ask(
            &program.name,
            &server.file("db.urls"),
            "select length(repeat('x', 100000)), repeat('x', 100000)",
        );
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
    with_each(clients(), |program| {
        for (urls, sql, cause) in [
            (&wrong, "select 1", "Access denied for user 'bench'"),
            (&unknown, "select 1", "Access denied for user 'bench'@'127.%' to database 'nowhere'"),
            (&good, "select nonsense", "Unknown column 'nonsense'"),
            (&good, "select user from mysql.user", "denied"),
            (&good, "do 1", "no row"),
        ] {
            let run = ask(&program.name, urls, sql);
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
fn too_many_connections_fail_alone() {
    // The fewest that MariaDB takes is 10.
    let server = Lab::mariadb(&["16", "--max-connections=10"]);
    let urls = server.file("db.urls");
    for program in clients().into_iter().filter(Program::is_concurrent) {
        let arguments = ["--urls", &urls, "--query", "select sleep(1)", "--concurrency", "16"];
        let run = run(&program.name, &arguments);
        // About 10: those that are being refused take a place meanwhile.
        let (ok, failed) = (run.count("Row {"), run.err.len());
        assert!(run.code == 1 && ok > 0 && failed > 0, "{program}: {run:?}");
        assert!(ok + failed == 16 && run.ends_with(ok, failed), "{program}: {run:?}");
        assert!(named(&run).is_subset(&hosts(&read(&server, "db.urls"))), "{program}: {run:?}");
        assert!(run.err.iter().all(|line| line.contains("Too many connections")), "{program}: {run:?}");
    }
}

#[test]
fn its_status_is_in_the_record_and_its_death_in_every_line() {
    let dir = TempDir::new().unwrap();
    let mut server = Script::start(dir.path(), &["12"]);
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let urls = file("db.urls");
    for (program, query) in [("db-tokio", "select sleep(0.5)"), ("db-sequential", "select sleep(0.05)")] {
        let command = behaviour_tests::program(program);
        let record = file("observed.csv");
        let options = ["--out", &record, "--database", &file("admin.url")];
        let pid = file("pid");
        let rest = ["--server-pid", &pid, "--", command.to_str().unwrap(), "--urls", &urls, "--query", query];
        let observed = run("bench-observe", &[options.as_slice(), &rest].concat());
        assert_eq!(observed.code, 0, "{observed:?}");
        let records: Vec<Record> = files::csv(Path::new(&record)).unwrap();
        let seen = &records[0];
        assert_eq!((seen.connections, seen.items), (Some(12), Some(12)), "{program}: {seen:?}");
        assert!(seen.server_cpu_s > Some(0.0), "{program}: {seen:?}");
    }

    let query = ["--urls", &urls, "--query", "select sleep(9)"];
    let running: Vec<_> =
        clients().into_iter().map(|program| (start(&program.name, &query), program)).collect();
    thread::sleep(Duration::from_millis(700));
    kill("-KILL", server.pid.trim());
    for (running, program) in running {
        let run = finish(running);
        assert!(run.code == 1 && run.ends_with(0, 12), "{program}: {run:?}");
        assert_eq!(named(&run), hosts(&server.urls), "{program}: {run:?}");
    }
    let (code, told) = server.end();
    assert_eq!((code, told.as_str()), (1, "mariadb.sh: the server died with exit code 137\n"));
    assert!(!Path::new(&urls).exists() && !dir.path().join("mariadb").exists());
}
