//! bench-observe on small commands of the shell.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use behaviour_tests::{alive, until};
use bench_data::files;
use bench_data::runs::Run;
use tempfile::TempDir;

const RECORD: &str = "new/observed.csv";

/// bench-observe with its record in `folder`; the caller adds options and the command.
fn observer(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-observe"));
    command.current_dir(folder).args(["--out", RECORD]);
    command
}

/// Observes `command` of the shell, after the options.
fn observe(options: &[&str], command: &str) -> (Output, Run) {
    let folder = TempDir::new().unwrap();
    let output = observer(&folder).args(options).args(["--", "sh", "-c", command]).output().unwrap();
    let mut runs: Vec<Run> = files::csv(&folder.path().join(RECORD)).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1, "nothing is left aside");
    (output, runs.remove(0))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn counts_the_memory_and_the_processes_of_a_tree_and_no_time() {
    let (_, run) = observe(&["--run", "3"], "sleep 0.4 & sleep 0.4 & sleep 0.4 & wait");
    assert_eq!((run.peak_processes, run.peak_threads, run.run), (Some(4), Some(4), 3), "{run:?}");
    assert!(run.samples > Some(2) && run.interval_ms >= Some(2.0), "{run:?}");
    assert!(run.max_rss_kib.is_some() && run.voluntary.is_some(), "{run:?}");
    assert_eq!((run.wall_s, run.user_s, run.system_s), (None, None, None), "it was observed");
    let command = "{ head -c 30000000 /dev/zero; sleep 0.4; } | tail -n 1 >/dev/null";
    let peak = observe(&[], command).1.peak_pss_kib.unwrap();
    assert!((29_000..45_000).contains(&peak), "{peak}");
}

#[test]
fn the_record_says_how_the_command_ended() {
    for (command, code, last_line, errors) in [
        ("exit 0", 0, "", ""),
        ("echo no >&2; exit 3", 3, "", "no\n"),
        ("kill -KILL $$", 137, "", ""),
        ("echo first; echo 2 ok", 0, "2 ok", ""),
        ("printf 'a\\nb\\377'", 0, "b\u{fffd}", ""),
        ("wc -c", 0, "0", ""),
    ] {
        let (output, run) = observe(&[], command);
        assert_eq!(output.status.code(), Some(i32::from(code)), "{command}");
        assert_eq!(
            (run.exit_code, run.last_line.as_str(), run.in_flight),
            (code, last_line, None),
            "{command}"
        );
        assert_eq!(stderr(&output), errors, "standard error passes through");
        assert_eq!(run.peak_pss_kib.is_some(), run.samples > Some(0), "{command}");
    }
}

#[test]
fn counts_items_in_flight_from_the_output() {
    for (lines, peak) in [("Do a, Do b, Done a, Do c, Do d, Done b, other, Done c", 3), ("Done a, Do b", 1)] {
        let command = format!("echo '{lines}' | sed 's/, /\\n/g'");
        assert_eq!(observe(&["--started", "Do ", "--finished", "Done "], &command).1.in_flight, Some(peak));
    }
}

#[test]
fn reads_the_counters_of_the_lab_past_a_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = r#"{"connections":5,"items":7,"max_in_flight":3,"round_trips":28,"cpu_s":0.25}"#;
    let answer =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let lab = thread::spawn(move || {
        let requests = listener.incoming().take(2).flatten().map(|mut stream| {
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            request
        });
        requests.collect::<Vec<_>>()
    });
    let folder = TempDir::new().unwrap();
    let proxies =
        ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1"));
    let output = observer(&folder).envs(proxies).args(["--lab", &url, "--", "true"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(lab.join().unwrap(), ["POST /stats/reset HTTP/1.1\r\n", "GET /stats HTTP/1.1\r\n"]);
    let run = &files::csv::<Run>(&folder.path().join(RECORD)).unwrap()[0];
    assert_eq!((run.items, run.round_trips, run.server_cpu_s), (Some(7), Some(28), Some(0.25)));
    assert_eq!(run.in_flight, Some(3));
}

#[test]
fn a_failure_of_observing_is_one_line_and_exit_code_125() {
    let folder = TempDir::new().unwrap();
    for (name, text) in [
        ("pid", "1\n"),
        ("closed", "mysql://admin:swordfish@127.0.0.1:1/\n"),
        ("other", "postgres://admin:swordfish@127.0.0.1/"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    for (args, code, part) in [
        ("-- ./no-such-program", 127, "./no-such-program"),
        ("-- no-such-program", 127, "no-such-program"),
        ("--lab http://127.0.0.1:1 -- true", 125, "http://127.0.0.1:1/stats/reset"),
        ("--out /proc/no/observed.csv -- true", 125, "/proc/no"),
        ("--database none --server-pid pid -- true", 125, "cannot read none"),
        ("--database other --server-pid pid -- true", 125, "no MySQL URL in"),
        ("--database closed --server-pid other -- true", 125, "no process number in"),
        ("--database closed --server-pid pid -- true", 125, "the server does not let us in"),
    ] {
        let mut command = observer(&folder);
        if args.starts_with("--out") {
            command = Command::new(command.get_program());
        }
        let output = command.args(args.split(' ')).output().unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args}: {message}");
        assert!(message.lines().count() == 1 && message.contains(part), "{message}");
        assert!(!message.contains("swordfish") && !folder.path().join(RECORD).exists(), "{message}");
    }
}

#[test]
fn what_the_command_leaves_running_holds_nothing_up() {
    let started = Instant::now();
    let (output, run) = observe(&[], "sleep 60 2>/dev/null & echo $!");
    assert_eq!(output.status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    // bench-run's guard would end it.
    assert!(Command::new("kill").arg(&run.last_line).status().unwrap().success());
    until("its end", || !alive(&run.last_line));
}

#[test]
fn a_parent_that_ignores_its_children_does_not_matter() {
    let folder = TempDir::new().unwrap();
    let mut ignoring = Command::new("env");
    ignoring.args(["--ignore-signal=CHLD", env!("CARGO_BIN_EXE_bench-observe"), "--out", RECORD]);
    let output = ignoring.args(["--", "sh", "-c", "exit 3"]).current_dir(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}
