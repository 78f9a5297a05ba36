//! What readers copy: the complete file of docs/shapes.md into an empty project, and a program into the workspace.

use std::process::Command;
use std::{env, fs};

use behaviour_tests::{command, finish, root, scratch, spawn};

/// cargo as a reader runs it, with what it builds in a folder of ours.
fn cargo(target: &str, args: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(args).env("CARGO_TARGET_DIR", root().join(target)).env_remove("RUSTC_WORKSPACE_WRAPPER");
    cargo
}

#[test]
fn the_file_to_copy_builds_and_runs_in_an_empty_project() {
    let page = fs::read_to_string(root().join("docs/shapes.md")).unwrap();
    let (_, section) = page.split_once("## To copy").expect("its section");
    let block = |language: &str| {
        let (_, code) = section.split_once(&format!("```{language}\n")).expect("a block of code");
        code.split_once("```").expect("its end").0
    };
    let project = tempfile::tempdir().unwrap();
    fs::create_dir(project.path().join("src")).unwrap();
    fs::write(project.path().join("Cargo.toml"), block("toml")).unwrap();
    fs::write(project.path().join("src/main.rs"), block("rust")).unwrap();
    // The versions that are on this machine.
    fs::copy(root().join("Cargo.lock"), project.path().join("Cargo.lock")).unwrap();
    let mut cargo = cargo("target/copied", &["run", "--quiet", "--offline"]);
    let run = finish(spawn(cargo.current_dir(&project).env("CARGO_PROFILE_DEV_DEBUG", "false")));
    if run.err.iter().any(|line| line.contains("--offline")) {
        return eprintln!("not on this machine: {:?}; the file to copy is not built", run.err);
    }
    assert!(run.code == 0 && run.out.len() == 17, "{run:?}");
    assert_eq!(run.err, ["7: refused", "10: no answer in 500ms", "20: no answer in 500ms"]);
}

/// A program as docs/CONTRIBUTING.md has it added: its folder, and one row in bench.toml.
#[test]
fn a_program_that_is_added_is_on_the_map_and_under_the_tests() {
    let copy = scratch();
    let script = "tar -c --exclude=./target --exclude=./.git --exclude=./shared . | tar -x -C \"$0\"
        cd \"$0\"/crates/sleep && mkdir -p tokio-added/src
        for file in Cargo.toml src/main.rs; do
            sed s/sleep-tokio/sleep-tokio-added/g tokio/$file >tokio-added/$file
        done";
    let mut shell = Command::new("sh");
    let copied = finish(spawn(shell.args(["-ec", script]).arg(copy.path()).current_dir(root())));
    copied.was(copied.code == 0, "a copy of the workspace");
    let path = |name: &str| copy.path().join(name);
    let row = "  { program = \"sleep-tokio\", model = \"tokio\", at_once = \"all\" },\n";
    let rows = format!("{row}{}", row.replace("sleep-tokio", "sleep-tokio-added"));
    let matrix = fs::read_to_string(path("bench.toml")).unwrap();
    fs::write(path("bench.toml"), matrix.replacen(row, &rows, 1)).unwrap();

    let mut cargo =
        cargo("target", &["build", "--quiet", "--offline", "--workspace", "--bin", "sleep-tokio-added"]);
    let built = finish(spawn(cargo.current_dir(copy.path())));
    built.was(built.code == 0, "it is built");
    let in_copy = |program: &str, args: &[&str]| {
        let run = finish(spawn(command(program).args(args).env("MACHINE", "added").current_dir(copy.path())));
        run.was(run.code == 0, format!("{program} {args:?}"));
        run
    };
    in_copy("bench-report", &["report"]);
    in_copy("bench-report", &["report", "--check"]);
    assert!(
        fs::read_to_string(path("crates/README.md")).unwrap().contains("(sleep/tokio-added/src/main.rs)")
    );
    let steps = in_copy("bench-run", &["--print", "sleep"]);
    steps.was(steps.count("sleep-2/sleep-tokio-added/round-1 ") == 1, "the bench measures it");
    // The tests of its sources, and those of all programs, with no other program than this.
    let mut tests = Command::new(env::current_exe().expect("this test"));
    tests.args(["lessons", "programs", "links"]).envs([("WORKSPACE", copy.path().to_str().expect("a path"))]);
    let tests = finish(spawn(tests.env("PROGRAM", "sleep-tokio-added")));
    tests.was(tests.code == 0 && tests.out.iter().any(|line| line.contains(" 0 failed")), "its tests");
}
