//! The matrix for one machine: workloads with numbers in place of words, and the commands of their rows.

use anyhow::{Result, bail, ensure};

use crate::{
    SCHEMA,
    matrix::Matrix,
    spec::{FaultSpec, Rounds, RowSpec, ServerSpec, SickWait, Spec, Study},
    workload::{Control, Fault, Row, Server, Vary, Workload, slug},
};

/// A row whose limit is longer is not run: the table gives the limit, in seconds.
const LONGEST_S: f64 = 510.0;

/// Where and how a measurement is made.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// CPUs that a program may use.
    pub cpus: u64,
    /// Shorter waits, fewer items, two rounds.
    pub quick: bool,
    /// Whether strace works here, so that system calls are counted.
    pub count: bool,
    /// Add the rows of the articles' own programs.
    pub python: bool,
    /// Number of items in place of the matrix's.
    pub size: Option<u64>,
}

/// A workload at one size, with one fault or none, over one network or none.
#[derive(Clone, Copy)]
struct Case<'a> {
    study: &'a str,
    vary: Vary,
    spec: &'a Spec,
    size: u64,
    latency: f64,
    fault: Option<&'a FaultSpec>,
    /// Round-trip time in seconds.
    rtt: Option<f64>,
    /// Factor on what an item of this row waits.
    stretch: f64,
    quick: bool,
}

impl Matrix {
    /// The workloads of one study called `names` (all where there are none), resolved for this machine.
    ///
    /// # Errors
    /// An unknown name.
    pub fn resolve(&self, study: &str, names: &[String], at: &Place) -> Result<Vec<Workload>> {
        let (entry, specs) = self.study(study);
        ensure!(!specs.is_empty(), "no study is called {study:?}: choose from {}", self.studies().join(", "));
        if let Some(unknown) = names.iter().find(|name| !specs.iter().any(|spec| spec.name() == **name)) {
            let mut known: Vec<&str> = specs.iter().map(Spec::name).collect();
            known.dedup();
            bail!("no workload is called {unknown:?}: choose from {}", known.join(", "));
        }
        let vary = entry.map(|study| study.vary).unwrap_or_default();
        let mut workloads = Vec::new();
        // Studies come one after the other, each with room for its workloads.
        let first = 100 * self.studies().iter().position(|name| *name == study).unwrap_or_default();
        for (order, spec) in (first..).zip(specs) {
            if !names.is_empty() && !names.iter().any(|name| name == spec.name()) {
                continue;
            }
            for size in spec.sizes(at.quick) {
                let size = at.size.unwrap_or(size);
                let latency = spec.latency(at.quick);
                let plain = Case {
                    study,
                    vary,
                    spec,
                    size,
                    latency,
                    fault: None,
                    rtt: None,
                    stretch: 1.0,
                    quick: at.quick,
                };
                let cases: Vec<Case> = match (vary, entry) {
                    (Vary::Fault, Some(study)) => {
                        study.faults.iter().map(|fault| Case { fault: Some(fault), ..plain }).collect()
                    }
                    (Vary::Rtt, _) => {
                        spec.rtts(at.quick).into_iter().map(|rtt| Case { rtt: Some(rtt), ..plain }).collect()
                    }
                    _ => vec![plain],
                };
                workloads.extend(cases.iter().map(|case| self.one(order, entry, case, at)));
            }
        }
        Ok(workloads)
    }

