//! bench-observe on small commands of the shell.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use bench_data::{files, lab::Seen, runs::Run};
use tempfile::TempDir;

/// bench-observe with its record in `folder`; the caller adds options and the command.
fn observer(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-observe"));
    command.arg("--out").arg(folder.join("new/observed.csv"));
    command
}

/// Observes `command` of the shell, after the options.
fn observe(options: &[&str], command: &str) -> (Output, Run) {
    let folder = TempDir::new().unwrap();
    let output = observer(folder.path()).args(options).args(["--", "sh", "-c", command]).output().unwrap();
    let mut runs: Vec<Run> = files::csv(&folder.path().join("new/observed.csv")).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1, "nothing is left aside");
    (output, runs.remove(0))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether the process ends soon: SIGKILL is sent, not waited for, where the process is no child of the sender.
fn ends(pid: &str) -> bool {
    let alive = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let deadline = Instant::now() + Duration::from_secs(10);
    while alive() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    !alive()
}

#[test]
fn counts_the_processes_of_a_tree_and_no_time() {
    let (_, record) = observe(&["--run", "3"], "sleep 0.4 & sleep 0.4 & sleep 0.4 & wait");
    assert_eq!(record.peak_processes, Some(4), "the shell and three sleeps: {record:?}");
    assert_eq!((record.peak_threads, record.run), (Some(4), 3), "{record:?}");
    assert!(record.samples > Some(2) && record.interval_ms >= Some(2.0), "{record:?}");
    assert!(record.max_rss_kib.is_some() && record.voluntary.is_some(), "{record:?}");
    assert_eq!((record.wall_s, record.user_s, record.system_s), (None, None, None), "it was observed");
}

#[test]
fn sees_memory_come_and_go() {
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
        ("wc -c", 0, "0", ""),
    ] {
        let (output, record) = observe(&[], command);
        assert_eq!(output.status.code(), Some(i32::from(code)), "{command}");
        assert_eq!((record.exit_code, record.last_line.as_str()), (code, last_line), "{command}");
        assert_eq!(stderr(&output), errors, "standard error passes through");
        assert_eq!(record.peak_pss_kib.is_some(), record.samples > Some(0), "{command}");
    }
}

#[test]
fn counts_items_in_flight_from_the_output() {
    let options = ["--started", "Fetching", "--finished", "Done"];
    let (_, record) = observe(&options, "echo Fetching a; echo Fetching b; echo Done a; echo Done b");
    assert_eq!(record.in_flight, Some(2));
}

#[test]
fn reads_the_counters_of_the_lab_past_a_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let lab = thread::spawn(move || {
        let stats =
            Seen { items: 7, max_in_flight: 3, round_trips: Some(28), cpu_s: 0.25, ..Seen::default() };
        let body = serde_json::to_string(&stats).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        let streams = listener.incoming().take(2).flatten();
        let requests = streams.map(|mut stream| {
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            write!(stream, "{head}{body}").unwrap();
            request
        });
        requests.collect::<Vec<_>>()
    });
    let folder = TempDir::new().unwrap();
    let mut command = observer(folder.path());
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(proxy, "http://127.0.0.1:1");
    }
    let output = command.args(["--lab", &url, "--", "true"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(lab.join().unwrap(), ["POST /stats/reset HTTP/1.1\r\n", "GET /stats HTTP/1.1\r\n"]);
    let record: Vec<Run> = files::csv(&folder.path().join("new/observed.csv")).unwrap();
    let Run { items, round_trips, server_cpu_s, .. } = record[0];
    assert_eq!((items, round_trips, server_cpu_s), (Some(7), Some(28), Some(0.25)));
}

#[test]
fn a_failure_of_observing_is_one_line_and_exit_code_125() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let (pid, closed) = (file("pid", "1\n"), file("closed", "mysql://admin:swordfish@127.0.0.1:1/\n"));
    let (other, no_number) =
        (file("other", "postgres://admin:swordfish@127.0.0.1/"), file("no-number", "one"));
    let database = |url: &str, pid: &str| ["--database", url, "--server-pid", pid, "--"].map(str::to_owned);
    let plain = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (args, code, part) in [
        (plain(&["--", "./no-such-program"]), 127, "./no-such-program"),
        (plain(&["--", "no-such-program"]), 127, "no-such-program"),
        (plain(&["--lab", "http://127.0.0.1:1", "--", "true"]), 125, "http://127.0.0.1:1/stats/reset"),
        (plain(&["--out", "/proc/no/observed.csv", "--", "true"]), 125, "/proc/no"),
        (database("/no/such/file", &pid).into(), 125, "cannot read /no/such/file"),
        (database(&other, &pid).into(), 125, "no MySQL URL in"),
        (database(&closed, &no_number).into(), 125, "no process number in"),
        (database(&closed, &pid).into(), 125, "the server does not let us in"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench-observe"));
        if args[0] != "--out" {
            command = observer(folder.path());
        }
        let output =
            command.args(&args).args((args.last().unwrap() == "--").then_some("true")).output().unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        assert!(message.lines().count() == 1 && message.contains(part), "{message}");
        assert!(!message.contains("swordfish"), "{message}");
        assert!(!folder.path().join("new/observed.csv").exists());
    }
}

/// Starts a tree, sends the signal to bench-observe, and returns its exit code.
fn interrupt(command: &str, signal: &str) -> Option<i32> {
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
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    let code = child.wait().unwrap().code();
    let mut message = String::new();
    child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert!(message.contains("stopped by signal"), "{message}");
    assert!(!folder.path().join("new/observed.csv").exists(), "a stopped run is no measurement");
    let pids = fs::read_to_string(&pids).unwrap();
    assert!(pids.lines().all(ends), "left behind: {pids:?}");
    code
}

#[test]
fn a_signal_ends_the_whole_tree_even_one_that_ignores_it() {
    // In the background a shell makes its children ignore SIGINT: this one is in the foreground.
    let tree = "echo $$ >>$PIDS; sh -c 'echo $$ >>$PIDS; exec sleep 60'";
    assert_eq!(interrupt(tree, "-INT"), Some(130));
    assert_eq!(interrupt(&format!("trap '' TERM; {tree}"), "-TERM"), Some(143));
}

#[test]
fn what_the_command_leaves_running_neither_stays_nor_holds_up() {
    let started = Instant::now();
    let (output, record) = observe(&[], "sleep 60 & echo $!");
    assert_eq!(output.status.code(), Some(0));
    assert!(ends(&record.last_line));
    // One that leaves the group is for bench-run's guard to end, but is not waited for.
    let (_, record) = observe(&[], "setsid sleep 60 2>/dev/null & sleep 0.1; echo $!");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    Command::new("kill").arg(&record.last_line).status().unwrap();
}
