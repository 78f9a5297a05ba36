//! bench-observe on small commands of the shell.

use bench_data::files;
use bench_data::observed::{Counts, LabStats, Observed};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// bench-observe with its files in `folder`; the caller adds options and the command.
fn observer(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-observe"));
    command.arg("--out").arg(folder.join("new/observed.json")).arg("--time").arg(folder.join("new/time.txt"));
    command
}

fn record(folder: &Path) -> Observed {
    files::json(&folder.join("new/observed.json")).unwrap()
}

/// Observes `command` of the shell, after the options.
fn observe(options: &[&str], command: &str) -> (Output, Observed, TempDir) {
    let folder = TempDir::new().unwrap();
    let output = observer(folder.path()).args(options).args(["--", "sh", "-c", command]).output().unwrap();
    let record = record(folder.path());
    (output, record, folder)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The command was refused with one line that holds `part`.
fn assert_refused(output: &Output, part: &str) {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains(part), "{message}");
}

/// Whether the process ends soon: SIGKILL is sent, not waited for, where the process is
/// no child of the sender.
fn ends(pid: &str) -> bool {
    let alive = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let deadline = Instant::now() + Duration::from_secs(10);
    while alive() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    !alive()
}

#[test]
fn counts_the_processes_of_a_tree() {
    let (_, record, folder) = observe(&[], "sleep 0.4 & sleep 0.4 & sleep 0.4 & wait");
    assert_eq!(record.peak_processes, Some(4), "the shell and three sleeps: {record:?}");
    assert!(record.wall_s >= 0.4, "{record:?}");
    assert!(record.sampled > 2 && record.samples.len() as u64 == record.sampled, "{record:?}");
    assert!(record.interval_ms >= 2.0, "{record:?}");
    let text = fs::read_to_string(folder.path().join("new/time.txt")).unwrap();
    assert!(text.contains("Maximum resident set size"), "{text}");
}

#[test]
fn sees_memory_come_and_go() {
    let (_, record, _folder) = observe(
        &[],
        "sleep 0.1; { head -c 30000000 /dev/zero; sleep 0.4; } | tail -n 1 >/dev/null; sleep 0.1",
    );
    let peak = record.peak_pss_kib.unwrap();
    assert!((29_000..45_000).contains(&peak), "{peak}");
    assert!(record.samples.last().unwrap().1 < 5_000, "{record:?}");
    assert_eq!(record.samples.iter().map(|sample| sample.1).max(), Some(peak));
}

#[test]
fn exit_code_is_the_commands_and_the_record_is_written() {
    let (output, record, _folder) = observe(&[], "echo no >&2; exit 3");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!((record.exit_code, record.signal()), (3, None));
    assert_eq!(stderr(&output), "no\n", "standard error passes through");
}

#[test]
fn signal_that_ends_the_command_shows_in_the_exit_code() {
    let (output, record, _folder) = observe(&[], "kill -KILL $$");
    assert_eq!(output.status.code(), Some(137));
    assert_eq!((record.exit_code, record.signal()), (137, Some(9)));
}

#[test]
fn a_command_too_short_to_sample_is_recorded() {
    // Perhaps gone before the first sample: whether it was, the record is whole.
    let (output, record, _folder) = observe(&[], "exit 0");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(record.exit_code, 0);
    assert_eq!(record.peak_pss_kib.is_some(), record.sampled > 0);
}

#[test]
fn keeps_lines_with_times_and_the_last() {
    let (_, record, _folder) = observe(&[], "echo first; sleep 0.2; echo second; echo 2 ok");
    assert_eq!(record.lines[0].1, "first");
    assert!(record.lines[1].0 - record.lines[0].0 > 0.15, "{record:?}");
    assert_eq!(record.last_line, "2 ok");
    assert_eq!((record.in_flight, record.lab), (None, None));
}

#[test]
fn counts_items_in_flight_from_the_output() {
    let options = ["--started", "Fetching", "--finished", "Done"];
    let (_, record, _folder) =
        observe(&options, "echo Fetching a; echo Fetching b; echo Done a; echo Done b");
    assert_eq!(record.in_flight, Some(2));
}

#[test]
fn measures_cpu_time() {
    let (_, record, _folder) = observe(&[], "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done");
    assert!(record.user_s > 0.05, "{record:?}");
}

#[test]
fn standard_input_is_empty() {
    let (_, record, _folder) = observe(&[], "wc -c");
    assert_eq!(record.last_line, "0");
}

