//! Hosts, days and pages that misbehave: `--sick FAULT=N`, and `fault=FAULT` in the query of a page.
//!
//! FAULT is a short name of [`NAMES`] or `BEFORE:STEP[,STEP…]`. BEFORE, a name of [`MOMENTS`], says what the client gets
//! last as from a healthy server; the steps say what it gets from then on (see [`Step`] and [`step`]). After them the
//! connection continues.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http::StatusCode;

/// What misbehaves: a MySQL host, or a page or a day of prices.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Host,
    Page,
}

/// Where in the dialogue a fault begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// Instead of a host's greeting.
    Greeting,
    /// Instead of the first answer to the login.
    Login,
    /// What is asked was read, and did not wait yet.
    Query,
    /// Instead of the rows or the response.
    Answer,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A host's port does not listen; anything else closes its connection.
    Refuse,
    Close,
    /// Closes the connection with a RST.
    Reset,
    /// For ever where it hangs.
    Wait(Duration),
    /// Waits ten times the item's delay.
    Slow,
    /// What follows is sent a byte at a time, with this pause before each.
    Drip(Duration),
    Part(Part),
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

/// Short names, as hosts and as days and pages understand them.
const NAMES: [(&str, [Option<&str>; 2]); 11] = [
    ("refuse", [Some("accept:refuse"), Some("accept:refuse")]),
    ("hang", [Some("accept:hang"), Some("accept:hang")]),
    ("error", [Some("answer:status"), Some("head:status")]),
    ("close", [Some("answer:half,close"), Some("body:half,close")]),
    ("slow", [Some("query:slow"), Some("accept:slow")]),
    ("404", [None, Some("head:status(404)")]),
    ("500", [None, Some("head:status(500)")]),
    ("redirect", [None, Some(r"head:bytes(HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n)")]),
    ("not-json", [None, Some(r"head:bytes(HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<!doctype html>)")]),
    (
        "no-price",
        [None, Some(r#"head:bytes(HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{"departures":[{}]})"#)],
    ),
    ("length", [None, Some(r"head:bytes(HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}),close")]),
];

/// Where hosts, and where days and pages, may begin to misbehave. An accepted host greets at once; of a page or a day,
/// the request was read. The head says the truth about the length of the body.
const MOMENTS: [(&str, [Option<Moment>; 2]); 7] = [
    ("accept", [Some(Moment::Greeting), Some(Moment::Query)]),
    ("greeting", [Some(Moment::Greeting), None]),
    ("login", [Some(Moment::Login), None]),
    ("query", [Some(Moment::Query), None]),
    ("answer", [Some(Moment::Answer), None]),
    ("head", [None, Some(Moment::Answer)]),
    ("body", [None, Some(Moment::Answer)]),
];

/// MySQL's error 1105 in a packet.
const SICK_HOST: &[u8] = b"\xff\x51\x04#HY000This host is sick";

impl Fault {
    /// The fault as this kind has it, if it can.
    pub fn parse(text: &str, kind: Kind) -> Result<Option<Self>> {
        let named = NAMES.iter().find(|(name, _)| *name == text);
        let Some(text) = named.map_or(Some(text), |(_, texts)| texts[kind as usize]) else { return Ok(None) };
        let (before, mut rest) = text.split_once(':').context("not a name of a fault and not BEFORE:STEP")?;
        let moments = MOMENTS.iter().find(|(name, _)| *name == before);
        let (_, moments) = moments.with_context(|| {
            format!("`{before}` is not accept, greeting, login, query, answer, head or body")
        })?;
        let mut steps = Vec::new();
        loop {
            steps.push(step(&mut rest, kind)?);
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break ensure!(rest.is_empty(), "`{rest}` after a step"),
            }
        }
        ensure!(!steps.contains(&Step::Refuse) || before == "accept", "only accept: can refuse");
        let goes_on = |step: &Step| match step {
            Step::Wait(time) => *time < Duration::MAX,
            step => matches!(step, Step::Slow | Step::Drip(_) | Step::Read),
        };
        if steps.iter().all(goes_on) {
            steps.push(Step::Part(Part::Whole));
        }
        if before == "body" {
            steps.insert(0, Step::Part(Part::Columns));
        }
        let has_packets = steps.iter().any(|step| matches!(step, Step::Packet(_) | Step::Read));
        let before = moments[kind as usize].filter(|_| kind == Kind::Host || !has_packets);
        Ok(before.map(|before| Self { before, steps }))
    }

    pub fn refuses(&self) -> bool {
        self.steps.contains(&Step::Refuse)
    }
}

/// Takes a step from the front of the text.
fn step(rest: &mut &str, kind: Kind) -> Result<Step> {
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
        ("status", _) if kind == Kind::Host => Step::Packet(SICK_HOST.to_vec()),
        ("status", has_code) => {
            let status: StatusCode =
                if has_code { text()? } else { "500" }.parse().context("status(CODE)")?;
            Step::Bytes(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into())
        }
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

/// Takes `(TEXT)` or `(TEXT)*K` from the front of the text, if it is there: TEXT's bytes, K times. In TEXT `\r`, `\n`,
/// `\t`, `\0` and `\xHH` are bytes, and another character after `\` stands for itself.
fn argument(rest: &mut &str) -> Result<Option<Vec<u8>>> {
    let Some(text) = rest.strip_prefix('(') else { return Ok(None) };
    let (mut bytes, mut chars) = (Vec::new(), text.chars());
    loop {
        let c = match chars.next().context("a `(` without its `)`")? {
            ')' => break,
            '\\' => match chars.next().context("a `\\` at the end")? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'x' => {
                    let digits = chars.as_str().get(..2).context("\\x takes two digits")?;
                    bytes.push(u8::from_str_radix(digits, 16).context("\\x takes two digits")?);
                    chars = chars.as_str()[2..].chars();
                    continue;
                }
                other => other,
            },
            other => other,
        };
        bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
    }
    *rest = chars.as_str();
    if let Some(times) = rest.strip_prefix('*') {
        let length = times.find(|c: char| !c.is_ascii_digit()).unwrap_or(times.len());
        let (times, after) = times.split_at(length);
        let times: usize = times.parse().context("*K repeats K times")?;
        ensure!(bytes.len().saturating_mul(times) <= 1 << 30, "more than a GiB");
        (bytes, *rest) = (bytes.repeat(times), after);
    }
    Ok(Some(bytes))
}

/// `FAULT=N`: N hosts, N days or both misbehave in this way.
#[derive(Clone)]
pub struct Share {
    faults: [Option<Arc<Fault>>; 2],
    count: u16,
}

impl FromStr for Share {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (fault, count) = text.rsplit_once('=').context("not FAULT=N")?;
        let count = count.parse().with_context(|| format!("`{count}` is no number of them"))?;
        let faults = [Fault::parse(fault, Kind::Host)?, Fault::parse(fault, Kind::Page)?];
        ensure!(faults != [None, None], "neither hosts nor days can have it");
        Ok(Self { faults: faults.map(|fault| fault.map(Arc::new)), count })
    }
}

