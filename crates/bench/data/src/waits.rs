//! When each thread of a program sleeps, and in which system call: what `strace -f -ttt -T` writes of the calls that wait.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

/// The system calls in which programs sleep, for strace's `-e trace=`; `?`: those that a machine does not have are no error.
pub const CALLS: &str = "?epoll_wait,?epoll_pwait,?epoll_pwait2,?poll,?ppoll,?io_uring_enter,?futex,?recvfrom,\
                         ?recvmsg,?read,?readv,?nanosleep,?clock_nanosleep,?wait4,?waitid";

/// A thread, or a process of one thread. Times are seconds of the system's clock, as those of [`crate::trace`].
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    /// Its first call.
    pub begin_s: f64,
    /// Its exit, or its last call.
    pub end_s: f64,
    /// Its calls, in order: how quick it is that they return tells whether it slept.
    pub calls: Vec<Call>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `epoll_wait`, …
    pub name: String,
    pub begin_s: f64,
    pub end_s: f64,
}

/// A call that returns sooner did not sleep, as far as anybody can see, in seconds.
const SLEEP_S: f64 = 0.001;

/// A thread that slept this long in a call is said to sleep in it, in seconds.
const NAMED_S: f64 = 0.02;

impl Thread {
    /// From when to when it does not sleep.
    pub fn awake(&self) -> Vec<(f64, f64)> {
        let mut from = self.begin_s;
        let mut parts = Vec::new();
        for call in self.calls.iter().filter(|call| call.end_s - call.begin_s >= SLEEP_S) {
            parts.push((from, call.begin_s));
            from = call.end_s;
        }
        parts.push((from, self.end_s));
        parts.retain(|(from, to)| to >= from);
        parts
    }

    /// The calls in which it sleeps, the longest first.
    pub fn sleeps_in(&self) -> Vec<&str> {
        let mut slept: BTreeMap<&str, f64> = BTreeMap::new();
        for call in &self.calls {
            *slept.entry(&call.name).or_default() += call.end_s - call.begin_s;
        }
        let mut slept: Vec<(&str, f64)> = slept.into_iter().filter(|(_, sum)| *sum >= NAMED_S).collect();
        slept.sort_by(|a, b| b.1.total_cmp(&a.1));
        slept.into_iter().map(|(name, _)| name).collect()
    }
}

/// The threads in the order of their first call: the main one is the first.
pub fn parse(text: &str) -> Result<Vec<Thread>> {
    let mut threads: BTreeMap<&str, (usize, Thread)> = BTreeMap::new();
    // A call that is still under way when another thread's is written has a line for its begin and one for its end.
    let mut entered: BTreeMap<&str, (&str, f64)> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = || format!("line {number} is not strace's: {line:?}");
        let (id, rest) = line.split_once(' ').with_context(wrong)?;
        let (time, what) = rest.trim_start().split_once(' ').with_context(wrong)?;
        let time: f64 = time.parse().ok().with_context(wrong)?;
        let order = threads.len();
        let new = || (order, Thread { begin_s: time, end_s: time, calls: Vec::new() });
        let (_, thread) = threads.entry(id).or_insert_with(new);
        thread.end_s = time;
        let mut returned = |name: &str, begin_s: f64, end_s: f64| {
            thread.calls.push(Call { name: name.to_owned(), begin_s, end_s });
        };
        if what.starts_with('+') {
            // Its exit, which may come in the middle of a call.
            entered.remove(id).into_iter().for_each(|(name, begin_s)| returned(name, begin_s, time));
            continue;
        }
        let resumed = what.strip_prefix("<... ");
        let name = resumed.unwrap_or(what).split([' ', '(']).next().with_context(wrong)?;
        let took = what.strip_suffix('>').and_then(|what| what.rsplit_once('<')?.1.parse::<f64>().ok());
        match took {
            _ if what.ends_with("<unfinished ...>") => drop(entered.insert(id, (name, time))),
            Some(took) => {
                let begin_s = resumed.and_then(|_| entered.remove(id)).map_or(time, |(_, begin_s)| begin_s);
                returned(name, begin_s, begin_s + took);
                thread.end_s = begin_s + took;
            }
            // It ends before the call does: `= ?`, or `= ? <unavailable>`.
            None if what.contains(" = ?") => drop(entered.entry(id).or_insert((name, time))),
            None => bail!(wrong()),
        }
    }
    ensure!(!threads.is_empty(), "it is empty");
    let mut threads: Vec<(usize, Thread)> = threads.into_values().collect();
    threads.sort_by_key(|(order, _)| *order);
    Ok(threads.into_iter().map(|(_, thread)| thread).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From db-threaded; the last line is db-multiprocess's.
    const RECORDED: &str = "\
28548 1795287044.823776 read(3, \"\"..., 832) = 832 <0.000054>
28548 1795287044.860043 futex(0x561c76df4c00, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, FUTEX_BITSET_MATCH_ANY <unfinished ...>
28551 1795287044.861480 poll([...], 1, 9999) = 1 ([...]) <0.000007>
28551 1795287044.873837 recvfrom(4,  <unfinished ...>
28551 1795287044.975616 <... recvfrom resumed>\"\"..., 4194206, 0, NULL, NULL) = 65 <0.101751>
28551 1795287044.976690 futex(0x561c6debd7d8, FUTEX_WAIT_BITSET_PRIVATE, 5, NULL, FUTEX_BITSET_MATCH_ANY) = ?
28552 1795287044.976700 futex(0x557f4ed01bb8, FUTEX_WAKE_PRIVATE, 1) = ? <unavailable>
28552 1795287044.978000 +++ exited with 0 +++
28551 1795287044.978000 +++ exited with 0 +++
28548 1795287044.977100 <... futex resumed>) = 0 <0.117050>
";

    #[test]
    fn calls_belong_to_their_threads_whatever_was_written_between() {
        let threads = parse(RECORDED).unwrap();
        let names = threads
            .iter()
            .map(|thread| thread.calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>().join(" "));
        assert_eq!(names.collect::<Vec<_>>(), ["read futex", "poll recvfrom futex", "futex"]);
        let slept = &threads[1].calls[1];
        assert!((slept.end_s - 1795287044.873837 - 0.101751).abs() < 1e-6, "{slept:?}");
        assert_eq!(threads[1].calls[2].end_s, 1795287044.978, "its exit ends the call");
        for text in ["", "28548", "28548 1795287044.823776 read(3, ", "a b c"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
