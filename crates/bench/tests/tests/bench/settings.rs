//! What the user asks for, and what is wrong with it.

use std::fs;

use super::place::{self, Place, stderr};

#[test]
fn settings_choose_the_study_and_set_it_up() {
    let place = Place::new();
    for set_up in ["setup", "python/setup"] {
        place.script(&format!("scripts/{set_up}.sh"), "echo \"$0 $*\" >>set-up");
    }
    // The programs are built already, as cargo finds.
    fs::create_dir_all(place.path("target")).expect("a folder");
    fs::rename(place.path("bin"), place.path("target/release")).expect("renamed");
    place.script("bin/cargo", "echo \"$CARGO_TARGET_DIR$CARGO_BUILD_TARGET $*\" >>built");
    let path = format!("{}:{}", place.path("bin").display(), place::path());
    let run = |settings: &[(&str, &str)]| {
        let mut bench = place.plain(&["--quick", "db"]);
        bench.env("PATH", &path).env("CARGO_TARGET_DIR", "elsewhere").env("CARGO_BUILD_TARGET", "wasm");
        let output = bench.envs(settings.iter().copied()).output().expect("bench-run");
        let set_up = place.read("set-up");
        let _ = fs::remove_file(place.path("set-up"));
        (output, set_up)
    };
    let (output, set_up) = run(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(set_up, "");
    let built = place.read("built");
    assert_eq!(
        built,
        "target build --release --locked --bin bench-lab --bin bench-observe --bin bench-report --bin lucky --bin one --bin two\n"
    );
    place.script("target/python/bin/python", "echo x >>runs-python");
    assert_eq!(run(&[("PYTHON", "0"), ("BUSY", "0")]).1, "", "0 means no");
    assert!(!place.path("runs-python").exists());
    assert!(run(&[("PYTHON", "1")]).1.ends_with("scripts/python/setup.sh \n"));
    assert!(place.path("runs-python").exists());
    let (output, set_up) = run(&[("DATABASE", "mariadb")]);
    assert!(set_up.contains("scripts/setup.sh mariadb\n"), "{set_up}");
    assert!(stderr(&output).contains("MariaDB does not start"), "this one is none: {}", stderr(&output));
    place.script("scripts/python/setup.sh", "echo no Python >&2; exit 2");
    assert_eq!(run(&[("PYTHON", "1")]).0.status.code(), Some(2));
}

#[test]
fn bad_settings_and_names_are_refused() {
    let place = Place::new();
    place.write("empty.urls", "\n");
    for (args, name, value, message) in [
        (&["db"][..], "DATABASE", "oracle", "only mariadb is known"),
        (&[], "DATABASE", "mariadb", "are for make bench-db"),
        (&["--study", "scale"], "DATABASE_URLS", "own.urls", "are for make bench-db"),
        (&["db"], "DATABASE_URLS", "none.urls", "no file none.urls"),
        (&["db"], "DATABASE_URLS", "empty.urls", "empty.urls is empty"),
        (&["--study", "all"], "PYTHON", "1", "choose from bench, mariadb, own, scale, faults, network"),
        (&["mail"], "PYTHON", "", "choose from db, web"),
        (&["--fast"], "PYTHON", "", "Usage"),
        (&["--again", "--quick"], "PYTHON", "", "cannot be used with"),
        (&[], "MACHINE", "../elsewhere", "MACHINE=../elsewhere cannot be"),
        (&["--resume"], "PYTHON", "", "nothing to resume"),
        (&["web", "--bin-dir", "empty"], "PYTHON", "", "empty holds no bench-observe"),
    ] {
        let bench = if args.contains(&"--bin-dir") { place.plain(args) } else { place.bench(args) };
        let output = { bench }.env(name, value).output().expect("bench-run");
        assert_eq!(output.status.code(), Some(2), "{args:?} {name}={value}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let matrix = place.read("bench.toml").replace("needs = \"luck\"", "needs = \"pluck\"");
    place.write("bench.toml", &matrix);
    let output = place.run(&["web"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("unknown need \"pluck\"; known are luck"), "{}", stderr(&output));
    place.assert_untouched();
}

#[test]
fn results_of_another_version_are_refused_before_the_start() {
    let place = Place::new();
    place.write("results/box/raw/prices/workload.toml", "version = 1\n");
    let output = place.run(&["web"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("prices/workload.toml: it has version 1"), "{}", stderr(&output));
    assert!(!place.path("runs-one").exists());
}