/// Hosts or days.
pub struct Places {
    /// How each is sick, if it is.
    pub faults: Vec<Option<Arc<Fault>>>,
    /// How many are healthy, where some are sick.
    healthy: Option<u64>,
}

impl Places {
    /// Spreads the faults over the places: at even distances, mixed evenly, the same for the same arguments. There are
    /// as many places as `flag` of the command line asks for; without it `usual` ones, or more where more are sick.
    pub fn new(shares: &[Share], kind: Kind, flag: &str, asked: Option<u16>, usual: u16) -> Result<Self> {
        let shares =
            shares.iter().filter_map(|share| Some((share.faults[kind as usize].as_ref()?, share.count)));
        let total: usize = shares.clone().map(|(_, count)| usize::from(count)).sum();
        let slots = asked.map_or(total.max(usual.into()), usize::from);
        ensure!(total <= slots, "--sick asks for {total} sick ones, {flag} is {slots}");
        let spread = |(fault, count): (_, u16)| {
            (0..count).map(move |number| ((f64::from(number) + 0.5) / f64::from(count), Arc::clone(fault)))
        };
        let mut mixed: Vec<(f64, Arc<Fault>)> = shares.flat_map(spread).collect();
        mixed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut faults = vec![None; slots];
        let healthy = (total > 0).then_some((slots - total) as u64);
        for (sick, (_, fault)) in mixed.into_iter().enumerate() {
            faults[(2 * sick + 1) * slots / (2 * total)] = Some(fault);
        }
        Ok(Self { faults, healthy })
    }

    /// The fault of a place; of a healthy place among sick ones, how many are healthy.
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
            ("end:hang", "`end` is not accept, greeting, login, query, answer, head or body"),
            ("query:faint", "`faint` is no step"),
            ("query:hang()", "`hang` is no step"),
            ("query:hang;close", "`;close` after a step"),
            ("query:bytes(a", "a `(` without its `)`"),
            ("query:bytes(\\xg0)", "\\x takes two digits"),
            ("query:bytes(a)*b", "*K repeats K times"),
            ("query:wait(-1)", "wait(SECONDS)"),
            ("query:refuse", "only accept: can refuse"),
            ("head:packet()", "neither hosts nor days can have it"),
        ] {
            let error = format!("{text}=1").parse::<Share>().err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.starts_with(message)), "{text}: {error:?}");
        }
        assert!(NAMES.iter().all(|(name, _)| format!("{name}=2").parse::<Share>().is_ok()));
    }

    #[test]
    fn spreads_evenly() {
        let places = |counts: &[usize], slots| {
            let texts =
                ["hang", "slow", "close"].iter().zip(counts).map(|(name, count)| format!("{name}={count}"));
            let shares: Vec<Share> = texts.map(|text| text.parse().unwrap()).collect();
            let dealt = Places::new(&shares, Kind::Host, "--hosts", None, slots).unwrap().faults;
            let sick = |share: &Share| (0..dealt.len()).filter(|&i| dealt[i] == share.faults[0]).collect();
            shares.iter().map(sick).collect::<Vec<Vec<_>>>()
        };
        assert_eq!(places(&[1], 100), [[50]]);
        assert_eq!(places(&[5], 500), [[50, 150, 250, 350, 450]]);
        assert_eq!(places(&[1, 4], 5), [vec![2], vec![0, 1, 3, 4]]);
        assert_eq!(places(&[7, 33, 1], 1).iter().map(Vec::len).collect::<Vec<_>>(), [7, 33, 1]);
    }
}