#[test]
fn reads_the_counters_of_the_lab() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let lab = thread::spawn(move || {
        let counts = Counts { connections: 5, items: 7, max_in_flight: 3, round_trips: 28, healthy: None };
        let (db, web, prices) = (counts.clone(), counts.clone(), counts);
        let stats = LabStats { cpu_s: 0.25, listen_drops: None, db, web, prices };
        let body = serde_json::to_string(&stats).unwrap();
        listener
            .incoming()
            .take(2)
            .flatten()
            .map(|mut stream| {
                let mut request = String::new();
                BufReader::new(&stream).read_line(&mut request).unwrap();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
                request
            })
            .collect::<Vec<_>>()
    });
    let (_, record, _folder) = observe(&["--lab", &url, "--workload", "web"], "true");
    assert_eq!(lab.join().unwrap(), ["POST /stats/reset HTTP/1.1\r\n", "GET /stats HTTP/1.1\r\n"]);
    assert_eq!(record.in_flight, Some(3));
    let seen = record.lab.unwrap();
    assert_eq!((seen.items, seen.round_trips, seen.cpu_s), (7, Some(28), 0.25));
}

#[test]
fn bad_input_is_one_line_and_exit_code_2() {
    let folder = TempDir::new().unwrap();
    let output = observer(folder.path()).args(["--", "./no-such-program"]).output().unwrap();
    assert_refused(&output, "./no-such-program");
    let output = observer(folder.path()).args(["--", "no-such-program"]).output().unwrap();
    assert_refused(&output, "no-such-program");
    let lab = ["--lab", "http://127.0.0.1:1", "--workload", "db", "--", "true"];
    let output = observer(folder.path()).args(lab).output().unwrap();
    assert_refused(&output, "http://127.0.0.1:1/stats/reset");
    let output = Command::new(env!("CARGO_BIN_EXE_bench-observe"))
        .args(["--out", "/proc/no/observed.json", "--time", "/proc/no/time.txt", "--", "true"])
        .output()
        .unwrap();
    assert_refused(&output, "/proc/no");
    assert!(!folder.path().join("new/observed.json").exists());
}

/// Starts a tree, sends the signal to bench-observe, and returns its exit code with the time it took.
fn interrupt(command: &str, signal: &str) -> (Option<i32>, Duration, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    let mut child = observer(folder.path())
        .args(["--", "sh", "-c", command])
        .env("PIDS", &pids)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while fs::read_to_string(&pids).unwrap_or_default().lines().count() < 2 {
        assert!(Instant::now() < deadline, "the tree did not start");
        thread::sleep(Duration::from_millis(10));
    }
    let sent = Instant::now();
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    let code = child.wait().unwrap().code();
    let took = sent.elapsed();
    let mut message = String::new();
    child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert!(message.contains("stopped by signal"), "{message}");
    assert!(!folder.path().join("new/observed.json").exists(), "a stopped run is no measurement");
    (code, took, fs::read_to_string(&pids).unwrap().lines().map(String::from).collect())
}

#[test]
fn a_signal_ends_the_whole_tree() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        // In the background a shell makes its children ignore SIGINT: this one is in the foreground.
        let (exit, took, pids) = interrupt("echo $$ >>$PIDS; sh -c 'echo $$ >>$PIDS; exec sleep 60'", signal);
        assert_eq!(exit, Some(code));
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert!(pids.iter().all(|pid| ends(pid)), "left behind: {pids:?}");
    }
}

#[test]
fn what_ignores_the_signal_is_killed() {
    let command = "trap '' TERM; echo $$ >>$PIDS; sh -c 'echo $$ >>$PIDS; exec sleep 60'";
    let (exit, took, pids) = interrupt(command, "-TERM");
    assert_eq!(exit, Some(143));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(pids.iter().all(|pid| ends(pid)), "left behind: {pids:?}");
}

#[test]
fn what_the_command_leaves_running_is_ended() {
    let started = Instant::now();
    let (output, record, _folder) = observe(&[], "sleep 60 & echo $!");
    assert_eq!(output.status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(ends(&record.last_line));
}

#[test]
fn a_database_that_cannot_be_asked_is_told_in_a_line() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let (pid, closed) = (file("pid", "1\n"), file("closed", "mysql://admin:swordfish@127.0.0.1:1/\n"));
    for (url, pid, part) in [
        ("/no/such/file", pid.as_str(), "cannot read /no/such/file"),
        (&file("other", "postgres://admin:swordfish@127.0.0.1/"), &pid, "no MySQL URL in"),
        (&closed, &file("no-number", "one"), "no process number in"),
        (&closed, &pid, "the server does not let us in"),
    ] {
        let args = ["--database", url, "--server-pid", pid, "--", "true"];
        let output = observer(folder.path()).args(args).output().unwrap();
        assert_refused(&output, part);
        assert!(!stderr(&output).contains("swordfish"), "{}", stderr(&output));
        assert!(!folder.path().join("new/observed.json").exists());
    }
}
