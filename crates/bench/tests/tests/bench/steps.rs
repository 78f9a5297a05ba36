//! The list of steps of every study: what each command is for, before anything runs.

use behaviour_tests::root;
use bench_data::matrix::Matrix;

use super::place::Place;

#[test]
fn no_step_of_any_study_has_two_purposes() {
    let place = Place::new();
    place.write("bench.toml", &std::fs::read_to_string(root().join("bench.toml")).expect("bench.toml"));
    place.write("own.urls", "mysql://a:b@127.0.0.1:1/c\n");
    for study in Matrix::read(&place.path("bench.toml")).expect("a matrix").studies() {
        let (chosen, variable) = match study {
            "mariadb" => ("db".to_owned(), ("DATABASE", "mariadb")),
            "own" => ("db".to_owned(), ("DATABASE_URLS", "own.urls")),
            _ => (format!("--study {study}"), ("MACHINE", "new")),
        };
        let variables = [("PYTHON", "1"), ("MACHINE", "new"), variable];
        let shown = place.succeed_with(&format!("{chosen} --print"), &variables).out;
        // Below the name of a step are its command, that of its server, and the files that it writes.
        let steps: Vec<_> = shown.chunk_by(|_, line| line.starts_with("  ")).collect();
        assert!(steps.len() > 5, "{study}: {} steps", steps.len());
        for step in steps {
            let text = step.join("\n");
            let has = |words: &str| usize::from(text.contains(words));
            let timed = has("hyperfine ") + has("/usr/bin/time ");
            let traced = has("strace -") + has(" --trace ");
            let purposes = timed + traced + has("/bench-observe") + has(" --memory ");
            // Both files of a timeline say when each thread waits.
            let follows = study == "timeline" && text.contains("\n  strace ");
            let is_probe = step[0].split(' ').next().is_some_and(|name| name.ends_with("/probe"));
            assert!(purposes == 1 || follows || is_probe, "{study}: {text}");
            let files = step.iter().filter(|line| line.starts_with("  > ")).count();
            assert!(files == 1 || follows, "{study}: {text}");
        }
    }
}
