//! The list of steps of every study: what each command is for, before anything runs.

use behaviour_tests::root;
use bench_data::matrix::Matrix;

use super::place::Place;

/// A step as `--print` shows it: its name, the commands of its server and of its own, and the files that it writes.
struct Step {
    name: String,
    server: String,
    command: String,
    files: Vec<String>,
}

fn steps(shown: &[String]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in shown {
        match (line.strip_prefix("  > "), line.strip_prefix("  @ "), line.strip_prefix("  ")) {
            (Some(file), ..) => steps.last_mut().expect("a step").files.push(file.to_owned()),
            (_, Some(server), _) => steps.last_mut().expect("a step").server = server.to_owned(),
            (.., Some(command)) => steps.last_mut().expect("a step").command = command.to_owned(),
            _ => {
                let name = line.split(' ').next().expect("a name").to_owned();
                steps.push(Step { name, server: String::new(), command: String::new(), files: Vec::new() });
            }
        }
    }
    steps
}

#[test]
fn no_step_of_any_study_has_two_purposes() {
    let place = Place::new();
    place.write("bench.toml", &std::fs::read_to_string(root().join("bench.toml")).expect("bench.toml"));
    place.write("own.urls", "mysql://a:b@127.0.0.1:1/c\n");
    for study in Matrix::read(&place.path("bench.toml")).expect("a matrix").studies() {
        let variables: &[(&str, &str)] = match study {
            "mariadb" => &[("DATABASE", "mariadb")],
            "own" => &[("DATABASE_URLS", "own.urls")],
            _ => &[],
        };
        let chosen = if variables.is_empty() { format!("--study {study}") } else { "db".to_owned() };
        let python = [variables, &[("PYTHON", "1"), ("MACHINE", "new")]].concat();
        let steps = steps(&place.succeed_with(&format!("{chosen} --print"), &python).out);
        assert!(steps.len() > 5, "{study}: {} steps", steps.len());
        for Step { name, server, command, files } in steps {
            let has = |words: &str| usize::from(command.contains(words));
            let timed = has("hyperfine ") + has("/usr/bin/time ");
            let traced = usize::from(server.contains(" --trace "));
            let purposes = timed + has("/bench-observe") + has("strace -") + has(" --memory ") + traced;
            // Both files of a timeline say when each thread waits.
            let follows = study == "timeline" && command.starts_with("strace ");
            assert!(
                purposes == 1 || follows || name.ends_with("/probe"),
                "{study}: {name}: {command} @ {server}"
            );
            assert!(files.len() == 1 || follows, "{study}: {name}: {files:?}");
        }
    }
}
