//! The lab's `--trace FILE`: when each item began and ended, for the timelines.

use serde::{Deserialize, Serialize};

/// One line of that CSV file, whose older forms have another column. Times are seconds of the system's clock; in older
/// results, seconds since the first connection. Only the time between them counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The host's address, the page's name, or the date.
    pub item: String,
    /// When its connection was accepted.
    pub accepted_s: f64,
    /// When its request was read.
    pub begin_s: f64,
    /// When its answer was handed to the network, or its client was gone.
    pub end_s: f64,
    /// When its connection was closed; in older results unknown.
    #[serde(default)]
    pub closed_s: Option<f64>,
}

/// How many of these items were in flight, on average from the first request to the last answer.
pub fn mean_in_flight(items: &[Item]) -> Option<f64> {
    let first = items.iter().map(|item| item.begin_s).reduce(f64::min)?;
    let last = items.iter().map(|item| item.end_s).reduce(f64::max)?;
    let waited: f64 = items.iter().map(|item| item.end_s - item.begin_s).sum();
    (last > first).then(|| waited / (last - first))
}

/// How long the connection of an item stays open after its answer, on average, in seconds.
pub fn mean_open_s(items: &[Item]) -> Option<f64> {
    let open: Vec<f64> = items.iter().filter_map(|item| Some(item.closed_s? - item.end_s)).collect();
    (!open.is_empty()).then(|| open.iter().sum::<f64>() / open.len() as f64)
}

/// How long 99 % of the items, or more, have an open connection while it is the client's turn, in seconds: where a task
/// blocks the thread, the others' answers lie unread.
pub fn client_delay_s(items: &[Item]) -> Option<f64> {
    let delay = |item: &Item| Some(item.closed_s? - item.accepted_s - (item.end_s - item.begin_s));
    let mut delays: Vec<f64> = items.iter().filter_map(delay).collect();
    delays.sort_by(f64::total_cmp);
    delays.get((delays.len() * 99).div_ceil(100).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_over_items() {
        let item = |begin_s, end_s| Item {
            item: String::new(),
            accepted_s: begin_s,
            begin_s,
            end_s,
            closed_s: Some(end_s + 0.5),
        };
        assert_eq!(mean_in_flight(&[item(1.0, 2.0), item(1.0, 5.0), item(2.0, 5.0)]), Some(2.0));
        let blocked = Item { closed_s: Some(7.0), ..item(1.0, 2.0) };
        let of_100 = |late: usize| [vec![blocked.clone(); late], vec![item(1.0, 2.0); 100 - late]].concat();
        assert_eq!([2, 1].map(|late| client_delay_s(&of_100(late))), [Some(5.0), Some(0.5)]);
        assert_eq!(client_delay_s(&[]), None);
        assert_eq!((mean_in_flight(&[]), mean_in_flight(&[item(1.0, 1.0)])), (None, None));
        assert_eq!((mean_open_s(&[item(1.0, 2.0), item(3.0, 5.0)]), mean_open_s(&[])), (Some(0.5), None));
    }
}
