//! Hosts, days and pages that misbehave: `--sick FAULT=N`, and `fault=FAULT` in the query of a page.
//!
//! FAULT is a short name of [`NAMES`] or `BEFORE:STEP[,STEP…]`. BEFORE says what the client gets last as from a healthy
//! server (see [`Moment`]), the steps say what it gets from then on (see [`Step`]). After them the connection continues.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Short names, as hosts and as days and pages understand them.
const NAMES: [(&str, Option<&str>, &str); 11] = [
    ("refuse", Some("accept:refuse"), "accept:refuse"),
    ("hang", Some("accept:hang"), "accept:hang"),
    ("error", Some("answer:status"), "head:status"),
    ("close", Some("answer:half,close"), "body:half,close"),
    ("slow", Some("query:slow"), "accept:slow"),
    ("404", None, "head:status(404)"),
    ("500", None, "head:status(500)"),
    (
        "redirect",
        None,
        r"head:bytes(HTTP/1.1 302 Found\r\nlocation: /page/elsewhere\r\ncontent-length: 0\r\n\r\n)",
    ),
    ("not-json", None, "body:bytes(<!doctype html>)"),
    ("no-price", None, r#"body:bytes({"departures":[{"departs":"06:10"}]})"#),
    (
        "length",
        None,
        r#"head:bytes(HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"departures":[{"price":9}]}),close"#,
    ),
];

/// Where in the dialogue a fault begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A host's connection is there, and nothing was sent; the request of a day or a page is read, and did not wait yet.
    Accept,
    /// Instead of a host's greeting.
    Greeting,
    /// Instead of the first answer to the login.
    Login,
    /// The query is read, and did not sleep yet.
    Query,
    /// Instead of the rows.
    Answer,
    /// Instead of the response.
    Head,
    /// After the head, instead of the body.
    Body,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A host's port does not listen; anything else closes its connection.
    Refuse,
    Hang,
    Close,
    /// Closes the connection with a RST.
    Reset,
    Wait(Duration),
    /// Waits ten times the item's delay.
    Slow,
    /// What follows is sent a byte at a time, with this pause before each.
    Drip(Duration),
    /// An error of MySQL, or this status of HTTP.
    Status(u16),
    Part(Part),
    Bytes(Vec<u8>),
    /// A packet of MySQL with the right sequence number.
    Packet(Vec<u8>),
    /// Waits for the client's next packet.
    Read,
}

/// What is sent of the answer that a healthy server would give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// Up to the first row.
    Columns,
    /// All but the last packet.
    Rows,
    Half,
    Whole,
}

/// How a host, a day or a page misbehaves.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub before: Moment,
    pub steps: Vec<Step>,
}

impl Fault {
    /// The fault as hosts have it, if they can.
    pub fn of_host(text: &str) -> Result<Option<Self>> {
        let mut fault = match NAMES.iter().find(|(name, ..)| *name == text) {
            Some((_, None, _)) => return Ok(None),
            Some((_, Some(fault), _)) => Self::parse(fault)?,
            None => Self::parse(text)?,
        };
        if fault.before == Moment::Accept {
            fault.before = Moment::Greeting; // a host says nothing before
        }
        Ok(Some(fault).filter(|fault| !matches!(fault.before, Moment::Head | Moment::Body)))
    }

    /// The fault as days and pages have it, if they can.
    pub fn of_page(text: &str) -> Result<Option<Self>> {
        let named = NAMES.iter().find(|(name, ..)| *name == text);
        let fault = Self::parse(named.map_or(text, |(_, _, page)| *page))?;
        let ours = matches!(fault.before, Moment::Accept | Moment::Head | Moment::Body);
        Ok(Some(fault).filter(|_| ours))
    }

