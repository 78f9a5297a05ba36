//! Whatever a MySQL server does: one line for that host within its time, every other host asked, and what counts as done is
//! whole. The same outcome from every driver, but for the words of those that are not ours.

use behaviour_tests::matrix::{Program, each};
use behaviour_tests::{Lab, password, run};

/// What a host comes to.
#[derive(Clone, Copy)]
enum Outcome {
    Done,
    /// It fails, and its line contains this: the server's words, or ours where every driver's error is worded.
    Fails(&'static str),
    /// It fails, and says this where the driver is our own.
    OwnWords(&'static str),
    /// It sends a little now and then: a driver that owns its socket reads on.
    Drips,
}
use Outcome::{Done, Drips, Fails, OwnWords};

impl Outcome {
    /// What the line of the failure contains.
    fn cause(self, program: &Program) -> Option<&'static str> {
        match self {
            Done => None,
            Fails(cause) => Some(cause),
            OwnWords(cause) if has_our_driver(program) => Some(cause),
            OwnWords(_) => Some(""),
            Drips if ["sequential", "threaded"].contains(&program.model.as_str()) => None,
            Drips => Some("no answer in 2s"),
        }
    }
}

fn has_our_driver(program: &Program) -> bool {
    ["mini", "smol", "glommio", "compio", "green", "baseline"].iter().any(|it| program.name.ends_with(it))
}

/// A login that goes over to caching_sha2_password with this nonce, wants the whole password, and has this key for it.
fn switched(nonce: &str, key: &str) -> String {
    format!(
        r"login:packet(\xfecaching_sha2_password\0{nonce}),read,packet(\x01\x04),read,packet(\x01{key}),hang"
    )
}

const NONCE: &str = r"abcdefghijklmnopqrst\0";
const BAD_KEY: &str = r"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n";

/// An error, as a server sends it that knows the client already.
const KILLED: &str = r"packet(\xff\x25\x05#70100Query execution was interrupted)";
const INTERRUPTED: Outcome = Fails("ERROR 1317 (70100): Query execution was interrupted");

/// Plugins of MariaDB that some drivers know, with a nonce of 32 bytes, and a refusal after their answer.
const ED25519: &str =
    r"login:packet(\xfeclient_ed25519\0CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC),read,packet(\xff\x15\x04#28000No)";
const PARSEC: &str = r"login:packet(\xfeparsec\0CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC),read,packet(\x01P\0DDDDDDDDDDDDDDDDDD),read,packet(\xff\x15\x04#28000No)";

/// What a host does in place of its next answer, and what it comes to.
fn kinds() -> Vec<(String, Outcome)> {
    let no_server = OwnWords("no MySQL server there");
    let kinds = [
        // Packets with nothing in them, and counts that no server means: some drivers panic.
        ("login:packet(),hang", OwnWords("the server sent an empty packet")),
        ("answer:packet(),hang", OwnWords("the server sent an empty packet")),
        ("answer:columns,packet(),hang", OwnWords("the server sent an empty packet")),
        (r"answer:packet(\xfe\0\0\0\0\0\0\0\x40),hang", OwnWords("announced 4611686018427387904 columns")),
        (r"answer:packet(\0\0\0\x02\0\0\0)", Fails("no row")),
        // Errors, wherever they come.
        ("query:hang", Fails("no answer in 2s")),
        (
            r"accept:packet(\xff\x10\x04#08004Too many connections)",
            Fails("ERROR 1040 (08004): Too many connections"),
        ),
        (r"accept:packet(\xff\x10\x04Too many connections)", Fails("Too many connections")),
        (r"login:packet(\xff\x15\x04#28000Access denied)", Fails("ERROR 1045 (28000): Access denied")),
        (
            r"answer:packet(\xff\x51\x04#HY000a\nb\x1b[2J\xe2\x80\xa8c)",
            Fails(r"ERROR 1105 (HY000): a\nb\u{1b}[2J\u{2028}c"),
        ),
        (r"answer:bytes(\x16\0\0\0\xff\xc7\x0f#HY000idle too long),hang", OwnWords("(HY000): idle too long")),
        // What fails after the whole answer is no failure.
        ("answer:whole,wait(0.02),reset", Done),
        ("answer:whole,close", Done),
        ("answer:rows,close", Fails("")),
        ("answer:columns,reset", Fails("Connection reset by peer")),
        // Other servers.
        (r"accept:bytes(SSH-2.0-OpenSSH_9.2\r\n),hang", no_server),
        (r"accept:bytes(220 mail ESMTP\r\n),hang", no_server),
        (r"accept:bytes(\x15\x03\x03\0\x02\x02\x46),hang", no_server),
        // What is not asked for, and what is not built in.
        (r"answer:packet(\xfb/etc/passwd),hang", OwnWords("wants a local file")),
        (r"answer:columns,bytes(\xff\xff\xff\x03),hang", OwnWords("a packet of 16 MiB")),
        (r"login:packet(\xfe),hang", Fails("")),
        (r"login:packet(\xfedialog\0abc\0),hang", Fails("")),
        (r"login:packet(\xfemysql_clear_password\0abc\0),read,packet(\xff\x15\x04#28000No)", Fails("")),
        (r"login:packet(\xfemysql_old_password\0abc\0),read,packet(\xff\x15\x04#28000No)", Fails("")),
        (ED25519, Fails("")),
        (PARSEC, Fails("")),
        // A byte now and then.
        ("accept:drip(0.05)", Drips),
        ("answer:drip(0.06)", Drips),
    ];
    let kinds = kinds.into_iter().map(|(steps, outcome)| (steps.to_owned(), outcome));
    let keys = [(NONCE, "no pem"), (NONCE, BAD_KEY), ("", BAD_KEY)];
    kinds
        .chain(keys.map(|(nonce, key)| (switched(nonce, key), Fails(""))))
        .chain([(format!("answer:rows,{KILLED}"), INTERRUPTED)])
        // After a whole result, which says that another follows.
        .chain([(format!(r"answer:rows,packet(\xfe\0\0\x0a\0\0\0),{KILLED}"), INTERRUPTED)])
        .collect()
}

#[test]
fn a_host_fails_alone_and_by_its_cause() {
    let kinds = kinds();
    let faults: Vec<String> = kinds.iter().map(|(steps, _)| steps.clone()).collect();
    each("db", Program::is_rust, |program| {
        let load = program.sick(2 * kinds.len(), 0.0, &faults, &[]);
        let (hosts, run) = (load.lab.hosts(), load.run(&["--timeout", "2"]));
        // The sick ones stand at even distances among as many healthy ones.
        let host = |number: usize| format!("{}: ", hosts[2 * number + 1]);
        let causes = kinds.iter().enumerate().map(|(number, (_, it))| (host(number), it.cause(program)));
        run.failed_by(causes, 2 * kinds.len(), program);
        let secret = load.lab.read("db.urls");
        run.was(run.failures(password(secret.lines().next().expect("a URL"))) == 0, program);
    });
}

/// Nothing in a process survives an allocation that fails: other processes do, and rows that were printed.
#[test]
fn a_driver_that_aborts_takes_no_row_along() {
    let fault = [r"answer:packet(\xfe\0\0\0\0\0\x01\0\0)".to_owned()];
    each("db", Program::is_rust, |program| {
        let load = program.sick(5, 0.0, &fault, &[]);
        let run = load.run(&["--timeout", "2"]);
        if has_our_driver(program) || program.model == "multiprocess" {
            run.ended(4, 1, program);
        } else {
            let rows = run.count("Row ");
            run.was(run.code == -1 && (rows == 2 || program.model != "sequential"), program);
        }
    });
}

#[test]
fn the_accounts_own_login_counts_and_answers_may_be_wide_or_several() {
    each("db", Program::is_rust, |program| {
        // sqlx refuses a greeting that names a plugin that it does not know.
        let plugin = if program.name.ends_with("sqlx") { "caching_sha2_password" } else { "dialog" };
        let lab = Lab::start(&["--hosts", "3", "--default-plugin", plugin]);
        let columns: Vec<String> = (0..300).map(|number| number.to_string()).collect();
        for query in ["select sleep(0)", "call p(0)", &format!("select {}", columns.join(", "))] {
            let run = run(&program.name, &["--urls", &lab.file("db.urls"), "--query", query]);
            run.ended(3, 0, format!("{program}: {query}"));
        }
    });
}
