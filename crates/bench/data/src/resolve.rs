//! The matrix for one machine: numbers instead of words, and the commands of all rows.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use anyhow::{Result, bail};

use crate::{
    SCHEMA,
    matrix::{AtOnce, BENCH, FaultSpec, Matrix, RowSpec, SickWait, Spec, Study, Uneven},
    workload::{Control, Difference, Fault, Row, Server, Short, Vary, Workload, slug},
};

/// A row whose limit is longer is not run: the table gives the limit, in seconds.
const LONGEST_S: f64 = 510.0;
/// A row whose limit is longer is timed at the short delay, in seconds.
const LONGEST_TIMED_S: f64 = 100.0;
/// A row whose limit is longer has no picture of what is in flight, which would show its first hundredth, in seconds.
const LONGEST_TRACED_S: f64 = 20.0;
/// A row whose limit is at least this is not timed in rounds, in seconds.
const ONCE_S: f64 = 10.0;
/// The short delay, as a part of the article's.
const SHORT: f64 = 0.1;
/// Timed runs at the article's delay, of a workload that only waits.
const TIMED: u32 = 2;

/// Where and how a measurement is made.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub cpus: u64,
    /// Shorter waits, fewer items, two rounds.
    pub quick: bool,
    /// Whether strace works here, so that system calls are counted.
    pub count: bool,
    /// Add the rows of the articles' own programs.
    pub python: bool,
    /// Number of items instead of the matrix's.
    pub size: Option<u64>,
}

/// A workload at one size, with one fault or none, over one network or none.
#[derive(Clone, Copy)]
struct Case<'a> {
    study: &'a Study,
    spec: &'a Spec,
    size: u64,
    fault: Option<&'a FaultSpec>,
    /// Round-trip time in seconds.
    rtt: Option<f64>,
    /// Factor on what an item of this row waits.
    stretch: f64,
    place: &'a Place,
}