    fn one(&self, order: usize, study: Option<&Study>, case: &Case, at: &Place) -> Workload {
        let Case { spec, size, latency, fault, rtt, vary, .. } = *case;
        let python = study.is_none_or(|study| study.python) && at.python;
        let python = spec.python.iter().flatten().filter(|_| python).map(|row| (row, true));
        let rows = spec.rows.iter().flatten().map(|row| (row, false)).chain(python);
        // A bound that bounds nothing is another row's.
        let rows = rows.filter(|(row, _)| {
            vary != Vary::Size || row.args.is_empty() || row.at_once.count().is_none_or(|count| count < size)
        });
        // A control is of the method, which is the same in all studies.
        let rows = rows.filter(|(row, _)| vary == Vary::Nothing || row.control.is_none());
        // The baseline takes neither sick hosts nor all of the user's.
        let foreign = matches!(&spec.server, Some(ServerSpec { command: None, .. }));
        let rows = rows.filter(|(row, _)| {
            let baseline =
                self.models.iter().any(|model| model.baseline && model.name == *row.model.get_ref());
            !(baseline && (fault.is_some() || foreign))
        });
        let rows = rows.map(|(row, python)| self.row(row, python, study, case, at)).collect();
        let fill = |words: &[String]| words.iter().map(|word| case.fill(word)).collect::<Vec<_>>();
        let server = match (&spec.server, &spec.lab) {
            (Some(ServerSpec { name, command: Some(command) }), _) => {
                Some(Server::Own { name: name.clone(), command: fill(command) })
            }
            (Some(ServerSpec { name, command: None }), _) => Some(Server::Foreign { name: name.clone() }),
            (None, Some(lab)) => {
                let sick = fault.iter().flat_map(|fault| &fault.lab).cloned();
                Some(Server::Lab(fill(&lab.iter().cloned().chain(sick).collect::<Vec<_>>())))
            }
            (None, None) => None,
        };
        Workload {
            version: SCHEMA,
            order,
            study: case.study.to_owned(),
            vary,
            name: spec.name().to_owned(),
            key: case.key(),
            article: spec.article.unwrap_or_default(),
            title: spec.title.clone().unwrap_or_default(),
            asks: case.fill(spec.asks.as_deref().unwrap_or_default()),
            size,
            latency_s: latency,
            cpus: at.cpus,
            quick: at.quick,
            reference: spec.reference.clone().unwrap_or_default(),
            limited: spec.limited.unwrap_or(true),
            sampled: spec.observed_args.iter().flatten().any(|arg| arg.ends_with("/memory.csv")),
            rtt_s: rtt,
            absent: spec.absent.clone().unwrap_or_default(),
            server,
            printed: spec.printed.clone(),
            fault: fault.map(|fault| Fault {
                name: fault.name.clone(),
                title: fault.title.clone(),
                sick: case.sick(),
                wait_s: Some(match fault.wait {
                    SickWait::Patience => case.patience(),
                    SickWait::Times(times) => times * latency,
                }),
                fails: fault.fails,
            }),
            models: self.models.clone(),
            rows,
        }
    }

    fn row(&self, row: &RowSpec, python: bool, study: Option<&Study>, case: &Case, at: &Place) -> Row {
        let case = Case { stretch: row.stretch.unwrap_or(1.0), ..*case };
        let Case { spec, size, latency, fault, .. } = case;
        let extra: Vec<String> = row.args.iter().map(|arg| case.fill(arg)).collect();
        let words: Vec<&str> =
            std::iter::once(row.program.get_ref()).chain(&extra).map(String::as_str).collect();
        let program = match row.control {
            Some(Control::Same) => format!("{} (again)", words.join(" ")),
            Some(Control::Planted) => format!("{} ({} × sleep)", words.join(" "), case.stretch),
            None => words.join(" "),
        };
        let at_once = row.at_once.resolve(size, at.cpus);
        let turns = size.div_ceil(at_once);
        // Without the noise of the multiplication.
        let limit = |latency: f64| (turns as f64 * latency * 1e6).round() / 1e6;
        let limit_s = limit(latency * case.stretch);
        let set = study.and_then(|study| study.rounds).unwrap_or(self.rounds);
        let budget_s = study.and_then(|study| study.budget_s).unwrap_or(LONGEST_S);
        let argv = |latency: f64| -> Vec<String> {
            let case = Case { latency, ..case };
            let own = spec.args.iter().flatten().chain(fault.iter().flat_map(|fault| &fault.args));
            let own = own.map(|arg| case.fill(arg));
            std::iter::once(row.program.get_ref().clone()).chain(own).chain(extra.iter().cloned()).collect()
        };
        let count_latency_s = row.count_latency.map(|shorter| shorter.min(latency));
        let counted = row.counted.or(spec.counted).unwrap_or(true);
        let counted = counted && at.count && case.vary == Vary::Nothing && row.control.is_none();
        Row {
            slug: slug(&program),
            program,
            model: row.model.get_ref().clone(),
            python,
            control: row.control,
            at_once,
            limit_s,
            rounds: match rounds(set, limit_s) {
                // Two show that runs are paired.
                rounds if at.quick && case.vary == Vary::Nothing && !python => rounds.min(2),
                rounds if at.quick => rounds.min(1),
                rounds => rounds,
            },
            observed: match study.and_then(|study| study.observed).unwrap_or(self.observed) {
                _ if limit_s >= 10.0 || row.control.is_some() || at.quick => 1,
                runs => runs,
            },
            argv: argv(latency),
            observed_args: spec.observed_args.iter().flatten().map(|arg| case.fill(arg)).collect(),
            probe: row.needs.as_ref().map(|needs| self.probe(needs.get_ref())).unwrap_or_default(),
            skip: (limit_s > budget_s)
                .then(|| format!("skipped: would wait {limit_s} s, the budget is {budget_s} s")),
            imports: row.imports.clone(),
            count: if counted || case.vary == Vary::Time {
                argv(count_latency_s.unwrap_or(latency))
            } else {
                Vec::new()
            },
            count_latency_s: count_latency_s.filter(|_| counted),
        }
    }
}