    fn parse(text: &str) -> Result<Self> {
        let (before, mut rest) = text.split_once(':').context("not a name of a fault and not BEFORE:STEP")?;
        let before = match before {
            "accept" => Moment::Accept,
            "greeting" => Moment::Greeting,
            "login" => Moment::Login,
            "query" => Moment::Query,
            "answer" => Moment::Answer,
            "head" => Moment::Head,
            "body" => Moment::Body,
            _ => bail!("`{before}` is not accept, greeting, login, query, answer, head or body"),
        };
        let mut steps = Vec::new();
        loop {
            steps.push(step(&mut rest)?);
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break ensure!(rest.is_empty(), "`{rest}` after a step"),
            }
        }
        let refuses = steps.contains(&Step::Refuse);
        ensure!(!refuses || before == Moment::Accept, "only accept: can refuse");
        let in_packets = |step: &Step| {
            matches!(step, Step::Packet(_) | Step::Read | Step::Part(Part::Columns | Part::Rows))
        };
        let is_http = matches!(before, Moment::Head | Moment::Body);
        ensure!(!is_http || !steps.iter().any(in_packets), "pages and days have no packets, columns or rows");
        let mut fault = Self { before, steps };
        let ends = |step: &Step| matches!(step, Step::Refuse | Step::Hang | Step::Close | Step::Reset);
        if !fault.sends() && !fault.steps.iter().any(ends) {
            fault.steps.push(Step::Part(Part::Whole));
        }
        Ok(fault)
    }

    /// Whether the client gets anything.
    pub fn sends(&self) -> bool {
        let sends =
            |step: &Step| matches!(step, Step::Status(_) | Step::Part(_) | Step::Bytes(_) | Step::Packet(_));
        self.steps.iter().any(sends)
    }

    /// Whether the client gets all of the answer.
    pub fn answers(&self) -> bool {
        self.steps.contains(&Step::Part(Part::Whole))
    }

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
        ("hang", false) => Step::Hang,
        ("close", false) => Step::Close,
        ("reset", false) => Step::Reset,
        ("wait", true) => Step::Wait(seconds().context("wait(SECONDS)")?),
        ("slow", false) => Step::Slow,
        ("drip", false) => Step::Drip(Duration::from_millis(300)),
        ("drip", true) => Step::Drip(seconds().context("drip(SECONDS)")?),
        ("status", false) => Step::Status(500),
        ("status", true) => Step::Status(text()?.parse().context("status(NUMBER)")?),
        ("columns", false) => Step::Part(Part::Columns),
        ("rows", false) => Step::Part(Part::Rows),
        ("half", false) => Step::Part(Part::Half),
        ("whole", false) => Step::Part(Part::Whole),
        ("bytes", true) => Step::Bytes(argument.unwrap_or_default()),
        ("packet", true) => Step::Packet(argument.unwrap_or_default()),
        ("read", false) => Step::Read,
        _ => bail!(
            "`{name}` is no step: refuse, hang, close, reset, wait(SECONDS), slow, drip, drip(SECONDS), status, \
             status(NUMBER), columns, rows, half, whole, bytes(TEXT), packet(TEXT) or read"
        ),
    })
}

