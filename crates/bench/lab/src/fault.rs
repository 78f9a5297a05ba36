//! Hosts, days and pages that misbehave: `--sick FAULT=N`, and `fault=FAULT` in the query of a page.
//!
//! FAULT is a short name of [`NAMES`] or `BEFORE:STEP[,STEP…]`. Up to BEFORE, a [`Moment`], the client is served as by a
//! healthy server, from then on by the steps (see [`Step`] and [`step`]). After them the connection continues.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bstr::ByteVec;
use http::StatusCode;

/// Where in the dialogue a fault begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// Instead of a host's greeting; a page or a day begins at the query.
    Accept,
    /// Instead of a host's first answer to the login.
    Login,
    /// The query or the request was read, its delay has not begun.
    Query,
    /// Instead of the rows or the response.
    Answer,
}

/// One action of a fault.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A host's port does not listen; anything else closes its connection.
    Refuse,
    Close,
    /// Closes the connection with a RST.
    Reset,
    /// A fault that hangs waits for ever.
    Wait(Duration),
    /// Waits ten times the item's delay.
    Slow,
    /// Sends the bytes of the next steps one at a time, with this pause before each.
    Drip(Duration),
    Part(Part),
    /// A response without a body; from a host, its own error.
    Status(StatusCode),
    Bytes(Vec<u8>),
    /// A packet of MySQL with the right sequence number.
    Packet(Vec<u8>),
    /// Waits for the client's next packet.
    Read,
}

/// How far the answer that a healthy server would give is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// Up to the first row, or the body of a response.
    Columns,
    Half,
    /// All but the last packet.
    Rows,
    Whole,
}

/// How a host, a day or a page misbehaves.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub before: Moment,
    pub steps: Vec<Step>,
}

/// Short names. From `404` on they are for days and pages.
const NAMES: [(&str, &str); 11] = [
    ("refuse", "accept:refuse"),
    ("hang", "accept:hang"),
    ("error", "answer:status"),
    ("close", "answer:half,close"),
    ("slow", "query:slow"),
    ("404", "answer:status(404)"),
    ("500", "answer:status(500)"),
    ("redirect", r"answer:bytes(HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n)"),
    ("not-json", r"answer:bytes(HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<!doctype html>)"),
    ("no-price", r#"answer:bytes(HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{"departures":[{}]})"#),
    ("length", r"answer:bytes(HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}),close"),
];

impl FromStr for Fault {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = NAMES.iter().find(|(name, _)| *name == text).map_or(text, |(_, fault)| fault);
        let (before, mut rest) = text.split_once(':').context("not a name of a fault and not BEFORE:STEP")?;
        let before = match before {
            "accept" => Moment::Accept,
            "login" => Moment::Login,
            "query" => Moment::Query,
            "answer" => Moment::Answer,
            _ => bail!("`{before}` is not accept, login, query or answer"),
        };
        let mut steps = vec![step(&mut rest)?];
        while let Some(next) = rest.strip_prefix(',') {
            rest = next;
            steps.push(step(&mut rest)?);
        }
        ensure!(rest.is_empty(), "`{rest}` after a step");
        ensure!(!steps.contains(&Step::Refuse) || before == Moment::Accept, "only accept: can refuse");
        let continues = |step: &Step| match step {
            Step::Wait(time) => *time < Duration::MAX,
            step => matches!(step, Step::Slow | Step::Drip(_) | Step::Read),
        };
        if steps.iter().all(continues) {
            steps.push(Step::Part(Part::Whole));
        }
        Ok(Self { before, steps })
    }
}

impl Fault {
    pub fn refuses(&self) -> bool {
        self.steps.contains(&Step::Refuse)
    }
}

/// Takes a step from the front of the text.
fn step(rest: &mut &str) -> Result<Step> {
    let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (name, after) = rest.split_at(length);
    *rest = after;
    let argument = argument(rest)?;
    let text = || str::from_utf8(argument.as_deref().unwrap_or_default()).context("not text");
    let seconds = || Ok::<_, anyhow::Error>(Duration::try_from_secs_f64(text()?.parse()?)?);
    Ok(match (name, argument.is_some()) {
        ("refuse", false) => Step::Refuse,
        ("hang", false) => Step::Wait(Duration::MAX),
        ("close", false) => Step::Close,
        ("reset", false) => Step::Reset,
        ("wait", true) => Step::Wait(seconds().context("wait(SECONDS)")?),
        ("slow", false) => Step::Slow,
        ("drip", false) => Step::Drip(Duration::from_millis(300)),
        ("drip", true) => Step::Drip(seconds().context("drip(SECONDS)")?),
        ("status", false) => Step::Status(StatusCode::INTERNAL_SERVER_ERROR),
        ("status", true) => Step::Status(text()?.parse().context("status(CODE)")?),
        ("columns", false) => Step::Part(Part::Columns),
        ("rows", false) => Step::Part(Part::Rows),
        ("half", false) => Step::Part(Part::Half),
        ("whole", false) => Step::Part(Part::Whole),
        ("bytes", true) => Step::Bytes(argument.unwrap_or_default()),
        ("packet", true) => Step::Packet(argument.unwrap_or_default()),
        ("read", false) => Step::Read,
        _ => bail!(
            "`{name}` is no step: refuse, hang, close, reset, wait(SECONDS), slow, drip, drip(SECONDS), status, \
             status(CODE), columns, rows, half, whole, bytes(TEXT), packet(TEXT) or read"
        ),
    })
}

