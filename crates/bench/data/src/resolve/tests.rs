use std::path::Path;

use super::*;

const PLACE: Place = Place { cpus: 2, quick: false, count: true, python: true, size: None };

fn matrix() -> Matrix {
    Matrix::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml"))).unwrap()
}

fn of(study: &str, at: &Place) -> Vec<Workload> {
    matrix().resolve(study, &[], at).unwrap()
}

fn workload<'a>(workloads: &'a [Workload], key: &str) -> &'a Workload {
    workloads.iter().find(|workload| workload.key == key).unwrap()
}

fn row<'a>(workloads: &'a [Workload], key: &str, program: &str) -> &'a Row {
    workload(workloads, key).rows.iter().find(|row| row.program == program).unwrap()
}

#[test]
fn limits_and_runs_follow_the_cpus() {
    let workloads = of("bench", &PLACE);
    let plan = |key, program| {
        let row = row(&workloads, key, program);
        let runs = [row.rounds, row.blocks, row.timed, row.timed_short, row.observed];
        (row.at_once, row.limit_s, runs, row.short.as_ref().map(|short| short.limit_s))
    };
    assert_eq!(plan("db", "db-sequential"), (1, 50.0, [0, 0, 1, 0, 1], Some(5.0)));
    assert_eq!(plan("db", "db-threaded"), (6, 8.4, [10, 0, 0, 0, 1], None));
    assert_eq!(plan("db", "db-threaded --concurrency 500"), (500, 0.1, [30, 3, 0, 0, 5], None));
    assert_eq!(plan("db", "db-tokio (again)"), (500, 0.1, [30, 3, 0, 0, 0], None));
    assert_eq!(plan("db", "db_asyncio.py"), (500, 0.1, [30, 0, 0, 0, 5], None));
    assert_eq!(plan("web", "web-sequential"), (1, 6.0, [10, 0, 2, 0, 5], Some(0.6)));
    assert_eq!(plan("sleep-1000", "sleep-threaded"), (6, 501.0, [0, 0, 0, 1, 1], Some(50.1)));
    assert!(row(&workloads, "sleep-1000", "sleep-sequential").skip.is_some(), "3000 s");
    let many = of("bench", &Place { cpus: 64, quick: true, ..PLACE });
    let threaded = row(&many, "db", "db-threaded");
    assert_eq!((threaded.at_once, threaded.limit_s, threaded.rounds), (32, 0.04, 2));
}

#[test]
fn commands_are_words_that_no_shell_sees() {
    let workloads = of("bench", &PLACE);
    let tokio = row(&workloads, "db", "db-tokio");
    assert_eq!(tokio.argv, ["db-tokio", "--urls", "{lab}/db.urls", "--query", "select sleep(0.1)"]);
    assert!(tokio.count == tokio.argv && tokio.traced && tokio.sample.is_empty());
    let pool = row(&workloads, "sleep-1000", "sleep-threaded");
    assert_eq!(pool.short_argv(), ["sleep-threaded", "--tasks", "1000", "--seconds", "0.3"]);
    let sequential = row(&workloads, "prices", "prices-sequential");
    assert_eq!(sequential.short_argv()[1], "{http}/stretch/0.1");
    assert_eq!(sequential.sample.last().unwrap(), "{memory}");
    let uvloop = row(&workloads, "db", "db_asyncio.py --uvloop");
    assert!(uvloop.python && uvloop.slug == "db-asyncio-py-uvloop" && uvloop.imports.is_some());
    let without = of("bench", &Place { python: false, ..PLACE });
    assert!(without.iter().flat_map(|w| &w.rows).all(|row| !row.python));
}

#[test]
fn the_limit_of_uneven_items_is_the_best_in_list_order() {
    let workloads = of("shapes", &PLACE);
    let row = |program| row(&workloads, "shapes-500", program);
    let limit = |program| (row(program).limit_s, row(program).rounds, row(program).timed);
    assert_eq!(limit("shapes-semaphore"), (0.52, 20, 0));
    assert_eq!(limit("shapes-chunks"), (0.52, 10, 0));
    assert_eq!(limit("shapes-await-in-loop"), (19.0, 0, 1));
    let Some(Server::Lab(lab)) = &workloads[1].server else { panic!("the lab") };
    assert_eq!(lab.join(" "), "--hosts 10000 --sick slow=1000");
}

#[test]
fn controls_are_the_reference_again_and_stretched() {
    let workloads = of("bench", &PLACE);
    let again = row(&workloads, "db", "db-tokio (again)");
    assert_eq!((&again.argv, again.control), (&row(&workloads, "db", "db-tokio").argv, Some(Control::Same)));
    let planted = row(&workloads, "db", "db-tokio (1.04 × sleep)");
    assert!(planted.argv.contains(&"select sleep(0.104)".to_owned()), "{:?}", planted.argv);
    let planted = row(&workloads, "prices", "prices-tokio (1.04 × sleep)");
    assert_eq!(planted.argv[1], "{http}/stretch/1.04");
    assert_eq!(row(&workloads, "prices", "prices-tokio").argv[1], "{http}");
}