/// Takes `(TEXT)` or `(TEXT)*K` from the front of the text, if it is there: TEXT's bytes, K times.
fn argument(rest: &mut &str) -> Result<Option<Vec<u8>>> {
    let Some(text) = rest.strip_prefix('(') else { return Ok(None) };
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    loop {
        match chars.next().context("a `(` without its `)`")? {
            ')' => break,
            '\\' => match chars.next().context("a `\\` at the end")? {
                'n' => bytes.push(b'\n'),
                'r' => bytes.push(b'\r'),
                't' => bytes.push(b'\t'),
                '0' => bytes.push(0),
                'x' => {
                    let digits = chars.as_str().get(..2).context("\\x takes two digits")?;
                    bytes.push(u8::from_str_radix(digits, 16).context("\\x takes two digits")?);
                    chars = chars.as_str()[2..].chars();
                }
                other => bytes.extend(other.encode_utf8(&mut [0; 4]).bytes()),
            },
            other => bytes.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
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
#[derive(Clone, Debug)]
pub struct Share {
    pub host: Option<Arc<Fault>>,
    pub day: Option<Arc<Fault>>,
    pub count: usize,
}

impl std::str::FromStr for Share {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (fault, count) = text.rsplit_once('=').context("not FAULT=N")?;
        let count = count.parse().with_context(|| format!("`{count}` is no number"))?;
        let (host, day) = (Fault::of_host(fault)?.map(Arc::new), Fault::of_page(fault)?.map(Arc::new));
        Ok(Self { host, day, count })
    }
}

/// Deals faults out over `slots` places (named `places` in the error): at even distances, mixed evenly, the same for the
/// same arguments. Fails when there are more of them than places.
pub fn spread<'a>(
    shares: impl IntoIterator<Item = (&'a Option<Arc<Fault>>, usize)>,
    slots: u16,
    places: &str,
) -> Result<Vec<Option<Arc<Fault>>>> {
    let slots = usize::from(slots);
    let shares = shares.into_iter().filter_map(|(fault, count)| Some((fault.as_ref()?, count)));
    let shares: Vec<_> = shares.collect();
    let total = shares.iter().fold(0_usize, |sum, (_, count)| sum.saturating_add(*count));
    ensure!(total <= slots, "--sick asks for {total} sick ones, {places} is {slots}");
    let mut dealt = vec![0; shares.len()];
    let mut faults = vec![None; slots];
    for sick in 0..total {
        // The fault that is furthest behind its share: with the lowest (dealt + 1/2) ÷ count.
        let behind = (0..shares.len())
            .filter(|&i| dealt[i] < shares[i].1)
            .min_by(|&i, &j| ((2 * dealt[i] + 1) * shares[j].1).cmp(&((2 * dealt[j] + 1) * shares[i].1)));
        if let Some(i) = behind {
            dealt[i] += 1;
            faults[(2 * sick + 1) * slots / (2 * total)] = Some(Arc::clone(shares[i].0));
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_faults() {
        let bytes = |text: &[u8]| Step::Bytes(text.to_vec());
        let whole = Step::Part(Part::Whole);
        for (text, before, steps) in [
            ("query:packet()", Moment::Query, vec![Step::Packet(vec![])]),
            (
                "answer:columns,packet(\\xff\\0a),reset",
                Moment::Answer,
                vec![Step::Part(Part::Columns), Step::Packet(b"\xff\0a".to_vec()), Step::Reset],
            ),
            (
                "head:bytes(a=\\)\\\\,\\r\\nä),bytes(ab)*3",
                Moment::Head,
                vec![bytes("a=)\\,\r\nä".as_bytes()), bytes(b"ababab")],
            ),
            ("login:drip(0.5)", Moment::Login, vec![Step::Drip(Duration::from_millis(500)), whole.clone()]),
            ("accept:wait(1)", Moment::Accept, vec![Step::Wait(Duration::from_secs(1)), whole]),
            ("greeting:hang", Moment::Greeting, vec![Step::Hang]),
        ] {
            assert_eq!(Fault::parse(text).unwrap(), Fault { before, steps }, "{text}");
        }
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
            ("head:packet()", "pages and days have no packets, columns or rows"),
        ] {
            let error = Fault::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
        for (name, ..) in NAMES {
            name_is_understood(name);
        }
    }

    fn name_is_understood(name: &str) {
        let share: Share = format!("{name}=2").parse().unwrap();
        assert!(share.day.is_some() && share.count == 2, "{name}");
    }

    #[test]
    fn spreads_evenly() {
        let places = |counts: &[usize], slots| {
            let faults = ["hang", "slow", "close"].map(|name| Fault::of_host(name).unwrap().map(Arc::new));
            let dealt = spread(faults.iter().zip(counts.iter().copied()), slots, "--hosts").unwrap();
            faults[..counts.len()]
                .iter()
                .map(|fault| (0..dealt.len()).filter(|&i| dealt[i] == *fault).collect())
                .collect::<Vec<Vec<_>>>()
        };
        assert_eq!(places(&[1], 100), [[50]]);
        assert_eq!(places(&[5], 500), [[50, 150, 250, 350, 450]]);
        assert_eq!(places(&[1, 4], 5), [vec![2], vec![0, 1, 3, 4]]);
        let mixed = places(&[7, 33, 1], 41);
        assert_eq!(mixed.iter().map(Vec::len).collect::<Vec<_>>(), [7, 33, 1]);
        let fault = Fault::of_host("hang").unwrap().map(Arc::new);
        let error = spread([(&fault, 3), (&None, 9)], 2, "--hosts").unwrap_err();
        assert_eq!(error.to_string(), "--sick asks for 3 sick ones, --hosts is 2");
    }
}
