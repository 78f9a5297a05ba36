//! The complete file of docs/shapes.md, as its reader copies it: into an empty project outside the workspace.

use std::fs;
use std::process::Command;

use behaviour_tests::{finish, root, spawn};

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
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline"]).current_dir(&project);
    cargo.env("CARGO_TARGET_DIR", root().join("target/copied")).env("CARGO_PROFILE_DEV_DEBUG", "false");
    cargo.env_remove("RUSTC_WORKSPACE_WRAPPER");
    let run = finish(spawn(&mut cargo));
    if run.err.iter().any(|line| line.contains("--offline")) {
        return eprintln!("not on this machine: {:?}; the file to copy is not built", run.err);
    }
    assert!(run.code == 0 && run.out.len() == 17, "{run:?}");
    assert_eq!(run.err, ["7: refused", "10: no answer in 500ms", "20: no answer in 500ms"]);
}