impl Matrix {
    /// The workloads of one study called `names` (all where there are none), resolved for this machine.
    pub fn resolve(&self, study: &str, names: &[String], place: &Place) -> Result<Vec<Workload>> {
        let position = self.studies.iter().position(|entry| entry.name == study);
        let Some(position) = position else {
            bail!("no study is called {study:?}: choose from {}", self.studies().join(", "))
        };
        let study = &self.studies[position];
        let mut known: Vec<&str> = study.workloads.iter().map(|spec| spec.name.as_str()).collect();
        known.dedup();
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            bail!("no workload is called {unknown:?}: choose from {}", known.join(", "));
        }
        let mut workloads = Vec::new();
        // Studies come one after the other, each with room for its workloads.
        for (order, spec) in (100 * position..).zip(&study.workloads) {
            if !names.is_empty() && !names.contains(&spec.name) {
                continue;
            }
            let spec = spec.quick.as_deref().filter(|_| place.quick).unwrap_or(spec);
            for size in spec.sizes() {
                let size = place.size.unwrap_or(size);
                let plain = Case { study, spec, size, fault: None, rtt: None, stretch: 1.0, place };
                let cases: Vec<Case> = match study.vary {
                    Vary::Fault => {
                        study.faults.iter().map(|fault| Case { fault: Some(fault), ..plain }).collect()
                    }
                    Vary::Rtt => spec.rtts.iter().map(|rtt| Case { rtt: Some(*rtt), ..plain }).collect(),
                    _ => vec![plain],
                };
                workloads.extend(cases.iter().map(|case| self.workload(order, case)));
            }
        }
        Ok(workloads)
    }

    fn workload(&self, order: usize, case: &Case) -> Workload {
        let Case { study, spec, size, fault, rtt, place, .. } = *case;
        let foreign = matches!(spec.server, Some(Server::Foreign { .. }));
        let baseline =
            |row: &RowSpec| self.models.iter().any(|model| model.baseline && model.name == row.model);
        let rows = spec.all_rows().filter(|(row, python)| {
            let wanted = !python || study.python && place.python;
            // A bound that bounds nothing is another row's.
            let count = matches!(row.at_once, AtOnce::Count(count) if count >= size);
            let bounds = study.vary != Vary::Size || row.args.is_empty() || !count;
            // A control is of the method, which is the same in all studies.
            let control = row.control.is_none() || study.vary == Vary::Nothing;
            // The baseline takes neither sick hosts nor all of the user's.
            wanted && bounds && control && !(baseline(row) && (fault.is_some() || foreign))
        });
        let mut server = spec.server.clone();
        if let Some(Server::Lab(args)) = &mut server {
            args.extend(fault.into_iter().flat_map(|fault| fault.lab.clone()));
        }
        if let Some(Server::Lab(words) | Server::Own { command: words, .. }) = &mut server {
            words.iter_mut().for_each(|word| *word = case.fill(word));
        }
        Workload {
            version: SCHEMA,
            order,
            study: study.name.clone(),
            vary: study.vary,
            name: spec.name.clone(),
            key: case.key(),
            article: spec.article,
            title: spec.title.clone(),
            asks: case.fill(&spec.asks),
            size,
            latency_s: spec.latency,
            cpus: place.cpus,
            quick: place.quick,
            reference: spec.reference.clone(),
            limited: spec.limited,
            only_waits: spec.only_waits,
            verdict: spec.verdict,
            rtt_s: rtt,
            absent: spec.absent.clone(),
            server,
            printed: spec.printed.clone(),
            fault: fault.map(|fault| Fault {
                name: fault.name.clone(),
                title: fault.title.clone(),
                sick: case.others().0,
                wait_s: case.others().1,
                fails: fault.fails,
            }),
            models: self.models.clone(),
            rows: rows.map(|(row, python)| self.row(row, python, case)).collect(),
        }
    }

    fn row(&self, row: &RowSpec, python: bool, case: &Case) -> Row {
        let case = Case { stretch: row.stretch.unwrap_or(1.0), ..*case };
        let Case { study, spec, size, fault, place, .. } = case;
        let label = case.fill(&row.label());
        let program = match row.control {
            Some(Control::Same) => format!("{label} (again)"),
            Some(Control::Planted) => format!("{label} ({} × sleep)", case.stretch),
            None => label,
        };
        let at_once = row.at_once.resolve(size, place.cpus);
        let (others, other_wait_s) = case.others();
        let [wait, other_wait] =
            [rounded(spec.latency * case.stretch), other_wait_s].map(Duration::from_secs_f64);
        let limit_s = in_list_order(size, at_once, wait, others, other_wait).as_secs_f64();
        let budget_s = spec.budget_s.unwrap_or(LONGEST_S);
        let has_short = (spec.only_waits || limit_s >= ONCE_S) && fault.is_none();
        let short = has_short.then(|| Short {
            latency_s: rounded(spec.latency * case.stretch * SHORT),
            limit_s: rounded(limit_s * SHORT),
            argv: Case { stretch: case.stretch * SHORT, ..case }.argv(row),
        });
        let argv = case.argv(row);
        let (short_s, short_argv) =
            short.as_ref().map_or((limit_s, &argv), |short| (short.limit_s, &short.argv));
        let round_limit_s = if spec.only_waits { short_s } else { limit_s };
        let rounds_by_limit = match round_limit_s {
            limit if limit >= ONCE_S => 0,
            limit if limit < 1.0 => spec.rounds.under_1s,
            _ => spec.rounds.under_10s,
        };
        let rounds = match row.rounds.unwrap_or(rounds_by_limit) {
            // Two show that runs are paired.
            rounds if place.quick && study.vary == Vary::Nothing && !python => rounds.min(2),
            rounds if place.quick => rounds.min(1),
            rounds => rounds,
        };
        let checked = study.vary == Vary::Nothing && !place.quick && round_limit_s < 1.0;
        // The rows of Python differ by more than a machine scatters.
        let checked = checked && !python && spec.rows.iter().any(|row| row.control == Some(Control::Same));
        let blocks = spec.rounds.up_to / spec.rounds.under_1s.max(1);
        let once = place.quick || limit_s >= ONCE_S || rounds == 0;
        let few = |runs: u32| if once { runs.min(1) } else { runs };
        let too_long = spec.only_waits && limit_s > LONGEST_TIMED_S;
        let plain = study.vary == Vary::Nothing && row.control.is_none();
        let counted = row.counted.unwrap_or(spec.counted) && place.count && plain;
        let lab = matches!(spec.server, Some(Server::Lab(_)));
        let sample =
            spec.sample.iter().filter(|_| plain && !python).map(|arg| case.fill(arg)).collect::<Vec<_>>();
        let differs = row.differs_from.as_ref().zip(row.what.clone());
        Row {
            slug: slug(&program),
            program,
            model: row.model.clone(),
            python,
            control: row.control,
            at_once,
            limit_s,
            rounds,
            blocks: if checked { blocks.saturating_sub(1) } else { 0 },
            timed: match rounds {
                _ if too_long => 0,
                _ if spec.only_waits => few(TIMED),
                0 => u32::from(study.vary != Vary::Time),
                _ => 0,
            },
            timed_short: u32::from(too_long),
            observed: match row.control {
                Some(_) => 0,
                // What takes its time is seen as well in one run.
                None if short_s >= 1.0 => 1.min(spec.observed),
                None => few(spec.observed),
            },
            traced: plain && !python && spec.counted && limit_s < LONGEST_TRACED_S && lab,
            sample: if sample.is_empty() { sample } else { [argv.clone(), sample].concat() },
            probe: row.needs.as_ref().map_or(Vec::new(), |need| self.needs[need].clone()),
            skip: (limit_s > budget_s)
                .then(|| format!("skipped: would wait {limit_s} s, the budget is {budget_s} s")),
            imports: row.imports.clone(),
            count: if counted || study.vary == Vary::Time { short_argv.clone() } else { Vec::new() },
            differs: differs.map(|(from, what)| Difference { from: case.fill(from), what }),
            argv,
            short,
        }
    }
}

