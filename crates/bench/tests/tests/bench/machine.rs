//! Other people's machines: what figures belong to, and what surrounds the programs there.

use std::{fs, os::unix::fs::symlink, process::Command};

use behaviour_tests::{finish, interruptible, spawn};
use bench_data::{facts::Facts, files};

use super::place::{LONG, Place, QUICK};

fn facts(place: &Place, folder: &str) -> Facts {
    files::toml(&place.path(folder).join("results/box/raw/db/sitting-1/facts.toml")).expect("facts")
}

fn warned(facts: &Facts, text: &str) -> bool {
    facts.warnings.iter().any(|warning| warning.contains(text))
}

#[test]
fn another_machine_and_other_sources_are_refused() {
    let place = Place::new();
    place.succeed("db");
    let machine = place.read("results/box/machine.toml");
    let field =
        |name: &str| machine.lines().find(|line| line.starts_with(&format!("{name} = "))).expect(name);
    let lacking = ("family", String::new());
    for (name, other) in
        [("memory_mib", "memory_mib = 77".to_owned()), ("model", "model = \"x\"".to_owned()), lacking]
    {
        place.write("results/box/machine.toml", &machine.replace(field(name), &other));
        for args in ["db", "--again", "--study scale"] {
            let run = place.run(args);
            run.refused(2, "results/box has figures from another machine", format!("{args} {name}"));
            // A name for it that is free.
            let told = run.err.concat();
            let proposed = told.split("MACHINE=").nth(1).expect("a proposal").trim();
            run.was(!proposed.is_empty() && !place.path("results").join(proposed).exists(), proposed);
        }
    }
    place.write("results/box/machine.toml", &machine);

    // Neither are they mixed by a run that goes on.
    place.write("crates/web/one/main.rs", "fn main() {}");
    place.write("crates/db/hosts/src/lib.rs", "");
    place.script("bin/one", LONG);
    let bench = place.start(&mut place.bench("web"), 2);
    place.kill(bench);
    place.script("bin/one", QUICK);
    let record = place.read("target/bench/run.toml");
    let another = record.replace("stepping = ", "stepping = \"another\" #");
    for (file, text, reason) in [
        ("crates/web/one/main.rs", "fn main() { todo!() }", "the sources of web have changed"),
        ("crates/db/hosts/src/lib.rs", "//! Which others use.", "the sources of web have changed"),
        ("target/bench/run.toml", &another, "cannot resume on another machine: stepping: "),
        ("target/bench/run.toml", &record[..record.len() / 2], "cannot use target/bench/run.toml"),
    ] {
        let kept = place.read(file);
        place.write(file, text);
        place.run("--resume").refused(2, reason, file);
        place.write(file, &kept);
    }
    place.succeed("--resume");
}

