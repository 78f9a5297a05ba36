//! What the user asks for, and what is wrong with it.

use std::fs;

use behaviour_tests::{finish, spawn};

use super::place::Place;

#[test]
fn settings_choose_the_study_and_set_it_up() {
    let place = Place::new();
    for set_up in ["setup", "python/setup"] {
        place.script(&format!("scripts/{set_up}.sh"), "echo \"$0 $*\" >>set-up");
    }
    // The programs are built already, as cargo finds.
    fs::create_dir_all(place.path("target")).expect("a folder");
    fs::rename(place.path("bin"), place.path("target/release")).expect("renamed");
    place.script("path/cargo", "echo \"$CARGO_TARGET_DIR$CARGO_BUILD_TARGET $*\" >>built");
    place.script("target/python/bin/python", "echo x >>runs-python");
    let run = |settings: &[(&str, &str)]| {
        let mut bench = place.plain("--quick db");
        bench.envs([("CARGO_TARGET_DIR", "elsewhere"), ("CARGO_BUILD_TARGET", "wasm")]);
        let run = finish(spawn(bench.envs(settings.iter().copied())));
        let set_up = place.read("set-up");
        let _ = fs::remove_file(place.path("set-up"));
        (run, set_up)
    };
    let (plain, set_up) = run(&[]);
    plain.was(plain.code == 0 && set_up.is_empty(), "no settings");
    let tools = "--bin bench-lab --bin bench-observe --bin bench-report --bin lucky --bin one --bin two";
    assert_eq!(place.read("built"), format!("target build --release --locked {tools}\n"));
    assert_eq!(run(&[("PYTHON", "0"), ("BUSY", "0")]).1, "", "0 means no");
    assert!(!place.path("runs-python").exists());
    assert!(run(&[("PYTHON", "1")]).1.ends_with("scripts/python/setup.sh \n"));
    assert!(place.path("runs-python").exists());
    let (mariadb, set_up) = run(&[("DATABASE", "mariadb")]);
    mariadb.was(set_up.contains("scripts/setup.sh mariadb\n"), &set_up);
    mariadb.was(mariadb.failures("MariaDB does not start") == 1, "this one is none");
    place.script("scripts/python/setup.sh", "echo no Python >&2; exit 2");
    assert_eq!(run(&[("PYTHON", "1")]).0.code, 2);
}

#[test]
fn bad_settings_and_names_are_refused() {
    let place = Place::new();
    place.write("empty.urls", "\n");
    place.write("bad.urls", "mysql://a:swordfish@b:1/c\npostgres://a:swordfish@b:1/c\n");
    for (args, name, value, message) in [
        ("db", "DATABASE", "oracle", "only mariadb is known"),
        ("", "DATABASE", "mariadb", "are for make bench-db"),
        ("--study scale", "DATABASE_URLS", "own.urls", "are for make bench-db"),
        ("db", "DATABASE_URLS", "none.urls", "none.urls: No such file"),
        ("db", "DATABASE_URLS", "empty.urls", "empty.urls: line 1"),
        ("db", "DATABASE_URLS", "bad.urls", "line 2"),
        ("--study all", "PYTHON", "1", "choose from bench, mariadb, own, scale, faults, network, timeline"),
        ("mail", "PYTHON", "", "choose from db, web"),
        ("--fast", "PYTHON", "", "Usage"),
        ("--again --quick", "PYTHON", "", "cannot be used with"),
        ("", "MACHINE", "../elsewhere", "MACHINE=../elsewhere cannot be"),
        ("--resume", "PYTHON", "", "nothing to resume"),
    ] {
        let run = finish(spawn(place.bench(args).env(name, value)));
        run.refused(2, message, format!("{args} {name}={value}"));
    }
    let run = finish(spawn(&mut place.plain("web --bin-dir empty")));
    run.was(run.code == 2 && run.failures("empty holds no bench-observe") == 1, "no programs");
    place.write("results/box/raw/prices/workload.toml", "version = 1\n");
    place.run("web").refused(2, "prices/workload.toml: it has version 1", "results of another version");
    // What else can be wrong with a matrix is in the tests of bench-data.
    let matrix = place.read("bench.toml").replacen("needs = \"luck\"", "needs = \"pluck\"", 1);
    place.write("bench.toml", &matrix);
    place.run("web").refused(2, "unknown need \"pluck\"; known are luck", "a bad matrix");
    assert!(!place.path("runs-one").exists());
    place.assert_untouched();
}
