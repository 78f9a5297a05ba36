//! Hosts and days that misbehave, so that failure can be tested.

use std::str::FromStr;

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;

/// How a host or a day misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A host's port does not listen; a day's connection is closed without an answer.
    Refuse,
    /// Never answers: a host does not even greet.
    Hang,
    /// A MySQL error in answer to the query; status 500.
    Error,
    /// Closes half-way in the answer.
    Close,
    /// Answers after ten times the latency.
    Slow,
    /// Days only: the Content-Length says more than is sent.
    Length,
    /// Days only: the answer is not JSON.
    NotJson,
    /// Days only: a departure lacks its price.
    NoPrice,
    /// Days only: the client is sent to another day.
    Redirect,
}

/// A slow one takes so many times as long.
pub const SLOWNESS: u32 = 10;

impl Kind {
    /// Whether MySQL hosts can misbehave so.
    pub fn of_hosts(self) -> bool {
        !matches!(self, Self::Length | Self::NotJson | Self::NoPrice | Self::Redirect)
    }
}

/// `KIND=COUNT`: so many misbehave in this way.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    kind: Kind,
    count: usize,
}

impl FromStr for Share {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (kind, count) = text.split_once('=').context("not KIND=COUNT")?;
        Ok(Self {
            kind: Kind::from_str(kind, false).map_err(|_| anyhow!("no such kind"))?,
            count: count.parse().with_context(|| format!("`{count}` is no count"))?,
        })
    }
}

/// Deals the sick ones, of the kinds that `applies` to, out over `slots` places (named `places`
/// in the error): at even distances, the kinds mixed evenly, the same for the same arguments.
/// Fails when there are more of them than places.
pub fn spread(
    shares: &[Share],
    applies: fn(Kind) -> bool,
    slots: u16,
    places: &str,
) -> Result<Vec<Option<Kind>>> {
    let slots = usize::from(slots);
    let shares: Vec<_> = shares.iter().filter(|share| applies(share.kind)).collect();
    let total = shares.iter().fold(0_usize, |sum, share| sum.saturating_add(share.count));
    ensure!(total <= slots, "--sick asks for {total} sick ones, {places} is {slots}");

    let mut dealt = vec![0; shares.len()];
    let mut kinds = vec![None; slots];
    for sick in 0..total {
        // The kind that is furthest behind its share: with the least (dealt + 1/2) ÷ count.
        let behind = (0..shares.len()).filter(|&i| dealt[i] < shares[i].count).min_by(|&i, &j| {
            ((2 * dealt[i] + 1) * shares[j].count).cmp(&((2 * dealt[j] + 1) * shares[i].count))
        });
        if let Some(i) = behind {
            dealt[i] += 1;
            kinds[(2 * sick + 1) * slots / (2 * total)] = Some(shares[i].kind);
        }
    }
    Ok(kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(texts: &[&str]) -> Vec<Share> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn places(kinds: &[Option<Kind>], kind: Kind) -> Vec<usize> {
        (0..kinds.len()).filter(|&i| kinds[i] == Some(kind)).collect()
    }

    #[test]
    fn spreads_evenly() {
        let kinds = spread(&shares(&["hang=5"]), Kind::of_hosts, 500, "--hosts").unwrap();
        assert_eq!(places(&kinds, Kind::Hang), [50, 150, 250, 350, 450]);
        let kinds = spread(&shares(&["slow=2", "error=1", "slow=2"]), Kind::of_hosts, 5, "--hosts").unwrap();
        assert_eq!(places(&kinds, Kind::Slow).len(), 4);
        assert_eq!(places(&kinds, Kind::Error), [2]);
        let kinds = spread(&shares(&["refuse=7", "close=33"]), Kind::of_hosts, 41, "--hosts").unwrap();
        assert_eq!(places(&kinds, Kind::Refuse).len(), 7);
        assert_eq!(places(&kinds, Kind::Close).len(), 33);
    }

    #[test]
    fn hosts_have_no_json() {
        let shares = shares(&["not-json=2", "refuse=1"]);
        let kinds = spread(&shares, Kind::of_hosts, 1, "--hosts").unwrap();
        assert_eq!(kinds, [Some(Kind::Refuse)]);
        assert!(spread(&shares, |_| true, 2, "--days").is_err());
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in
            [("hang", "not KIND=COUNT"), ("ill=1", "no such kind"), ("hang=-1", "`-1` is no count")]
        {
            assert_eq!(text.parse::<Share>().unwrap_err().to_string(), message);
        }
        let error = spread(&shares(&["hang=3"]), Kind::of_hosts, 2, "--hosts").unwrap_err();
        assert_eq!(error.to_string(), "--sick asks for 3 sick ones, --hosts is 2");
    }
}