/// Takes `(TEXT)` or `(TEXT)*K` from the front of the text, if it is there, and returns the bytes of TEXT, K times. Escapes
/// in TEXT are `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH`, as which a `)` has to be written.
fn argument(rest: &mut &str) -> Result<Option<Vec<u8>>> {
    let Some(text) = rest.strip_prefix('(') else { return Ok(None) };
    let (text, after) = text.split_once(')').context("a `(` without its `)`")?;
    let bytes = Vec::unescape_bytes(text);
    let Some(times) = after.strip_prefix('*') else {
        *rest = after;
        return Ok(Some(bytes));
    };
    let (times, after) = times.split_at(times.find(',').unwrap_or(times.len()));
    let times: usize = times.parse().context("*K repeats K times")?;
    ensure!(bytes.len().saturating_mul(times) <= 1 << 30, "more than a GiB");
    *rest = after;
    Ok(Some(bytes.repeat(times)))
}

/// N hosts and N days that misbehave in this way.
pub type Share = (Arc<Fault>, u16);

/// Reads `FAULT=N`.
pub fn share(text: &str) -> Result<Share> {
    let (fault, count) = text.rsplit_once('=').context("not FAULT=N")?;
    let count = count.parse().with_context(|| format!("`{count}` is no number of hosts or days"))?;
    Ok((Arc::new(fault.parse()?), count))
}

/// Hosts or days.
pub struct Places {
    /// The fault of each place, if it has one.
    pub faults: Vec<Option<Arc<Fault>>>,
    /// The number of healthy places, where others are sick.
    healthy: Option<u64>,
}

impl Places {
    /// Spreads the faults over the places: at even distances, mixed evenly, the same for the same arguments. There are
    /// as many places as `flag` of the command line asks for; without it `usual` ones, or more where more are sick.
    pub fn new(shares: &[Share], flag: &str, asked: Option<u16>, usual: u16) -> Result<Self> {
        let total: usize = shares.iter().map(|(_, count)| usize::from(*count)).sum();
        let slots = asked.map_or(total.max(usual.into()), usize::from);
        ensure!(total <= slots, "--sick asks for {total} sick ones, {flag} is {slots}");
        let spread = |(fault, count): &Share| {
            let (fault, count) = (Arc::clone(fault), *count);
            (0..count).map(move |number| ((f64::from(number) + 0.5) / f64::from(count), Arc::clone(&fault)))
        };
        let mut mixed: Vec<(f64, Arc<Fault>)> = shares.iter().flat_map(spread).collect();
        mixed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut faults = vec![None; slots];
        let healthy = (total > 0).then_some((slots - total) as u64);
        for (sick, (_, fault)) in mixed.into_iter().enumerate() {
            faults[(2 * sick + 1) * slots / (2 * total)] = Some(fault);
        }
        Ok(Self { faults, healthy })
    }

    /// The fault of a place; for a healthy place among sick ones, the number of healthy ones.
    pub fn look_up(&self, number: usize) -> (Option<Arc<Fault>>, Option<u64>) {
        let fault = self.faults.get(number).cloned().flatten();
        let healthy = self.healthy.filter(|_| fault.is_none());
        (fault, healthy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_faults_are_told() {
        for (text, message) in [
            ("ill", "not a name of a fault and not BEFORE:STEP"),
            ("end:hang", "`end` is not accept, login, query or answer"),
            ("query:faint", "`faint` is no step"),
            ("query:hang()", "`hang` is no step"),
            ("query:hang;close", "`;close` after a step"),
            ("query:bytes(a", "a `(` without its `)`"),
            ("query:bytes(a)*b", "*K repeats K times"),
            ("query:wait(-1)", "wait(SECONDS)"),
            ("query:refuse", "only accept: can refuse"),
            ("query:status(1)", "status(CODE)"),
        ] {
            let error = share(&format!("{text}=1")).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.starts_with(message)), "{text}: {error:?}");
        }
        assert!(NAMES.iter().all(|(name, _)| share(&format!("{name}=2")).is_ok()));
    }

    #[test]
    fn spreads_evenly() {
        let places = |counts: &[usize], slots| {
            let texts =
                ["hang", "slow", "close"].iter().zip(counts).map(|(name, count)| format!("{name}={count}"));
            let shares: Vec<Share> = texts.map(|text| share(&text).unwrap()).collect();
            let dealt = Places::new(&shares, "--hosts", None, slots).unwrap().faults;
            let sick =
                |share: &Share| (0..dealt.len()).filter(|&i| dealt[i].as_ref() == Some(&share.0)).collect();
            shares.iter().map(sick).collect::<Vec<Vec<_>>>()
        };
        assert_eq!(places(&[1], 100), [[50]]);
        assert_eq!(places(&[5], 500), [[50, 150, 250, 350, 450]]);
        assert_eq!(places(&[1, 4], 5), [vec![2], vec![0, 1, 3, 4]]);
        assert_eq!(places(&[7, 33, 1], 1).iter().map(Vec::len).collect::<Vec<_>>(), [7, 33, 1]);
    }
}