fn rounds(set: Rounds, limit_s: f64) -> u32 {
    match limit_s {
        limit if limit >= 10.0 => 0,
        limit if limit < 1.0 => set.under_1s,
        _ => set.under_10s,
    }
}

impl Case<'_> {
    /// Number of sick items: at least one.
    fn sick(&self) -> u64 {
        self.fault.map_or(0, |fault| ((self.size as f64 * fault.share).round() as u64).max(1))
    }

    /// A time-out in seconds, for faults that hang.
    fn patience(&self) -> f64 {
        if self.quick { 0.5 } else { 2.0 }
    }

    /// Name of its folder. Of the full run, so that quick and full results line up.
    fn key(&self) -> String {
        let name = self.spec.key.as_deref().unwrap_or(self.spec.name());
        match (self.vary, self.fault, self.rtt) {
            (Vary::Size, ..) => format!("{}-{name}-{}", self.study, self.size),
            (_, Some(fault), _) => format!("{}-{name}-{}", self.study, fault.name),
            (.., Some(rtt)) => format!("{}-{name}-{}ms", self.study, (rtt * 1e6).round() / 1e3),
            (Vary::Server, ..) => format!("{name}-{}", self.study),
            (Vary::Time, ..) => format!("{}-{name}", self.study),
            _ => name.to_owned(),
        }
    }

    fn fill(&self, text: &str) -> String {
        let latency = (self.latency * self.stretch * 1e6).round() / 1e6;
        let stretch = if self.stretch == 1.0 { String::new() } else { format!("/stretch/{}", self.stretch) };
        text.replace("{size}", &self.size.to_string())
            .replace("{latency}", &latency.to_string())
            .replace("{stretch}", &stretch)
            .replace("{patience}", &self.patience().to_string())
            .replace("{sick}", &self.sick().to_string())
            .replace("{rtt}", &self.rtt.unwrap_or(0.0).to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const PLACE: Place = Place { cpus: 2, quick: false, count: true, python: true, size: None };

    fn of(study: &str, at: &Place) -> Vec<Workload> {
        let matrix = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml");
        Matrix::read(Path::new(matrix)).unwrap().resolve(study, &[], at).unwrap()
    }

    fn row<'a>(workloads: &'a [Workload], key: &str, program: &str) -> &'a Row {
        let workload = workloads.iter().find(|workload| workload.key == key).unwrap();
        workload.rows.iter().find(|row| row.program == program).unwrap()
    }

    #[test]
    fn limits_and_rounds_follow_the_cpus() {
        let workloads = of("bench", &PLACE);
        let limit = |key, program| {
            let row = row(&workloads, key, program);
            (row.at_once, row.limit_s, row.rounds, row.observed)
        };
        assert_eq!(limit("db", "db-sequential"), (1, 50.0, 0, 1));
        assert_eq!(limit("db", "db-multiprocess"), (2, 25.0, 0, 1));
        assert_eq!(limit("db", "db-threaded"), (6, 8.4, 9, 5));
        assert_eq!(limit("db", "db-threaded --concurrency 500"), (500, 0.1, 30, 5));
        assert_eq!(limit("sleep-1000", "sleep-threaded"), (6, 501.0, 0, 1));
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
        assert_eq!(tokio.count, tokio.argv);
        let pool = row(&workloads, "sleep-1000", "sleep-threaded");
        assert_eq!(pool.count, ["sleep-threaded", "--tasks", "1000", "--seconds", "0.1"]);
        let uvloop = row(&workloads, "db", "db_asyncio.py --uvloop");
        assert!(uvloop.python && uvloop.slug == "db-asyncio-py-uvloop" && uvloop.imports.is_some());
        assert!(
            of("bench", &Place { python: false, ..PLACE })
                .iter()
                .flat_map(|w| &w.rows)
                .all(|row| !row.python)
        );
    }

    #[test]
    fn controls_are_the_reference_again_and_stretched() {
        let workloads = of("bench", &PLACE);
        let again = row(&workloads, "db", "db-tokio (again)");
        assert_eq!(
            (&again.argv, again.control),
            (&row(&workloads, "db", "db-tokio").argv, Some(Control::Same))
        );
        let planted = row(&workloads, "db", "db-tokio (1.04 × sleep)");
        assert!(planted.argv.contains(&"select sleep(0.104)".to_owned()), "{:?}", planted.argv);
        let planted = row(&workloads, "prices", "prices-tokio (1.04 × sleep)");
        assert_eq!(planted.argv[1], "{http}/stretch/1.04");
        assert_eq!(row(&workloads, "prices", "prices-tokio").argv[1], "{http}");
    }

    #[test]
    fn scale_leaves_out_what_bounds_nothing_and_what_takes_too_long() {
        let workloads = of("scale", &PLACE);
        let rows = |key: &str| {
            let workload = workloads.iter().find(|w| w.key == key).unwrap();
            workload.rows.iter().map(|row| (row.program.as_str(), row.skip.is_some())).collect::<Vec<_>>()
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
        let sick = |key: &str| workloads.iter().find(|w| w.key == key).unwrap().fault.as_ref().unwrap().sick;
        assert_eq!((sick("faults-db-hang"), sick("faults-db-slow"), sick("faults-prices-hang")), (5, 50, 1));
        let hang = workloads.iter().find(|w| w.key == "faults-db-hang").unwrap();
        let words = ["--hosts", "500", "--sick", "hang=5"].map(str::to_owned);
        assert_eq!(hang.server, Some(Server::Lab(words.into())));
        assert!(
            hang.rows.iter().all(|row| row.argv.ends_with(&["--timeout".to_owned(), "2".to_owned()])
                || row.program.contains(' '))
        );
        let quick = of("faults", &Place { quick: true, ..PLACE });
        for row in hang.rows.iter().chain(quick.iter().flat_map(|w| &w.rows)) {
            assert!(row.rounds == 0 && row.model != "baseline", "hyperfine takes no program that fails");
        }
    }

    #[test]
    fn a_network_has_a_lab_for_each_round_trip_time() {
        let workloads = of("network", &PLACE);
        let keys: Vec<_> = workloads.iter().map(|w| w.key.as_str()).collect();
        assert_eq!(keys, ["network-db-0ms", "network-db-1ms", "network-db-10ms", "network-db-50ms"]);
        let words = ["--hosts", "20", "--rtt", "0.001"].map(str::to_owned);
        assert_eq!(workloads[1].server, Some(Server::Lab(words.into())));
        assert!(
            workloads.iter().flat_map(|w| &w.rows).all(|row| row.count.is_empty() && row.control.is_none())
        );
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
        let matrix =
            Matrix::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../bench.toml"))).unwrap();
        let error = |study, names: &[String]| matrix.resolve(study, names, &PLACE).unwrap_err().to_string();
        assert!(error("all", &[]).contains("choose from bench, mariadb, own, scale, faults, network"));
        assert!(error("faults", &["web".to_owned()]).ends_with("choose from db, prices"));
    }
}