/// Without the noise of a multiplication.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// The end of the last of `size` waits, if each that ends lets the next of the list begin. No shape of code that takes them
/// in list order can beat it. `others` of them take another time, at even distances, as the lab spreads its sick hosts.
fn in_list_order(size: u64, at_once: u64, wait: Duration, others: u64, other_wait: Duration) -> Duration {
    if others == 0 {
        return wait * size.div_ceil(at_once) as u32;
    }
    let mut waits = vec![wait; size as usize];
    for number in 0..others {
        waits[((2 * number + 1) * size / (2 * others)) as usize] = other_wait;
    }
    let mut ends = BinaryHeap::from(vec![Reverse(Duration::ZERO); at_once as usize]);
    for wait in waits {
        let first = ends.pop().map_or(Duration::ZERO, |Reverse(end)| end);
        ends.push(Reverse(first + wait));
    }
    ends.into_iter().map(|Reverse(end)| end).max().unwrap_or_default()
}

impl Case<'_> {
    /// How many items, at least one, are sick, or slow in a workload that is uneven, and how long each is waited for.
    fn others(&self) -> (u64, f64) {
        let (share, wait_s) = match (self.fault, &self.spec.uneven) {
            (Some(FaultSpec { share, wait: SickWait::Patience, .. }), _) => (share, self.patience()),
            (Some(FaultSpec { share, wait: SickWait::Times(times), .. }), _)
            | (None, Some(Uneven { share, times })) => (share, times * self.spec.latency * self.stretch),
            (None, None) => return (0, 0.0),
        };
        (((self.size as f64 * share).round() as u64).max(1), wait_s)
    }

    /// A time-out in seconds, for faults that hang.
    fn patience(&self) -> f64 {
        if self.place.quick { 0.5 } else { 2.0 }
    }

    /// Name of its folder: the one that the full run has, so that quick and full results line up.
    fn key(&self) -> String {
        let (study, vary) = (&self.study.name, self.study.vary);
        let name = self.spec.key.as_ref().unwrap_or(&self.spec.name);
        match (vary, self.fault, self.rtt) {
            (Vary::Size, ..) => format!("{study}-{name}-{}", self.size),
            (_, Some(fault), _) => format!("{study}-{name}-{}", fault.name),
            (.., Some(rtt)) => format!("{study}-{name}-{}ms", rounded(rtt * 1e3)),
            (Vary::Server, ..) => format!("{name}-{study}"),
            _ if *study == BENCH => name.to_owned(),
            _ => format!("{study}-{name}"),
        }
    }

    fn argv(&self, row: &RowSpec) -> Vec<String> {
        let fault = self.fault.iter().flat_map(|fault| &fault.args);
        let args = self.spec.args.iter().chain(fault).chain(&row.args).map(|arg| self.fill(arg));
        std::iter::once(row.program.clone()).chain(args).collect()
    }

    fn fill(&self, text: &str) -> String {
        let stretch =
            if self.stretch == 1.0 { String::new() } else { format!("/stretch/{}", rounded(self.stretch)) };
        text.replace("{size}", &self.size.to_string())
            .replace("{latency}", &rounded(self.spec.latency * self.stretch).to_string())
            .replace("{stretch}", &stretch)
            .replace("{patience}", &self.patience().to_string())
            .replace("{sick}", &self.others().0.to_string())
            .replace("{slow}", &self.others().0.to_string())
            .replace("{rtt}", &self.rtt.unwrap_or(0.0).to_string())
    }
}

#[cfg(test)]
mod tests;