#[test]
fn scale_leaves_out_what_bounds_nothing_and_what_takes_too_long() {
    let workloads = of("scale", &PLACE);
    let rows = |key: &str| -> Vec<(&str, bool)> {
        let rows = workload(&workloads, key).rows.iter();
        rows.map(|row| (row.program.as_str(), row.skip.is_some())).collect()
    };
    let ten = rows("scale-db-10");
    assert!(ten.contains(&("db-tokio --concurrency 1", false)));
    assert!(!ten.iter().any(|(program, _)| *program == "db-tokio --concurrency 10"));
    assert!(ten.contains(&("db-tokio-blocking", false)));
    assert!(rows("scale-db-1000").contains(&("db-sequential", true)));
    assert_eq!(row(&workloads, "scale-db-1000", "db-tokio-blocking").limit_s, 0.2);
}

#[test]
fn faults_are_a_share_of_the_items() {
    let workloads = of("faults", &PLACE);
    let sick = |key: &str| workload(&workloads, key).fault.as_ref().unwrap().sick;
    assert_eq!((sick("faults-db-hang"), sick("faults-db-slow"), sick("faults-prices-hang")), (5, 50, 1));
    let hang = workload(&workloads, "faults-db-hang");
    let words = ["--hosts", "500", "--sick", "hang=5"].map(str::to_owned);
    assert_eq!(hang.server, Some(Server::Lab(words.into())));
    assert!(hang.rows.iter().all(
        |row| row.argv.ends_with(&["--timeout".to_owned(), "2".to_owned()]) || row.program.contains(' ')
    ));
    let quick = of("faults", &Place { quick: true, ..PLACE });
    for row in hang.rows.iter().chain(quick.iter().flat_map(|w| &w.rows)) {
        assert!(row.model != "baseline" && (row.rounds > 0 || row.timed > 0) && row.short.is_none());
    }
    let limit = |program| row(&workloads, "faults-db-hang", program).limit_s;
    // 100 turns of 6 for 0.1 s are not all: five hosts take 2 s each.
    assert_eq!((limit("db-tokio"), limit("db-sequential")), (2.0, 59.5));
    for row in hang.rows.iter().filter(|row| row.at_once == 500) {
        assert_eq!(row.limit_s, 2.0, "{}", row.program);
    }
}

#[test]
fn a_network_has_a_lab_for_each_round_trip_time() {
    let workloads = of("network", &PLACE);
    let keys: Vec<_> = workloads.iter().map(|w| w.key.as_str()).collect();
    assert_eq!(keys, ["network-db-0ms", "network-db-1ms", "network-db-10ms", "network-db-50ms"]);
    let words = ["--hosts", "20", "--rtt", "0.001"].map(str::to_owned);
    assert_eq!(workloads[1].server, Some(Server::Lab(words.into())));
    assert!(workloads.iter().flat_map(|w| &w.rows).all(|row| row.count.is_empty() && row.control.is_none()));
}

#[test]
fn a_real_server_has_the_baseline_and_the_users_own_has_not() {
    let mariadb = of("mariadb", &Place { size: Some(7), ..PLACE }).remove(0);
    let command = ["scripts/mariadb.sh", "{lab}", "7"].map(str::to_owned).into();
    assert_eq!(mariadb.server, Some(Server::Own { name: "MariaDB".to_owned(), command }));
    assert_eq!(mariadb.key, "db-mariadb");
    let baseline = |workload: &Workload| workload.rows.iter().any(|row| row.model == "baseline");
    let own = of("own", &PLACE).remove(0);
    assert!(baseline(&mariadb) && !baseline(&own) && !own.limited);
}

#[test]
fn unknown_names_are_told_with_those_that_are_known() {
    let error = |study, names: &[String]| matrix().resolve(study, names, &PLACE).unwrap_err().to_string();
    assert!(error("all", &[]).contains("choose from bench, mariadb, own, scale, faults, network"));
    assert!(error("faults", &["web".to_owned()]).ends_with("choose from db, prices"));
}

#[test]
fn the_last_of_the_slow_begins_late() {
    let second = Duration::from_secs(1);
    let slow = |size, at_once| in_list_order(size, at_once, second / 10, size / 10, second).as_secs_f64();
    assert_eq!([1, 50, 500, 1000].map(|at_once| slow(500, at_once)), [95.0, 2.6, 1.0, 1.0]);
    assert_eq!(slow(10_000, 50), 38.7);
    assert_eq!(
        [1, 3, 7].map(|at_once| in_list_order(7, at_once, second, 0, second).as_secs_f64()),
        [7.0, 3.0, 1.0]
    );
    assert_eq!(in_list_order(0, 3, second, 0, second), Duration::ZERO);
}