#[test]
fn the_commit_is_that_of_this_folder_or_unknown() {
    let place = Place::new();
    let git = |folder: &str, args: &[&str]| {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let mut git = Command::new("git");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        let run = finish(spawn(git.current_dir(place.path(folder)).args(who).args(args)));
        run.was(run.code == 0, format!("{args:?}"));
        run.out.concat()
    };
    // A hook of another repository.
    fs::create_dir_all(place.path("elsewhere")).expect("a folder");
    git("elsewhere", &["init", "--quiet"]);
    git("elsewhere", &["commit", "--quiet", "--allow-empty", "--message", "elsewhere"]);
    let measured = |file: &str| {
        place.write(file, "");
        let elsewhere = place.path("elsewhere/.git").display().to_string();
        place.succeed_with("db", &[("GIT_DIR", &elsewhere)]);
        facts(&place, "")
    };
    let unknown = |facts: &Facts, reason: &str| {
        let reason = format!("the commit is unknown: {reason}");
        assert!(facts.commit == "unknown" && !facts.changed && warned(facts, &reason), "{facts:?}");
    };
    unknown(&measured("crates/one/README.md"), "fatal: not a git repository");
    git("", &["init", "--quiet"]);
    git("", &["add", "bench.toml"]);
    git("", &["commit", "--quiet", "--message", "all"]);
    let commit = git("", &["rev-parse", "--short=12", "HEAD"]);
    let page = measured("crates/one/README.md");
    assert!(page.commit == commit && !page.changed, "the report writes figures into it: {page:?}");
    assert!(measured("crates/one/main.rs").changed);
    // Somebody else's folder, or no git at all.
    place.script("path/git", "echo 'fatal: detected dubious ownership in repository' >&2; exit 128");
    unknown(&measured("crates/one/main.rs"), "fatal: detected dubious ownership");
    fs::remove_file(place.path("path/git")).expect("removed");
    // A ZIP unpacked in another repository.
    fs::create_dir_all(place.path("inside")).expect("a folder");
    for name in ["bench.toml", "bin"] {
        symlink(place.path(name), place.path(&format!("inside/{name}"))).expect("a link");
    }
    let run = finish(spawn(place.bench("db").current_dir(place.path("inside"))));
    run.was(run.code == 0, "inside");
    unknown(&facts(&place, "inside"), "this folder is inside another repository");
}

/// Variables that change figures, or that stop what asks loopback.
const VARIABLES: [(&str, &str); 9] = [
    ("http_proxy", "http://127.0.0.1:9"),
    ("ALL_PROXY", "http://127.0.0.1:9"),
    ("PYTHONASYNCIODEBUG", "1"),
    ("PYTHONHOME", "/nowhere"),
    ("TOKIO_WORKER_THREADS", "1"),
    ("MALLOC_ARENA_MAX", "1"),
    ("LD_BIND_NOW", "1"),
    ("RUST_LOG", "trace"),
    ("STRACE_OPTS", "-y"),
];

#[test]
fn variables_that_change_figures_are_kept_out_or_noted() {
    let place = Place::new();
    place.script("bin/one", "env >>environment");
    let flags = [("RUSTFLAGS", "-Ctarget-cpu=native"), ("CARGO_PROFILE_RELEASE_LTO", "fat")];
    place.succeed_with("db", &[VARIABLES.as_slice(), &flags].concat());
    let environment = place.read("environment");
    assert!(environment.contains("\nPATH="), "{environment}");
    for (name, _) in VARIABLES {
        assert!(!environment.contains(&format!("\n{name}=")), "{name} in {environment}");
    }
    for (name, _) in flags {
        assert!(warned(&facts(&place, ""), &format!("{name} is set: ")), "{name}");
    }
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_shows_every_line() {
    for (term, shown) in [("dumb", true), ("xterm", false)] {
        let place = Place::new();
        let bench = place.bench("--quick web");
        let words: Vec<_> = bench.get_args().skip(1).map(|word| format!("'{}'", word.display())).collect();
        let mut terminal = interruptible("script");
        terminal.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
        terminal.envs(bench.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let run = finish(spawn(terminal.current_dir(place.path("")).env("TERM", term)));
        run.was(run.code == 0 && (run.count("  hyperfine ") > 0) == shown, term);
        run.was(shown || run.out.concat().contains("target/bench/commands.txt"), term);
    }
}

#[test]
fn where_strace_cannot_trace_a_timeline_is_refused_and_nothing_is_counted() {
    let place = Place::new();
    place.script("path/strace", "echo 'strace: PTRACE_TRACEME: Operation not permitted' >&2; exit 1");
    let timeline = place.run("--study timeline");
    timeline.refused(2, "strace cannot trace here, which a timeline is made of: strace: PTRACE", "timeline");
    let shown = place.succeed("db");
    let told = "strace does not work here: system calls are not counted";
    shown.was(shown.out.iter().any(|line| line == told), "bench");
    assert!(!place.path("results/box/raw/db/one/syscalls.txt").exists());
}
